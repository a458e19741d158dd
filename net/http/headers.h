// SPDX-License-Identifier: Apache-2.0
#ifndef NET_HTTP_HEADERS_H_
#define NET_HTTP_HEADERS_H_

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace fairway::net::http {

// Header fields in their order; names compare without case, as RFC 9110 has
// it. Several fields may share a name.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void Add(absl::string_view name, absl::string_view value);
  // Replaces all fields of that name.
  void Set(absl::string_view name, absl::string_view value);
  void Remove(absl::string_view name);

  bool Has(absl::string_view name) const;
  // The first field's value; empty if there is none.
  absl::string_view Get(absl::string_view name) const;
  // Each field's value, not split at commas.
  std::vector<absl::string_view> Values(absl::string_view name) const;
  // Whether a comma-separated element equals `token`, without case
  // ("Connection: keep-alive, Upgrade").
  bool HasToken(absl::string_view name, absl::string_view token) const;

  bool empty() const { return fields_.empty(); }
  size_t size() const { return fields_.size(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

// Whether `name` is an RFC 9110 token, and `value` free of CR, LF and NUL: what
// may be written on the wire without changing the message's shape.
bool IsValidHeader(absl::string_view name, absl::string_view value);

}  // namespace fairway::net::http

#endif  // NET_HTTP_HEADERS_H_
