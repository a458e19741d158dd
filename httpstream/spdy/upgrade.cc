// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/upgrade.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "httpstream/spdy/session.h"
#include "net/http1/upgrade.h"

namespace fairway::httpstream::spdy {
namespace {

constexpr absl::string_view kPlainText = "text/plain; charset=utf-8";

// Answers with `error`'s message and gives `error` back.
Task<absl::Status> Refuse(net::http::ResponseWriter& writer, int http_status,
                          absl::Status error) {
  const std::string body = absl::StrCat(error.message(), "\n");
  absl::Status written =
      co_await net::http::Respond(writer, http_status, kPlainText, body);
  if (!written.ok()) co_return written;
  co_return error;
}

// In the order that Go writes them: these two, then what Handshake() added.
std::string SwitchingProtocols(const net::http::Headers& chosen) {
  net::http::Headers headers;
  headers.Add(kHeaderConnection, kHeaderUpgrade);
  headers.Add(kHeaderUpgrade, kHeaderSpdy31);
  for (const auto& [name, value] : chosen) headers.Add(name, value);
  return net::http1::SerializeResponseHead(101, headers);
}

}  // namespace

Task<absl::StatusOr<std::unique_ptr<Connection>>>
ResponseUpgrader::UpgradeResponse(net::http::ServerRequest& request,
                                  net::http::ResponseWriter& writer,
                                  NewStreamHandler new_stream_handler) const {
  const SessionOptions options = options_;
  if (!IsUpgradeRequest(request.headers) ||
      !request.headers.HasToken(kHeaderUpgrade, kHeaderSpdy31)) {
    absl::Status error = absl::InvalidArgumentError(
        "unable to upgrade: missing upgrade headers in request");
    absl::Status refused = co_await Refuse(writer, 400, error);
    co_return refused;
  }
  const std::string head = SwitchingProtocols(writer.headers());
  absl::StatusOr<std::unique_ptr<net::ByteStream>> transport = writer.Hijack();
  if (!transport.ok()) {
    absl::Status error(transport.status().code(),
                       "unable to upgrade: unable to hijack response");
    absl::Status refused = co_await Refuse(writer, 500, error);
    co_return refused;
  }
  absl::Status written = co_await net::WriteAll(**transport, head);
  if (!written.ok()) co_return written;
  Executor executor = co_await kThisExecutor;
  std::unique_ptr<Connection> connection = NewServerConnection(
      executor, *std::move(transport), options, std::move(new_stream_handler));
  co_return connection;
}

}  // namespace fairway::httpstream::spdy
