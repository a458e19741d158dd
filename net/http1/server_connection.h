// SPDX-License-Identifier: Apache-2.0
// Serves one HTTP/1.1 (or 1.0) connection.
#ifndef NET_HTTP1_SERVER_CONNECTION_H_
#define NET_HTTP1_SERVER_CONNECTION_H_

#include <memory>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "net/http/connection.h"
#include "net/http/handler.h"
#include "net/http/server_options.h"
#include "net/io/byte_stream.h"

namespace fairway::net::http1 {

// See net/http/connection.h. Requests are answered one after the other, those
// that are pipelined too.
//
// Ends the connection, with 400, 431, 501 or 505, at a request whose framing is
// not beyond doubt: Content-Length beside Transfer-Encoding, differing or bad
// Content-Lengths, folded fields, a bad chunk size, no Host in HTTP/1.1.
Task<absl::Status> ServeConnection(std::unique_ptr<ByteStream> stream,
                                   http::ConnectionInfo info,
                                   const http::Handler& handler,
                                   const http::ServerOptions& options,
                                   http::DrainState& drain);

}  // namespace fairway::net::http1

#endif  // NET_HTTP1_SERVER_CONNECTION_H_
