// SPDX-License-Identifier: Apache-2.0
// The heads of HTTP/1.1 requests and responses, to bytes and from them. No I/O.
#ifndef NET_HTTP1_MESSAGE_HEAD_H_
#define NET_HTTP1_MESSAGE_HEAD_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "net/http/headers.h"

namespace fairway::net::http1 {

inline constexpr size_t kMaxHeadBytes = 1 << 20;

struct ResponseHead {
  int status = 0;
  std::string reason;
  http::Headers headers;
  // The head byte for byte, and what was read behind it.
  std::string raw;
  std::string rest;
};

// "GET /x HTTP/1.1\r\n" and the fields, in their order, with the empty line.
// Fields that would break it are left out.
std::string SerializeRequestHead(absl::string_view method,
                                 absl::string_view target,
                                 const http::Headers& headers);
std::string SerializeResponseHead(int status, const http::Headers& headers);

// One response head, from bytes as they come; up to five of 1xx, but 101, are
// skipped before it.
//
// Threads:  not thread-safe.
class ResponseHeadParser {
 public:
  explicit ResponseHeadParser(size_t max_bytes = kMaxHeadBytes)
      : max_bytes_(max_bytes) {}

  // Adds bytes; nullopt while the head is not whole. Not to be called again
  // after a head or an error.
  // Errors: kInvalidArgument for what is no HTTP/1.x, is obs-folded or longer
  // than `max_bytes`.
  absl::StatusOr<std::optional<ResponseHead>> Feed(absl::string_view bytes);

 private:
  const size_t max_bytes_;
  std::string bytes_;
  size_t searched_ = 0;
  int interim_ = 0;  // of 1xx, that were skipped
};

}  // namespace fairway::net::http1

#endif  // NET_HTTP1_MESSAGE_HEAD_H_
