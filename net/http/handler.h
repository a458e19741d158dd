// SPDX-License-Identifier: Apache-2.0
// What an HTTP server calls, whatever the version on the wire.
#ifndef NET_HTTP_HANDLER_H_
#define NET_HTTP_HANDLER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"
#include "net/http/headers.h"
#include "net/http/message.h"
#include "net/http/url.h"
#include "net/io/byte_stream.h"
#include "net/tls/tls.h"

namespace fairway::net::http {

// A request as a server received it.
struct ServerRequest {
  std::string method;
  Url url;  // path and raw_query; host from Host or :authority
  Headers headers;
  int http_major = 1;  // 1 or 2
  bool tls = false;
  std::string remote_address;  // "127.0.0.1:4711", or "@" for a Unix socket
  const PeerCertificate* peer_certificate = nullptr;  // null if none
  BodyReader* body = nullptr;                         // never null

  // The path's segments, decoded; for routing.
  std::vector<std::string> path_segments;
};

// Fills url and path_segments from a request line's target (or :path) and a
// Host field (or :authority); `request.method` is set before.
// Errors: kInvalidArgument.
absl::Status SetRequestTarget(absl::string_view target, absl::string_view host,
                              ServerRequest& request);

// Mirrors: net/http.ResponseWriter, Flusher and Hijacker.
//
// Threads:  the executor of the connection.
// Lifetime: until the handler returns.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  // Fields to send; changes after WriteHeader have no effect. A
  // Content-Length set here is kept; without one the body is chunked (or
  // counted, when it is written in one piece before the handler returns).
  virtual Headers& headers() = 0;

  // Sends the status and the fields. The first Write does it with 200.
  virtual Task<absl::Status> WriteHeader(int status) = 0;

  // Sends a piece of the body at once: what is small and comes first may wait
  // until the handler waits or returns, no longer.
  // Errors: kUnavailable, kAborted when the peer has gone.
  virtual Task<absl::Status> Write(absl::string_view bytes) = 0;

  // Whether WriteHeader was called.
  virtual bool wrote_header() const = 0;

  // Takes the raw connection, with whatever was read beyond the request; the
  // server forgets it. The caller writes its own response. The handler must
  // not return while it uses the ServerRequest.
  // Errors: kUnimplemented on HTTP/2; kFailedPrecondition after WriteHeader.
  virtual absl::StatusOr<std::unique_ptr<ByteStream>> Hijack() = 0;

  // Ends when the peer closed or reset the connection (or this stream), or the
  // server is shutting down: for handlers that wait for something else.
  virtual Task<absl::Status> WaitPeerGone() = 0;
};

// Answers one request. What it left unsent is completed by the server: 200 and
// an empty body if it wrote nothing. A status other than OK is logged, and
// answered with 500 if no header was written.
using Handler =
    std::function<Task<absl::Status>(ServerRequest&, ResponseWriter&)>;

// Writes a whole response with Content-Length.
Task<absl::Status> Respond(ResponseWriter& writer, int status,
                           absl::string_view content_type,
                           absl::string_view body);

}  // namespace fairway::net::http

#endif  // NET_HTTP_HANDLER_H_
