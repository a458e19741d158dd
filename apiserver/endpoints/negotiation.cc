// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/handlers/negotiation (v0.20.2)
#include "apiserver/endpoints/negotiation.h"

#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apiserver/registry/rest/status_details.h"

namespace fairway::apiserver::endpoints {
namespace {

constexpr char kJson[] = "application/json";

std::map<std::string, std::string> Parameters(absl::string_view clause) {
  std::map<std::string, std::string> parameters;
  bool first = true;
  for (absl::string_view part : absl::StrSplit(clause, ';')) {
    if (std::exchange(first, false)) continue;
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    parameters[absl::AsciiStrToLower(absl::StripAsciiWhitespace(pair.first))] =
        std::string(absl::StripAsciiWhitespace(pair.second));
  }
  return parameters;
}

// False if the clause names what is not served.
bool Take(absl::string_view clause, Shape most, MediaType* type) {
  const std::string bare = BareMediaType(clause);
  if (bare != kJson && bare != "*/*" && bare != "application/*") return false;
  const auto parameters = Parameters(clause);
  auto as = parameters.find("as");
  if (as == parameters.end()) return true;
  auto version = parameters.find("v");
  auto group = parameters.find("g");
  if (as->second != "Table" || most != Shape::kTable ||
      version == parameters.end() || group == parameters.end() ||
      group->second != "meta.k8s.io" ||
      (version->second != "v1" && version->second != "v1beta1")) {
    return false;
  }
  type->shape = Shape::kTable;
  type->table_version = version->second;
  return true;
}

}  // namespace

std::string BareMediaType(absl::string_view content_type) {
  const size_t end = content_type.find(';');
  return absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(content_type.substr(0, end)));
}

absl::StatusOr<MediaType> NegotiateOutput(absl::string_view accept,
                                          Shape most) {
  MediaType type;
  type.content_type = kJson;
  if (absl::StripAsciiWhitespace(accept).empty()) return type;
  for (absl::string_view clause : absl::StrSplit(accept, ',')) {
    if (Take(clause, most, &type)) return type;
  }
  return NewStatusError(
      406, "NotAcceptable",
      absl::StrCat("only the following media types are accepted: ", kJson));
}

absl::Status UnsupportedMediaType(absl::string_view accepted) {
  return NewStatusError(
      415, "UnsupportedMediaType",
      absl::StrCat("the body of the request was in an unknown format - "
                   "accepted media types include: ",
                   accepted));
}

}  // namespace fairway::apiserver::endpoints
