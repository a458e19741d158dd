// SPDX-License-Identifier: Apache-2.0
// Serves one HTTP/2 connection with an http::Handler.
#ifndef NET_HTTP2_SERVER_CONNECTION_H_
#define NET_HTTP2_SERVER_CONNECTION_H_

#include <memory>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "net/http/connection.h"
#include "net/http/handler.h"
#include "net/http/server_options.h"
#include "net/io/byte_stream.h"

namespace fairway::net::http2 {

// See net/http/connection.h. Each request is a task of its own. What the
// handler has not read of a request when it returns is refused by RST_STREAM.
// There is no Hijack().
Task<absl::Status> ServeConnection(std::unique_ptr<ByteStream> stream,
                                   http::ConnectionInfo info,
                                   const http::Handler& handler,
                                   const http::ServerOptions& options,
                                   http::DrainState& drain);

}  // namespace fairway::net::http2

#endif  // NET_HTTP2_SERVER_CONNECTION_H_
