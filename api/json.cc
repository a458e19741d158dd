// SPDX-License-Identifier: Apache-2.0
#include "api/json.h"

#include <limits>

#include "absl/strings/str_cat.h"

namespace fairway::api {
namespace {

using nlohmann::json;

const json& EmptyObject() {
  static const json* empty = new json(json::object());
  return *empty;
}

// Walks over JSON text and counts brackets outside of strings. The library's
// parser keeps no stack of ours, but its writer recurses: so depth is bounded
// before a document is made.
class DepthScanner {
 public:
  // False when `c` opens a level too many.
  bool Feed(char c) {
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      return true;
    }
    switch (c) {
      case '"':
        in_string_ = true;
        return true;
      case '{':
      case '[':
        return ++depth_ <= kMaxJsonDepth;
      case '}':
      case ']':
        --depth_;
        return true;
      default:
        return true;
    }
  }
  int depth() const { return depth_; }

 private:
  bool in_string_ = false;
  bool escaped_ = false;
  int depth_ = 0;
};

absl::Status TooDeep() {
  return absl::InvalidArgumentError(
      absl::StrCat("json: nested deeper than ", kMaxJsonDepth));
}

}  // namespace

absl::StatusOr<json> ParseJson(absl::string_view text) {
  if (text.size() > kMaxJsonBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "json: ", text.size(), " bytes: want at most ", kMaxJsonBytes));
  }
  DepthScanner scanner;
  for (char c : text) {
    if (!scanner.Feed(c)) return TooDeep();
  }
  json value = json::parse(text.data(), text.data() + text.size(), nullptr,
                           /*allow_exceptions=*/false);
  if (value.is_discarded()) {
    return absl::InvalidArgumentError("json: not valid JSON");
  }
  return value;
}

absl::StatusOr<size_t> FirstObjectBytes(absl::string_view text) {
  DepthScanner scanner;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!scanner.Feed(text[i])) return TooDeep();
    if (scanner.depth() == 0) return i + 1;
  }
  return absl::InvalidArgumentError("json: unexpected end of JSON input");
}

std::string DumpJson(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

FieldReader::FieldReader(const json& object, std::string path,
                         absl::Status* error)
    : object_(&object), path_(std::move(path)), error_(error) {
  if (object.is_object()) return;
  if (!object.is_null())
    Fail(path_.empty() ? "document" : path_, "object", object);
  object_ = &EmptyObject();
}

const json* FieldReader::Find(const char* key) const {
  auto it = object_->find(key);
  if (it == object_->end() || it->is_null()) return nullptr;
  return &*it;
}

std::string FieldReader::PathOf(absl::string_view key) const {
  if (path_.empty()) return std::string(key);
  return absl::StrCat(path_, ".", key);
}

void FieldReader::Fail(const std::string& field, absl::string_view want,
                       const json& got) const {
  if (!error_->ok()) return;
  *error_ = absl::InvalidArgumentError(
      absl::StrCat(field, ": want ", want, ", got ", got.type_name()));
}

std::string FieldReader::String(const char* key) const {
  const json* value = Find(key);
  if (value == nullptr) return "";
  if (!value->is_string()) {
    Fail(PathOf(key), "string", *value);
    return "";
  }
  return value->get_ref<const std::string&>();
}

int32_t FieldReader::Int(const char* key) const {
  const json* value = Find(key);
  if (value == nullptr) return 0;
  if (value->is_number_integer()) {
    const int64_t number = value->get<int64_t>();
    // An unsigned number above the signed range comes out negative.
    const bool wrapped = value->is_number_unsigned() && number < 0;
    if (!wrapped && number >= std::numeric_limits<int32_t>::min() &&
        number <= std::numeric_limits<int32_t>::max()) {
      return static_cast<int32_t>(number);
    }
  }
  Fail(PathOf(key), "32-bit integer", *value);
  return 0;
}

bool FieldReader::Bool(const char* key) const {
  const json* value = Find(key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) {
    Fail(PathOf(key), "boolean", *value);
    return false;
  }
  return value->get<bool>();
}

std::vector<std::string> FieldReader::Strings(const char* key) const {
  std::vector<std::string> strings;
  const json* value = Find(key);
  if (value == nullptr) return strings;
  if (!value->is_array()) {
    Fail(PathOf(key), "array", *value);
    return strings;
  }
  for (size_t i = 0; i < value->size(); ++i) {
    const json& element = (*value)[i];
    if (element.is_string()) {
      strings.push_back(element.get_ref<const std::string&>());
    } else {
      Fail(absl::StrCat(PathOf(key), "[", i, "]"), "string", element);
    }
  }
  return strings;
}

std::map<std::string, std::string> FieldReader::StringMap(
    const char* key) const {
  std::map<std::string, std::string> map;
  const json* value = Find(key);
  if (value == nullptr) return map;
  if (!value->is_object()) {
    Fail(PathOf(key), "object", *value);
    return map;
  }
  for (auto it = value->begin(); it != value->end(); ++it) {
    if (it->is_string()) {
      map[it.key()] = it->get_ref<const std::string&>();
    } else {
      Fail(absl::StrCat(PathOf(key), ".", it.key()), "string", *it);
    }
  }
  return map;
}

FieldReader FieldReader::Object(const char* key) const {
  const json* value = Find(key);
  return FieldReader(value == nullptr ? EmptyObject() : *value, PathOf(key),
                     error_);
}

std::vector<FieldReader> FieldReader::Objects(const char* key) const {
  std::vector<FieldReader> readers;
  const json* value = Find(key);
  if (value == nullptr) return readers;
  if (!value->is_array()) {
    Fail(PathOf(key), "array", *value);
    return readers;
  }
  readers.reserve(value->size());
  for (size_t i = 0; i < value->size(); ++i) {
    readers.emplace_back((*value)[i], absl::StrCat(PathOf(key), "[", i, "]"),
                         error_);
  }
  return readers;
}

}  // namespace fairway::api
