// SPDX-License-Identifier: Apache-2.0
// JSON that peers wrote, parsed and read without surprises. For .cc files only:
// it is the one header of ours that shows the JSON library.
#ifndef API_JSON_H_
#define API_JSON_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fairway::api {

inline constexpr size_t kMaxJsonBytes = 64 << 20;
inline constexpr int kMaxJsonDepth = 200;

// Errors: kInvalidArgument for what is no JSON, longer than kMaxJsonBytes or
// nested deeper than kMaxJsonDepth.
absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text);

// The length of the first JSON value of `text`, which begins with '{'.
// Errors: kInvalidArgument if it is not closed or too deep.
absl::StatusOr<size_t> FirstObjectBytes(absl::string_view text);

// Text of any value, with sorted keys; bytes that are no UTF-8 are replaced.
std::string DumpJson(const nlohmann::json& value);

// Reads the fields of one object. A field that is missing or null reads as
// empty; the first of a wrong type is put into the shared error.
//
// Lifetime: `object` and `error` must outlive it.
class FieldReader {
 public:
  FieldReader(const nlohmann::json& object, std::string path,
              absl::Status* error);

  std::string String(const char* key) const;
  int32_t Int(const char* key) const;
  bool Bool(const char* key) const;
  std::vector<std::string> Strings(const char* key) const;
  std::map<std::string, std::string> StringMap(const char* key) const;
  FieldReader Object(const char* key) const;
  // A reader for each object of an array.
  std::vector<FieldReader> Objects(const char* key) const;

  bool Has(const char* key) const { return Find(key) != nullptr; }
  // For a field that may be an integer as well.
  bool HasString(const char* key) const {
    const nlohmann::json* value = Find(key);
    return value != nullptr && value->is_string();
  }

 private:
  const nlohmann::json* Find(const char* key) const;
  void Fail(const std::string& field, absl::string_view want,
            const nlohmann::json& got) const;
  std::string PathOf(absl::string_view key) const;

  const nlohmann::json* object_;
  std::string path_;
  absl::Status* error_;
};

}  // namespace fairway::api

#endif  // API_JSON_H_
