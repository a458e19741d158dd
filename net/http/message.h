// SPDX-License-Identifier: Apache-2.0
// What an HTTP client sends and gets, whatever the version on the wire.
#ifndef NET_HTTP_MESSAGE_H_
#define NET_HTTP_MESSAGE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/task/task.h"
#include "net/http/headers.h"
#include "net/http/url.h"

namespace fairway::net::http {

// A message's body, read as it comes.
//
// Threads:  the executor of its connection.
// Lifetime: must not outlive what gave it (a server's request, a client's
//           response).
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // Reads 1..buf.size() bytes; 0 at the end, and again after it.
  // Errors: kUnavailable if the connection ended inside the body;
  // kInvalidArgument for bad framing; kCancelled.
  virtual Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) = 0;
};

// Reads a body to its end. Errors: as Read; kOutOfRange once more than
// `max_bytes` came.
Task<absl::StatusOr<std::string>> ReadAll(BodyReader& body, size_t max_bytes);

// A request that a client makes.
struct Request {
  std::string method = "GET";
  Url url;  // absolute
  Headers headers;
  std::string body;  // sent with Content-Length
};

struct Response {
  int status = 0;
  std::string reason;  // as the server wrote it: "Not Found"
  Headers headers;
  std::unique_ptr<BodyReader> body;  // never null
};

// Mirrors: net/http.RoundTripper. Does one request; wrappers (bearer token,
// user agent) are RoundTrippers around another.
//
// Threads:  on one executor.
// Lifetime: a Response must not outlive the RoundTripper it came from.
// Cancel:   honoured; the connection is then dropped.
class RoundTripper {
 public:
  virtual ~RoundTripper() = default;
  // Errors: of dialling, TLS and parsing. A status of 4xx or 5xx is no error.
  virtual Task<absl::StatusOr<Response>> RoundTrip(Request request) = 0;

  // Mirrors: net/http.Client.CloseIdleConnections. Closes in good order, within
  // seconds, the connections that are kept for requests to come: for the end of
  // a client, whose destructor only drops them. Those in use are left alone.
  // Who keeps none has nothing to do; who wraps another passes it on.
  virtual Task<absl::Status> CloseIdleConnections() {
    co_return absl::OkStatus();
  }
};

}  // namespace fairway::net::http

#endif  // NET_HTTP_MESSAGE_H_
