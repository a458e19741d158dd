// SPDX-License-Identifier: Apache-2.0
#include "net/http/testing/scripted_server.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace fairway::net::http {

ScriptedServer::ScriptedServer(
    Executor executor, std::vector<std::vector<std::string>> connections)
    : changed_(executor), group_(executor) {
  absl::StatusOr<std::unique_ptr<Listener>> listener =
      ListenTcp(executor, "127.0.0.1", 0);
  listener_ = *std::move(listener);
  port = listener_->address().port;
  group_.Spawn([this, executor,
                connections = std::move(connections)]() -> Task<absl::Status> {
    for (const std::vector<std::string>& answers : connections) {
      absl::StatusOr<std::unique_ptr<Socket>> socket =
          co_await listener_->Accept(executor);
      if (!socket.ok()) co_return socket.status();
      ++accepted;
      group_.Spawn([this, answers,
                    held = std::shared_ptr<Socket>(
                        *std::move(socket))]() -> Task<absl::Status> {
        absl::Status status = co_await Answer(*held, answers);
        ended_.push_back(status);
        changed_.NotifyAll();
        co_return status;
      });
    }
    co_return absl::OkStatus();
  });
}

Url ScriptedServer::UrlOf(std::string path) const {
  return *ParseUrl(absl::StrCat("http://127.0.0.1:", port, path));
}

Task<absl::Status> ScriptedServer::Stop() {
  listener_->Close();
  group_.Cancel();
  absl::Status joined = co_await group_.Join();
  co_return absl::IsCancelled(joined) ? absl::OkStatus() : joined;
}

Task<absl::Status> ScriptedServer::Ended() {
  while (ended_.empty()) {
    absl::Status waited = co_await changed_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return ended_[0];
}

Task<absl::Status> ScriptedServer::Answer(Socket& socket,
                                          std::vector<std::string> answers) {
  for (const std::string& answer : answers) {
    std::string head;
    while (!absl::EndsWith(head, "\r\n\r\n")) {
      char byte;
      absl::StatusOr<size_t> n = co_await socket.Read(absl::MakeSpan(&byte, 1));
      if (!n.ok()) co_return n.status();
      if (*n == 0) co_return absl::OkStatus();
      head += byte;
    }
    heads.push_back(head);
    if (answer.empty()) break;
    absl::Status written = co_await WriteAll(socket, answer);
    if (!written.ok()) co_return written;
    // Until-close bodies end here.
    if (absl::StrContains(answer, "X-Then: close")) break;
  }
  absl::Status closed = co_await socket.Close();
  co_return closed;
}

}  // namespace fairway::net::http
