// SPDX-License-Identifier: Apache-2.0
// Mirrors: tunnelingResponseWriter, headerInterceptingConn and
// tunnelingWebsocketUpgraderConn of
// k8s.io/apiserver/pkg/util/proxy/streamtunnel.go (v0.31.0)
#ifndef APISERVER_PROXY_TUNNELING_WRITER_H_
#define APISERVER_PROXY_TUNNELING_WRITER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"
#include "net/http/handler.h"
#include "net/io/byte_stream.h"

namespace fairway::apiserver::proxy {

// The longest head of a backend's answer that is waited for.
inline constexpr size_t kMaxHeaderBytes = 1 << 20;

// Mirrors: net/http.Error.
Task<absl::Status> HttpError(net::http::ResponseWriter& writer, int status,
                             absl::string_view message);

// What an upgrade's proxy is given instead of the writer of a WebSocket
// request: see TunnelingHandler::ServeHTTP. Counts how the request was answered
// in apiserver_stream_tunnel_requests_total.
//
// Threads:  the executor of the connection.
// Lifetime: `request` and `writer` must outlive it, and it the stream that
//           Hijack() gives.
class TunnelingResponseWriter final : public net::http::ResponseWriter {
 public:
  TunnelingResponseWriter(net::http::ServerRequest& request,
                          net::http::ResponseWriter& writer)
      : request_(request), writer_(writer) {}

  net::http::Headers& headers() override { return writer_.headers(); }
  // Errors: kInternal for 101, which goes through a hijacked stream only; the
  // client gets 500 "unexpected upgrade".
  Task<absl::Status> WriteHeader(int status) override;
  Task<absl::Status> Write(absl::string_view bytes) override;
  bool wrote_header() const override { return writer_.wrote_header(); }

  // A stream to whose Write the head of the backend's answer comes first, in
  // pieces of any size. After a 101 that is SPDY/3.1's it is the tunnel, after
  // any other answer the client's connection itself, which gets the head too.
  // Errors: kFailedPrecondition "connection has already been written to",
  // "connection has already been hijacked".
  absl::StatusOr<std::unique_ptr<net::ByteStream>> Hijack() override;

  Task<absl::Status> WaitPeerGone() override { return writer_.WaitPeerGone(); }

  // Whether the client was told by a status of ours that there is no tunnel,
  // although the stream was hijacked.
  bool refused() const { return refused_; }

 private:
  class InterceptingStream;

  net::http::ServerRequest& request_;
  net::http::ResponseWriter& writer_;
  bool hijacked_ = false;
  bool refused_ = false;
};

}  // namespace fairway::apiserver::proxy

#endif  // APISERVER_PROXY_TUNNELING_WRITER_H_
