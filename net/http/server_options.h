// SPDX-License-Identifier: Apache-2.0
#ifndef NET_HTTP_SERVER_OPTIONS_H_
#define NET_HTTP_SERVER_OPTIONS_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "base/task/task.h"
#include "net/tls/tls.h"

namespace fairway::net::http {

struct ServerOptions {
  // Null: plain. Its ALPN decides whether HTTP/2 is offered.
  std::shared_ptr<const TlsServerContext> tls;
  size_t max_header_bytes = 1 << 20;  // Go's DefaultMaxHeaderBytes
  size_t max_connections = 20000;
  absl::Duration handshake_timeout = absl::Seconds(10);
  absl::Duration header_timeout = absl::Seconds(32);
  absl::Duration idle_timeout = absl::Minutes(3);
  // Connections are dealt to these in turn; the server's own if empty.
  std::vector<Executor> executors;
};

}  // namespace fairway::net::http

#endif  // NET_HTTP_SERVER_OPTIONS_H_
