// SPDX-License-Identifier: Apache-2.0
// The opening handshake of RFC 6455, section 4, as functions of header fields.
// No I/O. Errors are in the words of gorilla/websocket 1.5, which Kubernetes
// uses.
#ifndef NET_WEBSOCKET_HANDSHAKE_H_
#define NET_WEBSOCKET_HANDSHAKE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "net/http/headers.h"

namespace fairway::net::websocket {

inline constexpr absl::string_view kProtocolHeader = "Sec-WebSocket-Protocol";

// Whether the request asks for an upgrade to WebSocket.
// Mirrors: k8s.io/apimachinery/pkg/util/httpstream/wsstream IsWebSocketRequest.
bool IsWebSocketRequest(const http::Headers& headers);

// The protocols that a request names, in the client's order.
std::vector<std::string> RequestedProtocols(const http::Headers& headers);

// The value of Sec-WebSocket-Accept for one of Sec-WebSocket-Key.
std::string AcceptFor(absl::string_view key);

// What a server answers.
struct ServerAnswer {
  // 101, or 400, 403, 405 for a request that is refused.
  int http_status = 101;
  // The fields of the answer, in the order in which they are sent.
  http::Headers headers;
  // Of a 101: the chosen protocol; empty: none.
  std::string protocol;
  // OK for 101; else kInvalidArgument or kPermissionDenied with the words for
  // the body.
  absl::Status status;
};

// The answer to a request. Of the protocols that the client names, the first
// that is in `protocols` is chosen. When it names none, or none of these, it is
// refused with 403, unless "" is in `protocols` and it named none, or
// `protocols` is empty: then none is chosen. Extensions are never agreed on;
// any Origin is welcome (who may call is not decided by cookies here).
ServerAnswer AnswerRequest(absl::string_view method,
                           const http::Headers& headers,
                           absl::Span<const std::string> protocols);

// What a client asks.
struct ClientHandshake {
  std::string key;  // of Sec-WebSocket-Key: random, for one request
  std::vector<std::string> protocols;
};

ClientHandshake NewClientHandshake(std::vector<std::string> protocols);

// The fields to add to the GET request, in gorilla's order.
http::Headers RequestHeaders(const ClientHandshake& handshake);

// Checks the answer, and returns the protocol that the server chose; empty if
// none was asked for.
// Errors: kInvalidArgument "websocket: bad handshake" for what is no 101 or not
// the answer to our key; `invalid protocol, expected one of ["a" "b"], got "c"`
// when the choice is none of ours.
absl::StatusOr<std::string> CheckAnswer(const ClientHandshake& handshake,
                                        int http_status,
                                        const http::Headers& headers);

}  // namespace fairway::net::websocket

#endif  // NET_WEBSOCKET_HANDSHAKE_H_
