// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/generic/shape.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"

namespace fairway::apiserver::registry::generic {
namespace {

absl::Status Want(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": want ", what));
}

bool IsStringMap(const Json& value) {
  return value.is_object() &&
         std::all_of(value.begin(), value.end(),
                     [](const Json& one) { return one.is_string(); });
}

absl::Status CheckType(const Json& value, const std::string& path,
                       FieldType type) {
  bool good = false;
  absl::string_view what;
  switch (type) {
    case FieldType::kString:
      good = value.is_string();
      what = "a string";
      break;
    case FieldType::kInteger:
      good = value.is_number_integer();
      what = "an integer";
      break;
    case FieldType::kBool:
      good = value.is_boolean();
      what = "a boolean";
      break;
    case FieldType::kObject:
      good = value.is_object();
      what = "an object";
      break;
    case FieldType::kStringMap:
      good = IsStringMap(value);
      what = "an object of strings";
      break;
    case FieldType::kIntOrString:
      good = value.is_string() || value.is_number_integer();
      what = "an integer or a string";
      break;
  }
  return good ? absl::OkStatus() : Want(path, what);
}

// `value` lies at `path`; `rest` leads on from there.
absl::Status Check(const Json& value, const std::string& path,
                   absl::Span<const absl::string_view> rest, FieldType type) {
  if (rest.empty()) return CheckType(value, path, type);
  if (!value.is_object()) return Want(path, "an object");
  absl::string_view name = rest[0];
  const bool list = absl::ConsumeSuffix(&name, "[]");
  auto field = value.find(std::string(name));
  if (field == value.end() || field->is_null()) return absl::OkStatus();
  const std::string next = absl::StrCat(path, path.empty() ? "" : ".", name);
  if (!list) return Check(*field, next, rest.subspan(1), type);
  if (!field->is_array()) return Want(next, "a list");
  for (size_t i = 0; i < field->size(); ++i) {
    absl::Status status = Check((*field)[i], absl::StrCat(next, "[", i, "]"),
                                rest.subspan(1), type);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckFieldTypes(const Json& object,
                             const std::vector<FieldShape>& shapes) {
  for (const FieldShape& shape : shapes) {
    const std::vector<absl::string_view> path = absl::StrSplit(shape.path, '.');
    absl::Status status = Check(object, "", path, shape.type);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace fairway::apiserver::registry::generic
