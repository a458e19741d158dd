// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.1 response head on a stream: what upgrades and proxies need
// instead of a whole client.
#ifndef NET_HTTP1_UPGRADE_H_
#define NET_HTTP1_UPGRADE_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "net/http1/message_head.h"
#include "net/io/byte_stream.h"

namespace fairway::net::http1 {

// Reads one response head, as ResponseHeadParser.
// Errors: as Read; of ResponseHeadParser; kUnavailable if the stream ended
// first.
Task<absl::StatusOr<ResponseHead>> ReadResponseHead(
    ByteStream& stream, size_t max_bytes = kMaxHeadBytes);

}  // namespace fairway::net::http1

#endif  // NET_HTTP1_UPGRADE_H_
