// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.x message, head and body, from bytes that somebody else reads.
#ifndef NET_HTTP1_MESSAGE_PARSER_H_
#define NET_HTTP1_MESSAGE_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "net/http/headers.h"

namespace fairway::net::http1 {

// More fields than any message of ours has.
inline constexpr size_t kMaxHeaderFields = 1000;
// The longest chunk header, and the longest trailer, that is waited for.
inline constexpr size_t kMaxChunkHeaderBytes = 16 * 1024;

// Where the head at the front of `bytes` ends (behind its empty line), 0 if it
// is not whole yet. `searched` is kept by the caller from call to call, 0 at
// first.
// Errors: kInvalidArgument for a line that ends without CR, or is folded;
// kResourceExhausted for a head of more than `max_bytes`.
absl::StatusOr<size_t> FindHeadEnd(absl::string_view bytes, size_t max_bytes,
                                   size_t& searched);

// Threads:  not thread-safe.
class MessageParser {
 public:
  enum class Kind { kRequest, kResponse };
  explicit MessageParser(Kind kind);
  ~MessageParser();
  MessageParser(const MessageParser&) = delete;
  MessageParser& operator=(const MessageParser&) = delete;

  // Before ParseHead: no body follows whatever the head says, since the
  // request was HEAD.
  void SkipBody();

  // `head` is whole, with its empty line.
  // Errors: kInvalidArgument for bad syntax and for framing that two readers
  // may understand differently; kUnimplemented for a transfer encoding other
  // than chunked; kOutOfRange for a version that is not HTTP/1.0 or 1.1;
  // kResourceExhausted for too many fields.
  absl::Status ParseHead(absl::string_view head);

  const std::string& method() const;
  const std::string& target() const;
  int status() const;
  const std::string& reason() const;
  int minor_version() const;  // 0 or 1
  http::Headers& headers();

  bool chunked() const;
  std::optional<uint64_t> content_length() const;
  // Whether the body lasts until the stream ends.
  bool until_eof() const;
  // Whether the connection may serve another message after this one.
  bool keep_alive() const;
  // Whether the body has come to its end.
  bool done() const;

  struct Progress {
    size_t consumed = 0;  // of the bytes that came
    size_t produced = 0;  // bytes of the body
  };
  // Takes as much of `in` as there is room for in `out`. Nothing consumed means
  // that more bytes are needed, together with these.
  // Errors: kInvalidArgument for bad chunks.
  absl::StatusOr<Progress> ParseBody(absl::string_view in,
                                     absl::Span<char> out);
  // The stream has ended. Errors: kUnavailable inside a body of known length.
  absl::Status Finish();

 private:
  class Impl;
  template <bool kIsRequest>
  class ImplOf;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairway::net::http1

#endif  // NET_HTTP1_MESSAGE_PARSER_H_
