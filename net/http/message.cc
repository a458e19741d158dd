// SPDX-License-Identifier: Apache-2.0
#include "net/http/message.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace fairway::net::http {

Task<absl::StatusOr<std::string>> ReadAll(BodyReader& body, size_t max_bytes) {
  constexpr size_t kStep = 16 * 1024;
  std::string out;
  while (true) {
    const size_t size = out.size();
    // One byte beyond the limit tells a body that is too large.
    const size_t step = std::min(kStep, max_bytes - size) + 1;
    out.resize(size + step);
    absl::StatusOr<size_t> n =
        co_await body.Read(absl::MakeSpan(&out[size], step));
    if (!n.ok()) co_return n.status();
    out.resize(size + *n);
    if (*n == 0) co_return out;
    if (out.size() > max_bytes) {
      co_return absl::OutOfRangeError(
          absl::StrCat("body: more than ", max_bytes, " bytes"));
    }
  }
}

}  // namespace fairway::net::http
