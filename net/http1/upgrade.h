// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.1 request or response head on a stream: what upgrades and proxies
// need instead of a whole client or server.
#ifndef NET_HTTP1_UPGRADE_H_
#define NET_HTTP1_UPGRADE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"
#include "net/http/headers.h"
#include "net/io/byte_stream.h"

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
std::string SerializeRequestHead(absl::string_view method,
                                 absl::string_view target,
                                 const http::Headers& headers);
std::string SerializeResponseHead(int status, const http::Headers& headers);

// Reads one response head; up to five of 1xx, but 101, are skipped before it.
// Errors: as Read; kUnavailable if the stream ended first; kInvalidArgument for
// what is no HTTP/1.x, is obs-folded or longer than `max_bytes`.
Task<absl::StatusOr<ResponseHead>> ReadResponseHead(
    ByteStream& stream, size_t max_bytes = kMaxHeadBytes);

}  // namespace fairway::net::http1

#endif  // NET_HTTP1_UPGRADE_H_
