// SPDX-License-Identifier: Apache-2.0
#include "net/websocket/upgrade.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "net/http1/upgrade.h"
#include "net/websocket/handshake.h"

namespace fairway::net::websocket {
namespace {

constexpr absl::string_view kPlainText = "text/plain; charset=utf-8";

// Answers with `error`'s message and gives `error` back.
Task<absl::Status> Refuse(http::ResponseWriter& writer, int http_status,
                          absl::Status error) {
  const std::string body = absl::StrCat(error.message(), "\n");
  absl::Status written =
      co_await http::Respond(writer, http_status, kPlainText, body);
  if (!written.ok()) co_return written;
  co_return error;
}

}  // namespace

Task<absl::StatusOr<Upgraded>> UpgradeResponse(
    http::ServerRequest& request, http::ResponseWriter& writer,
    std::vector<std::string> protocols) {
  ServerAnswer answer =
      AnswerRequest(request.method, request.headers, protocols);
  if (!answer.status.ok()) {
    for (const auto& [name, value] : answer.headers) {
      writer.headers().Set(name, value);
    }
    absl::Status refused =
        co_await Refuse(writer, answer.http_status, answer.status);
    co_return refused;
  }
  for (const auto& [name, value] : writer.headers()) {
    answer.headers.Add(name, value);
  }
  const std::string head = http1::SerializeResponseHead(101, answer.headers);
  absl::StatusOr<std::unique_ptr<ByteStream>> transport = writer.Hijack();
  if (!transport.ok()) {
    absl::Status error(transport.status().code(),
                       "websocket: response does not implement http.Hijacker");
    absl::Status refused = co_await Refuse(writer, 500, error);
    co_return refused;
  }
  absl::Status written = co_await WriteAll(**transport, head);
  if (!written.ok()) co_return written;
  Upgraded upgraded;
  upgraded.transport = *std::move(transport);
  upgraded.protocol = std::move(answer.protocol);
  co_return upgraded;
}

}  // namespace fairway::net::websocket
