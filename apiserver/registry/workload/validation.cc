// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/apis/{apps,batch}/validation/validation.go (v1.20.2)
#include "apiserver/registry/workload/validation.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "api/json.h"
#include "apiserver/registry/core/pod/pod_spec.h"
#include "apiserver/registry/rest/selector.h"

namespace fairway::apiserver::registry::workload {
namespace {

using validation::ErrorList;

constexpr char kSelector[] = "spec.selector";
constexpr char kTemplateLabels[] = "spec.template.metadata.labels";

// Of any kind; each has some of them.
const char* const kNonnegative[] = {"replicas",
                                    "parallelism",
                                    "completions",
                                    "activeDeadlineSeconds",
                                    "backoffLimit",
                                    "minReadySeconds",
                                    "revisionHistoryLimit",
                                    "progressDeadlineSeconds",
                                    "ttlSecondsAfterFinished"};

const Json& OrEmpty(const Json* value) {
  static const auto* const kEmpty = new Json(Json::object());
  return value == nullptr ? *kEmpty : *value;
}

// A value as Go's %#v shows it, which is what upstream's errors hold.
std::string GoString(const Json& value) { return api::DumpJson(value); }

std::string GoStringMap(const Json* map) {
  if (map == nullptr) return "map[string]string(nil)";
  std::vector<std::string> pairs;
  for (const auto& [key, value] : map->items()) {
    pairs.push_back(absl::StrCat(GoString(key), ":", GoString(value)));
  }
  return absl::StrCat("map[string]string{", absl::StrJoin(pairs, ", "), "}");
}

std::string GoStringList(const Json* list) {
  if (list == nullptr) return "[]string(nil)";
  std::vector<std::string> texts;
  for (const Json& value : *list) texts.push_back(GoString(value));
  return absl::StrCat("[]string{", absl::StrJoin(texts, ", "), "}");
}

std::string GoLabelSelector(const Json& selector) {
  std::string expressions = "[]v1.LabelSelectorRequirement(nil)";
  if (At(selector, {"matchExpressions"}) != nullptr) {
    std::vector<std::string> texts;
    for (const Json& one : ArrayAt(selector, {"matchExpressions"})) {
      texts.push_back(absl::StrCat(
          "v1.LabelSelectorRequirement{Key:", GoString(StringAt(one, {"key"})),
          ", Operator:", GoString(StringAt(one, {"operator"})),
          ", Values:", GoStringList(At(one, {"values"})), "}"));
    }
    expressions = absl::StrCat("[]v1.LabelSelectorRequirement{",
                               absl::StrJoin(texts, ", "), "}");
  }
  return absl::StrCat("v1.LabelSelector{MatchLabels:",
                      GoStringMap(At(selector, {"matchLabels"})),
                      ", MatchExpressions:", expressions, "}");
}

validation::FieldError InvalidGo(std::string field, const std::string& shown,
                                 absl::string_view detail) {
  return {std::move(field), "FieldValueInvalid",
          absl::StrCat("Invalid value: ", shown, ": ", detail)};
}

// Mirrors: ValidateLabelSelector.
void CheckLabelSelector(const Json& selector, ErrorList* errors) {
  validation::ValidateLabels(At(selector, {"matchLabels"}),
                             "spec.selector.matchLabels", errors);
  const Json& expressions = ArrayAt(selector, {"matchExpressions"});
  for (size_t i = 0; i < expressions.size(); ++i) {
    const std::string path =
        absl::StrCat("spec.selector.matchExpressions[", i, "]");
    const std::string op = StringAt(expressions[i], {"operator"});
    const bool values = !ArrayAt(expressions[i], {"values"}).empty();
    if (op == "In" || op == "NotIn") {
      if (!values) {
        errors->push_back(validation::Required(
            path + ".values",
            "must be specified when `operator` is 'In' or 'NotIn'"));
      }
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (values) {
        errors->push_back(validation::Forbidden(
            path + ".values",
            "may not be specified when `operator` is 'Exists' or "
            "'DoesNotExist'"));
      }
    } else {
      errors->push_back(validation::Invalid(path + ".operator", op,
                                            "not a valid selector operator"));
    }
    const std::string key = StringAt(expressions[i], {"key"});
    for (const std::string& fault : validation::IsQualifiedName(key)) {
      errors->push_back(validation::Invalid(path + ".key", key, fault));
    }
  }
}

bool IsEmptySelector(const Json& selector) {
  return OrEmpty(At(selector, {"matchLabels"})).empty() &&
         ArrayAt(selector, {"matchExpressions"}).empty();
}

// The requirements of the selector; an error stands for what matches nothing.
absl::StatusOr<rest::Requirements> SelectorOf(const WorkloadKind& kind,
                                              const Json& object) {
  const Json* selector = At(object, {"spec", "selector"});
  if (kind.selector == SelectorForm::kMap) {
    Json labels;
    labels["matchLabels"] = OrEmpty(selector);
    return rest::LabelSelectorAsSelector(labels);
  }
  if (selector == nullptr) return absl::NotFoundError("no selector");
  return rest::LabelSelectorAsSelector(*selector);
}

void CheckSelector(const WorkloadKind& kind, const Json& object,
                   ErrorList* errors) {
  const Json* selector = At(object, {"spec", "selector"});
  if (kind.selector == SelectorForm::kMap) {
    if (OrEmpty(selector).empty()) {
      errors->push_back(validation::Required(kSelector, ""));
    }
    return;
  }
  if (selector == nullptr) {
    errors->push_back(validation::Required(kSelector, ""));
    return;
  }
  CheckLabelSelector(*selector, errors);
  if (IsEmptySelector(*selector) && !kind.empty_selector.empty()) {
    errors->push_back(InvalidGo(
        kSelector, GoLabelSelector(*selector),
        absl::StrCat("empty selector is invalid for ", kind.empty_selector)));
  }
}

// Mirrors: ValidatePodTemplateSpecForReplicaSet and its like.
void CheckTemplate(const WorkloadKind& kind, const Json& object,
                   ErrorList* errors) {
  const Json& pod = OrEmpty(At(object, {"spec", "template"}));
  const absl::StatusOr<rest::Requirements> selector = SelectorOf(kind, object);
  if (selector.ok() && !rest::MatchesLabels(*selector, pod)) {
    errors->push_back(InvalidGo(kTemplateLabels,
                                GoStringMap(At(pod, {"metadata", "labels"})),
                                "`selector` does not match template `labels`"));
  }
  validation::ValidateLabels(At(pod, {"metadata", "labels"}),
                             "spec.template.labels", errors);
  pod::ValidatePodSpec(OrEmpty(At(pod, {"spec"})), "spec.template.spec",
                       errors);
  validation::CheckOneOf("spec.template.spec.restartPolicy",
                         StringAt(pod, {"spec", "restartPolicy"}),
                         kind.restart_policies, errors);
  if (!kind.pod_owner.empty() &&
      At(pod, {"spec", "activeDeadlineSeconds"}) != nullptr) {
    errors->push_back(validation::Forbidden(
        "spec.template.spec.activeDeadlineSeconds",
        absl::StrCat("activeDeadlineSeconds in ", kind.pod_owner,
                     " is not Supported")));
  }
}

// Mirrors: ValidateDeploymentStrategy and its like.
void CheckStrategy(const WorkloadKind& kind, const Json& object,
                   ErrorList* errors) {
  if (kind.strategy_field.empty()) return;
  const Json& strategy =
      OrEmpty(At(object, {"spec", kind.strategy_field.c_str()}));
  const std::string path = "spec." + kind.strategy_field;
  const std::string type = StringAt(strategy, {"type"});
  validation::CheckOneOf(path + ".type", type, kind.strategy_types, errors);
  if (type == "Recreate" && At(strategy, {"rollingUpdate"}) != nullptr) {
    errors->push_back(validation::Forbidden(
        path + ".rollingUpdate",
        "may not be specified when strategy `type` is 'Recreate'"));
  }
}

}  // namespace

void ValidateSpec(const WorkloadKind& kind, const Json& object,
                  ErrorList* errors) {
  for (const char* field : kNonnegative) {
    const int64_t value = IntAt(object, {"spec", field}).value_or(0);
    if (value >= 0) continue;
    errors->push_back(validation::Invalid(absl::StrCat("spec.", field), value,
                                          "must be greater than or equal to "
                                          "0"));
  }
  CheckSelector(kind, object, errors);
  CheckTemplate(kind, object, errors);
  CheckStrategy(kind, object, errors);
}

void ValidateGeneratedSelector(const Json& job, ErrorList* errors) {
  if (BoolAt(job, {"spec", "manualSelector"})) return;
  const Json* labels = At(job, {"spec", "template", "metadata", "labels"});
  Json expected;
  expected["metadata"]["labels"] = {
      {"controller-uid", StringAt(job, {"metadata", "uid"})},
      {"job-name", StringAt(job, {"metadata", "name"})}};
  for (const char* key : {"controller-uid", "job-name"}) {
    const std::string want = StringAt(expected, {"metadata", "labels", key});
    const std::string field = absl::StrCat(kTemplateLabels, "[", key, "]");
    if (StringAt(OrEmpty(labels), {key}) != want) {
      errors->push_back(InvalidGo(field, GoStringMap(labels),
                                  absl::StrCat("must be '", want, "'")));
    }
  }
  const Json& selector = OrEmpty(At(job, {"spec", "selector"}));
  const absl::StatusOr<rest::Requirements> parsed =
      rest::LabelSelectorAsSelector(selector);
  if (parsed.ok() && !rest::MatchesLabels(*parsed, expected)) {
    errors->push_back(InvalidGo(kSelector, GoLabelSelector(selector),
                                "`selector` not auto-generated"));
  }
}

void ValidateImmutable(const WorkloadKind& kind, const Json& object,
                       const Json& old, ErrorList* errors) {
  for (const std::string& field : kind.immutable) {
    const Json* now = At(object, {"spec", field.c_str()});
    if (OrEmpty(now) == OrEmpty(At(old, {"spec", field.c_str()}))) continue;
    std::string shown = "null";
    if (now != nullptr) {
      shown = field == "selector" ? GoLabelSelector(*now) : GoString(*now);
    }
    errors->push_back(InvalidGo("spec." + field, shown, "field is immutable"));
  }
  if (kind.mutable_only.empty()) return;
  Json fixed = OrEmpty(At(object, {"spec"}));
  Json old_fixed = OrEmpty(At(old, {"spec"}));
  for (const std::string& field : kind.mutable_only) {
    fixed.erase(field);
    old_fixed.erase(field);
  }
  if (fixed == old_fixed) return;
  errors->push_back(validation::Forbidden(
      "spec",
      "updates to statefulset spec for fields other than 'replicas', "
      "'template', and 'updateStrategy' are forbidden"));
}

}  // namespace fairway::apiserver::registry::workload
