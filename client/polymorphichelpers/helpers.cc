// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/polymorphichelpers/helpers.go (v0.20.2)
#include "client/polymorphichelpers/helpers.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fairway::polymorphichelpers {
namespace {

// A requirement's key, and its text.
using Requirements = std::vector<std::pair<std::string, std::string>>;

void AddLabels(const std::map<std::string, std::string>& labels,
               Requirements* requirements) {
  for (const auto& [key, value] : labels) {
    requirements->emplace_back(key, absl::StrCat(key, "=", value));
  }
}

absl::StatusOr<std::string> RequirementString(
    const api::LabelSelectorRequirement& expression) {
  if (expression.op == "In" || expression.op == "NotIn") {
    if (expression.values.empty()) {
      return absl::InvalidArgumentError(
          "for 'in', 'notin' operators, values set can't be empty");
    }
    std::vector<std::string> values = expression.values;
    std::sort(values.begin(), values.end());
    return absl::StrCat(expression.key,
                        expression.op == "In" ? " in (" : " notin (",
                        absl::StrJoin(values, ","), ")");
  }
  if (expression.op != "Exists" && expression.op != "DoesNotExist") {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", expression.op, "\" is not a valid pod selector operator"));
  }
  if (!expression.values.empty()) {
    return absl::InvalidArgumentError(
        "values set must be empty for exists and does not exist");
  }
  return absl::StrCat(expression.op == "Exists" ? "" : "!", expression.key);
}

std::string SelectorString(Requirements requirements) {
  std::stable_sort(
      requirements.begin(), requirements.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  return absl::StrJoin(requirements, ",",
                       [](std::string* out, const auto& requirement) {
                         absl::StrAppend(out, requirement.second);
                       });
}

absl::Status InvalidSelector(absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("invalid label selector: ", why));
}

}  // namespace

absl::StatusOr<std::string> SelectorsForObject(const api::Service& service) {
  if (service.selector.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid service '", service.metadata.name,
                     "': Service is defined without a selector"));
  }
  Requirements requirements;
  AddLabels(service.selector, &requirements);
  return SelectorString(std::move(requirements));
}

absl::StatusOr<std::string> SelectorsForObject(const api::Workload& workload) {
  if (!workload.selector.has_value()) {
    return InvalidSelector(absl::StrCat("'", workload.metadata.name,
                                        "' is defined without a selector"));
  }
  Requirements requirements;
  AddLabels(workload.selector->match_labels, &requirements);
  for (const auto& expression : workload.selector->match_expressions) {
    absl::StatusOr<std::string> text = RequirementString(expression);
    if (!text.ok()) return InvalidSelector(text.status().message());
    requirements.emplace_back(expression.key, *std::move(text));
  }
  return SelectorString(std::move(requirements));
}

absl::Status SelectorNotImplemented(absl::string_view kind) {
  return absl::UnimplementedError(
      absl::StrCat("selector for *v1.", kind, " not implemented"));
}

absl::Status CannotAttach(absl::string_view kind, const absl::Status& cause) {
  return absl::Status(cause.code(), absl::StrCat("cannot attach to *v1.", kind,
                                                 ": ", cause.message()));
}

}  // namespace fairway::polymorphichelpers
