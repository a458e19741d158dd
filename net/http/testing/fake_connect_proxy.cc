// SPDX-License-Identifier: Apache-2.0
#include "net/http/testing/fake_connect_proxy.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "net/relay/relay.h"

namespace fairway::net::http {
namespace {

constexpr char kEstablished[] = "HTTP/1.1 200 Connection established\r\n\r\n";
constexpr char kUnauthenticated[] =
    "HTTP/1.1 407 Proxy Authentication Required\r\n"
    "Proxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n\r\n";
constexpr char kUnreachable[] =
    "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";

Task<absl::StatusOr<std::string>> ReadHead(ByteStream& stream) {
  std::string head;
  while (!absl::EndsWith(head, "\r\n\r\n")) {
    char byte;
    absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(&byte, 1));
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return absl::UnavailableError("no whole head");
    head += byte;
  }
  co_return head;
}

// Until the client has gone.
Task<absl::Status> Drain(ByteStream& stream) {
  char bytes[256];
  while (true) {
    absl::StatusOr<size_t> n =
        co_await stream.Read(absl::MakeSpan(bytes, sizeof(bytes)));
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return absl::OkStatus();
  }
}

}  // namespace

FakeConnectProxy::FakeConnectProxy(Executor executor, Options options)
    : options_(std::move(options)), group_(executor) {
  absl::StatusOr<std::unique_ptr<Listener>> listener =
      ListenTcp(executor, "127.0.0.1", 0);
  listener_ = *std::move(listener);
  group_.Spawn([this, executor]() -> Task<absl::Status> {
    while (true) {
      absl::StatusOr<std::unique_ptr<Socket>> socket =
          co_await listener_->Accept(executor);
      if (!socket.ok()) co_return socket.status();
      auto held =
          std::make_shared<std::unique_ptr<ByteStream>>(*std::move(socket));
      group_.Spawn([this, held]() -> Task<absl::Status> {
        // What a client does is no failure of the proxy's.
        absl::Status served = co_await Serve(std::move(*held));
        co_return absl::IsCancelled(served) ? served : absl::OkStatus();
      });
    }
  });
}

Url FakeConnectProxy::url(absl::string_view user) const {
  Url url = *ParseUrl(absl::StrCat(options_.tls == nullptr ? "http" : "https",
                                   "://", listener_->address().ToString()));
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(user, absl::MaxSplits(':', 1));
  url.user = parts.first;
  url.password = parts.second;
  return url;
}

Proxier FakeConnectProxy::proxier(absl::string_view user) const {
  return [url = url(user)](const Url&) -> absl::StatusOr<Url> { return url; };
}

Task<absl::Status> FakeConnectProxy::Stop() {
  listener_->Close();
  group_.Cancel();
  absl::Status joined = co_await group_.Join();
  co_return absl::IsCancelled(joined) ? absl::OkStatus() : joined;
}

Task<absl::Status> FakeConnectProxy::Serve(std::unique_ptr<ByteStream> stream) {
  if (options_.tls != nullptr) {
    absl::StatusOr<std::unique_ptr<TlsStream>> tls =
        co_await TlsAccept(options_.tls, std::move(stream));
    if (!tls.ok()) co_return tls.status();
    stream = *std::move(tls);
  }
  absl::StatusOr<std::string> head = co_await ReadHead(*stream);
  if (!head.ok()) co_return head.status();
  heads_.push_back(*head);
  const std::string wanted =
      absl::StrCat("\r\nProxy-Authorization: Basic ",
                   absl::Base64Escape(options_.credentials), "\r\n");
  std::string answer;
  if (options_.answer.has_value()) {
    answer = *options_.answer;
  } else if (!options_.credentials.empty() &&
             !absl::StrContains(*head, wanted)) {
    answer = kUnauthenticated;
  } else {
    const std::vector<std::string> words = absl::StrSplit(*head, ' ');
    absl::Status forwarded = co_await Forward(*stream, words[1]);
    co_return forwarded;
  }
  absl::Status written = co_await WriteAll(*stream, answer);
  if (!written.ok()) co_return written;
  if (!options_.then_closes) {
    absl::Status drained = co_await Drain(*stream);
    if (!drained.ok()) co_return drained;
  }
  absl::Status closed = co_await stream->Close();
  co_return closed;
}

Task<absl::Status> FakeConnectProxy::Forward(ByteStream& client,
                                             std::string target) {
  absl::StatusOr<HostPort> address = SplitHostPort(target);
  if (!address.ok()) co_return address.status();
  int port = 0;
  if (!absl::SimpleAtoi(address->port, &port)) {
    co_return absl::InvalidArgumentError(target);
  }
  absl::StatusOr<std::unique_ptr<Socket>> server =
      co_await DialTcp(address->host, static_cast<uint16_t>(port));
  const absl::string_view answer = server.ok() ? kEstablished : kUnreachable;
  absl::Status written = co_await WriteAll(client, answer);
  if (!written.ok() || !server.ok()) co_return written;
  absl::Status relayed = co_await Relay(client, **server);
  if (!relayed.ok()) co_return relayed;
  absl::Status closed = co_await client.Close();
  co_return closed;
}

}  // namespace fairway::net::http
