// SPDX-License-Identifier: Apache-2.0
#include "net/http/headers.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace fairway::net::http {

void Headers::Add(absl::string_view name, absl::string_view value) {
  fields_.emplace_back(std::string(name), std::string(value));
}

void Headers::Set(absl::string_view name, absl::string_view value) {
  // `name` or `value` may point into a field that is removed.
  Field field{std::string(name), std::string(value)};
  auto same = [&field](const Field& other) {
    return absl::EqualsIgnoreCase(other.first, field.first);
  };
  auto first = std::find_if(fields_.begin(), fields_.end(), same);
  if (first == fields_.end()) {
    fields_.push_back(std::move(field));
    return;
  }
  fields_.erase(std::remove_if(std::next(first), fields_.end(), same),
                fields_.end());
  *first = std::move(field);
}

void Headers::Remove(absl::string_view name) {
  const std::string removed(name);
  fields_.erase(std::remove_if(fields_.begin(), fields_.end(),
                               [&removed](const Field& field) {
                                 return absl::EqualsIgnoreCase(field.first,
                                                               removed);
                               }),
                fields_.end());
}

bool Headers::Has(absl::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [name](const Field& field) {
                       return absl::EqualsIgnoreCase(field.first, name);
                     });
}

absl::string_view Headers::Get(absl::string_view name) const {
  for (const Field& field : fields_) {
    if (absl::EqualsIgnoreCase(field.first, name)) return field.second;
  }
  return "";
}

std::vector<absl::string_view> Headers::Values(absl::string_view name) const {
  std::vector<absl::string_view> values;
  for (const Field& field : fields_) {
    if (absl::EqualsIgnoreCase(field.first, name)) {
      values.push_back(field.second);
    }
  }
  return values;
}

bool Headers::HasToken(absl::string_view name, absl::string_view token) const {
  for (const Field& field : fields_) {
    if (!absl::EqualsIgnoreCase(field.first, name)) continue;
    for (absl::string_view element : absl::StrSplit(field.second, ',')) {
      if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(element), token)) {
        return true;
      }
    }
  }
  return false;
}

bool IsValidHeader(absl::string_view name, absl::string_view value) {
  constexpr absl::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
  if (name.empty()) return false;
  for (char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) &&
        !absl::StrContains(kTokenMarks, c)) {
      return false;
    }
  }
  return value.find_first_of(absl::string_view("\r\n\0", 3)) ==
         absl::string_view::npos;
}

}  // namespace fairway::net::http
