// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apimachinery/pkg/util/validation/validation.go (v0.20.2)
#include "apiserver/registry/validation/validation.h"

#include <arpa/inet.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "api/errors.h"
#include "api/json.h"
#include "apiserver/registry/rest/status_details.h"

namespace fairway::apiserver::validation {
namespace {

constexpr char kSubdomainMessage[] =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
    "characters, '-' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr char kLabelMessage[] =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric "
    "characters or '-', and must start and end with an alphanumeric character "
    "(e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr char kDns1035LabelMessage[] =
    "a DNS-1035 label must consist of lower case alphanumeric characters or "
    "'-', start with an alphabetic character, and end with an alphanumeric "
    "character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')";
constexpr char kNamePartMessage[] =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and "
    "must start and end with an alphanumeric character (e.g. 'MyName',  or "
    "'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr char kQualifiedNameMessage[] =
    "a qualified name must consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. "
    "'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS "
    "subdomain prefix and '/' (e.g. 'example.com/MyName')";
constexpr char kLabelValueMessage[] =
    "a valid label must be an empty string or consist of alphanumeric "
    "characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
    "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

constexpr size_t kSubdomainLength = 253;
constexpr size_t kLabelLength = 63;
constexpr size_t kPortNameLength = 15;
constexpr size_t kAnnotationsBytes = 256 * 1024;

std::string TooLong(size_t most) {
  return absl::StrCat("must be no more than ", most, " characters");
}

bool IsLabelText(absl::string_view text) {
  auto plain = [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c);
  };
  if (text.empty() || !plain(text.front()) || !plain(text.back())) return false;
  for (char c : text) {
    if (!plain(c) && c != '-') return false;
  }
  return true;
}

bool IsNameText(absl::string_view text) {
  if (text.empty() || !absl::ascii_isalnum(text.front()) ||
      !absl::ascii_isalnum(text.back())) {
    return false;
  }
  for (char c : text) {
    if (!absl::ascii_isalnum(c) && c != '-' && c != '_' && c != '.') {
      return false;
    }
  }
  return true;
}

void ValidateAnnotations(const Json& object, ErrorList* errors) {
  const Json* map = At(object, {"metadata", "annotations"});
  if (map == nullptr || !map->is_object()) return;
  const std::string path = "metadata.annotations";
  size_t bytes = 0;
  for (const auto& [key, value] : map->items()) {
    for (const std::string& fault :
         IsQualifiedName(absl::AsciiStrToLower(key))) {
      errors->push_back(Invalid(path, key, fault));
    }
    if (!value.is_string()) continue;
    bytes += key.size() + value.get_ref<const std::string&>().size();
  }
  if (bytes > kAnnotationsBytes) {
    errors->push_back({path, "FieldValueTooLong",
                       absl::StrCat("Too long: must have at most ",
                                    kAnnotationsBytes, " bytes")});
  }
}

}  // namespace

FieldError Required(std::string field, absl::string_view detail) {
  return {std::move(field), "FieldValueRequired",
          detail.empty() ? "Required value"
                         : absl::StrCat("Required value: ", detail)};
}

FieldError Invalid(std::string field, const Json& value,
                   absl::string_view detail) {
  return {std::move(field), "FieldValueInvalid",
          absl::StrCat("Invalid value: ", api::DumpJson(value), ": ", detail)};
}

FieldError NotSupported(std::string field, const std::string& value,
                        const std::vector<std::string>& supported) {
  std::vector<std::string> quoted;
  for (const std::string& one : supported) {
    quoted.push_back(absl::StrCat("\"", one, "\""));
  }
  return {std::move(field), "FieldValueNotSupported",
          absl::StrCat("Unsupported value: ", api::DumpJson(value),
                       ": supported values: ", absl::StrJoin(quoted, ", "))};
}

FieldError Duplicate(std::string field, const std::string& value) {
  return {std::move(field), "FieldValueDuplicate",
          absl::StrCat("Duplicate value: ", api::DumpJson(value))};
}

FieldError Forbidden(std::string field, absl::string_view detail) {
  return {std::move(field), "FieldValueForbidden",
          absl::StrCat("Forbidden: ", detail)};
}

void CheckOneOf(const std::string& field, const std::string& value,
                const std::vector<std::string>& supported, ErrorList* errors) {
  for (const std::string& one : supported) {
    if (one == value) return;
  }
  errors->push_back(NotSupported(field, value, supported));
}

absl::Status InvalidIfAny(const std::string& group_kind,
                          const std::string& name, const ErrorList& errors) {
  if (errors.empty()) return absl::OkStatus();
  std::vector<std::string> texts;
  Json causes = Json::array();
  for (const FieldError& error : errors) {
    texts.push_back(absl::StrCat(error.field, ": ", error.body));
    causes.push_back({{"reason", error.reason},
                      {"message", error.body},
                      {"field", error.field}});
  }
  std::string why = absl::StrJoin(texts, ", ");
  if (texts.size() > 1) why = absl::StrCat("[", why, "]");
  const std::pair<std::string, std::string> kind_and_group =
      absl::StrSplit(group_kind, absl::MaxSplits('.', 1));
  Json details = DetailsOf(name, kind_and_group.second, kind_and_group.first);
  details["causes"] = std::move(causes);
  return WithDetails(api::NewInvalid(group_kind, name, why), details);
}

std::vector<std::string> IsDns1123Subdomain(const std::string& value) {
  std::vector<std::string> faults;
  if (value.size() > kSubdomainLength) {
    faults.push_back(TooLong(kSubdomainLength));
  }
  for (absl::string_view part : absl::StrSplit(value, '.')) {
    if (IsLabelText(part)) continue;
    faults.push_back(kSubdomainMessage);
    break;
  }
  return faults;
}

std::vector<std::string> IsDns1123Label(const std::string& value) {
  std::vector<std::string> faults;
  if (value.size() > kLabelLength) faults.push_back(TooLong(kLabelLength));
  if (!IsLabelText(value)) faults.push_back(kLabelMessage);
  return faults;
}

std::vector<std::string> IsQualifiedName(const std::string& value) {
  std::vector<std::string> faults;
  const std::vector<std::string> parts = absl::StrSplit(value, '/');
  if (parts.size() > 2) return {kQualifiedNameMessage};
  if (parts.size() == 2) {
    if (parts[0].empty()) {
      faults.push_back("prefix part must be non-empty");
    } else {
      for (const std::string& fault : IsDns1123Subdomain(parts[0])) {
        faults.push_back("prefix part " + fault);
      }
    }
  }
  const std::string& name = parts.back();
  if (name.empty()) faults.push_back("name part must be non-empty");
  if (name.size() > kLabelLength) {
    faults.push_back("name part " + TooLong(kLabelLength));
  }
  if (!IsNameText(name)) faults.push_back(kNamePartMessage);
  return faults;
}

std::vector<std::string> IsValidLabelValue(const std::string& value) {
  std::vector<std::string> faults;
  if (value.size() > kLabelLength) faults.push_back(TooLong(kLabelLength));
  if (!value.empty() && !IsNameText(value)) {
    faults.push_back(kLabelValueMessage);
  }
  return faults;
}

std::vector<std::string> IsDns1035Label(const std::string& value) {
  std::vector<std::string> faults;
  if (value.size() > kLabelLength) faults.push_back(TooLong(kLabelLength));
  if (!IsLabelText(value) || absl::ascii_isdigit(value.front())) {
    faults.push_back(kDns1035LabelMessage);
  }
  return faults;
}

std::vector<std::string> IsValidIP(const std::string& value) {
  in6_addr address;
  if (inet_pton(AF_INET, value.c_str(), &address) == 1 ||
      inet_pton(AF_INET6, value.c_str(), &address) == 1) {
    return {};
  }
  return {"must be a valid IP address, (e.g. 10.9.8.7)"};
}

std::vector<std::string> IsValidPortNum(int64_t port) {
  if (port >= 1 && port <= 65535) return {};
  return {"must be between 1 and 65535, inclusive"};
}

std::vector<std::string> IsValidPortName(const std::string& value) {
  std::vector<std::string> faults;
  if (value.size() > kPortNameLength) {
    faults.push_back(TooLong(kPortNameLength));
  }
  bool letter = false;
  bool plain = !value.empty();
  for (char c : value) {
    letter = letter || absl::ascii_islower(c);
    plain =
        plain && (absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-');
  }
  if (!plain) {
    faults.push_back(
        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens "
        "(-)");
  }
  if (!letter) {
    faults.push_back("must contain at least one letter or number (a-z, 0-9)");
  }
  if (absl::StrContains(value, "--")) {
    faults.push_back("must not contain consecutive hyphens");
  }
  if (!value.empty() && (value.front() == '-' || value.back() == '-')) {
    faults.push_back("must not begin or end with a hyphen");
  }
  return faults;
}

void ValidateLabels(const Json* labels, const std::string& field,
                    ErrorList* errors) {
  if (labels == nullptr || !labels->is_object()) return;
  for (const auto& [key, value] : labels->items()) {
    for (const std::string& fault : IsQualifiedName(key)) {
      errors->push_back(Invalid(field, key, fault));
    }
    if (!value.is_string()) continue;
    const std::string text = value.get<std::string>();
    for (const std::string& fault : IsValidLabelValue(text)) {
      errors->push_back(Invalid(field, text, fault));
    }
  }
}

ErrorList ValidateObjectMeta(const Json& object, bool namespaced,
                             NameKind name_kind) {
  ErrorList errors;
  auto check_name = [&](const std::string& name) {
    switch (name_kind) {
      case NameKind::kLabel:
        return IsDns1123Label(name);
      case NameKind::kDns1035Label:
        return IsDns1035Label(name);
      case NameKind::kSubdomain:
        break;
    }
    return IsDns1123Subdomain(name);
  };
  const std::string generate = StringAt(object, {"metadata", "generateName"});
  if (!generate.empty()) {
    // A dash at its end is masked by what will follow.
    std::string masked = generate;
    if (masked.size() > 1 && masked.back() == '-') masked.back() = 'a';
    for (const std::string& fault : check_name(masked)) {
      errors.push_back(Invalid("metadata.generateName", generate, fault));
    }
  }
  const std::string name = StringAt(object, {"metadata", "name"});
  if (name.empty()) {
    errors.push_back(
        Required("metadata.name", "name or generateName is required"));
  } else {
    for (const std::string& fault : check_name(name)) {
      errors.push_back(Invalid("metadata.name", name, fault));
    }
  }
  const std::string ns = StringAt(object, {"metadata", "namespace"});
  if (namespaced && ns.empty()) {
    errors.push_back(Required("metadata.namespace", ""));
  } else if (namespaced) {
    for (const std::string& fault : IsDns1123Label(ns)) {
      errors.push_back(Invalid("metadata.namespace", ns, fault));
    }
  } else if (!ns.empty()) {
    errors.push_back(
        Forbidden("metadata.namespace", "not allowed on this type"));
  }
  ValidateLabels(At(object, {"metadata", "labels"}), "metadata.labels",
                 &errors);
  ValidateAnnotations(object, &errors);
  return errors;
}

ErrorList ValidateObjectMetaUpdate(const Json& object, const Json& old) {
  ErrorList errors;
  for (const char* field : {"name", "namespace", "uid", "creationTimestamp"}) {
    const std::string now = StringAt(object, {"metadata", field});
    if (now == StringAt(old, {"metadata", field})) continue;
    errors.push_back(
        Invalid(absl::StrCat("metadata.", field), now, "field is immutable"));
  }
  ValidateLabels(At(object, {"metadata", "labels"}), "metadata.labels",
                 &errors);
  ValidateAnnotations(object, &errors);
  return errors;
}

}  // namespace fairway::apiserver::validation
