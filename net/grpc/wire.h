// SPDX-License-Identifier: Apache-2.0
// gRPC's bytes on HTTP/2 (github.com/grpc/grpc/doc/PROTOCOL-HTTP2.md):
// messages, statuses and timeouts.
#ifndef NET_GRPC_WIRE_H_
#define NET_GRPC_WIRE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "net/http2/stream.h"

namespace fairway::net::grpc {

// What precedes an uncompressed message of that size.
std::string MessagePrefix(size_t size);

// Writes one message. Errors: as Stream::Write.
Task<absl::Status> WriteMessage(http2::Stream& stream,
                                absl::string_view message);

// Reads the body to its end, which is one message or none.
// Errors: as Stream::Read; kResourceExhausted ("grpc: received message larger
// than max (5 vs. 4)"); kUnimplemented for a compressed message; kInternal for
// a message that breaks off, or a second one.
Task<absl::StatusOr<std::optional<std::string>>> ReadMessage(
    http2::Stream& stream, size_t max_bytes);

// "20S": a grpc-timeout, rounded up to what its eight digits can say; nothing
// for an infinite one.
std::string FormatTimeout(absl::Duration timeout);
// Errors: kInvalidArgument.
absl::StatusOr<absl::Duration> ParseTimeout(absl::string_view text);

// grpc-message: bytes beyond printable ASCII, and "%", as "%XX".
std::string PercentEncode(absl::string_view text);
// Leaves what is no escape as it is.
std::string PercentDecode(absl::string_view text);

// grpc-status and grpc-message (the latter only if there is one).
http2::Fields StatusFields(const absl::Status& status);
// Whether there is a grpc-status; it is written to `status`.
bool FindStatus(const http2::Fields& fields, absl::Status& status);

// What an answer that is not gRPC's means, as gRPC's http-grpc-status-mapping
// has it.
absl::StatusCode CodeFromHttpStatus(absl::string_view http_status);
// What RST_STREAM's code means.
absl::StatusCode CodeFromReset(uint32_t reset_code);

}  // namespace fairway::net::grpc

#endif  // NET_GRPC_WIRE_H_
