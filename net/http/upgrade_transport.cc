// SPDX-License-Identifier: Apache-2.0
#include "net/http/upgrade_transport.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"
#include "net/http/connection_pool.h"
#include "net/http1/body_reader.h"
#include "net/http1/input.h"
#include "net/http1/message_parser.h"
#include "net/http1/upgrade.h"
#include "net/io/prefixed_stream.h"

namespace fairway::net::http {
namespace {

constexpr int kMaxRedirects = 9;

// What a 101 leaves: no body, but the connection itself.
class UpgradedBody final : public BodyReader {
 public:
  explicit UpgradedBody(std::unique_ptr<ByteStream> transport)
      : transport_(std::move(transport)) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char>) override {
    co_return size_t{0};
  }

  std::unique_ptr<ByteStream> TakeTransport() { return std::move(transport_); }

 private:
  std::unique_ptr<ByteStream> transport_;
};

// The body of any other answer, after which the connection is dropped.
class RefusalBody final : public BodyReader {
 public:
  RefusalBody(std::shared_ptr<http1::Input> input,
              std::unique_ptr<http1::MessageParser> parser,
              absl::Duration timeout)
      : input_(std::move(input)),
        parser_(std::move(parser)),
        reader_(input_, *parser_, timeout) {}
  ~RefusalBody() override { input_->stream().Abort(); }

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    return reader_.Read(buf);
  }

 private:
  std::shared_ptr<http1::Input> input_;
  std::unique_ptr<http1::MessageParser> parser_;
  http1::BodyReader reader_;
};

// As Go's Request.Write: Host, User-Agent and Content-Length first, then the
// others by name.
std::string RequestHead(const Request& request) {
  Headers head;
  const absl::string_view host = request.headers.Get("Host");
  head.Add("Host", host.empty() ? request.url.HostPort() : std::string(host));
  if (request.headers.Has("User-Agent")) {
    head.Add("User-Agent", request.headers.Get("User-Agent"));
  }
  if (request.method != "GET" || !request.body.empty()) {
    head.Add("Content-Length", absl::StrCat(request.body.size()));
  }
  std::vector<Headers::Field> others;
  for (const auto& field : request.headers) {
    if (!head.Has(field.first) &&
        !absl::EqualsIgnoreCase(field.first, "Content-Length")) {
      others.push_back(field);
    }
  }
  std::stable_sort(
      others.begin(), others.end(), [](const auto& a, const auto& b) {
        return absl::AsciiStrToLower(a.first) < absl::AsciiStrToLower(b.first);
      });
  for (const auto& [name, value] : others) head.Add(name, value);
  return http1::SerializeRequestHead(request.method,
                                     request.url.RequestTarget(), head);
}

absl::Status CheckRequest(const Request& request) {
  for (const auto& [name, value] : request.headers) {
    if (!IsValidHeader(name, value)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "net/http: invalid header field value for \"", name, "\""));
    }
  }
  return absl::OkStatus();
}

// Where the answer sends us, if we may follow.
absl::StatusOr<Url> RedirectTarget(const Url& original, const Url& current,
                                   const http1::ResponseHead& head) {
  const absl::string_view location = head.headers.Get("Location");
  if (location.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(head.status, " response missing Location header"));
  }
  absl::StatusOr<Url> reference = ParseUrl(location);
  if (!reference.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "malformed Location header: ", reference.status().message()));
  }
  Url target = ResolveReference(current, *reference);
  if (target.host != original.host) {
    return absl::FailedPreconditionError(
        absl::StrCat("hostname mismatch: expected ", original.host, ", found ",
                     target.host));
  }
  if (target.scheme != original.scheme ||
      target.EffectivePort() != original.EffectivePort()) {
    return absl::FailedPreconditionError(
        absl::StrCat("redirect to ", target.scheme, "://", target.HostPort(),
                     ": want the scheme and port of ", original.HostPort()));
  }
  return target;
}

// One request and the head of its answer.
struct Exchange {
  std::unique_ptr<ByteStream> stream;
  http1::ResponseHead head;
};

Task<absl::StatusOr<Exchange>> ExchangeOn(std::unique_ptr<ByteStream> stream,
                                          Request request,
                                          absl::Duration timeout) {
  Exchange exchange;
  exchange.stream = std::move(stream);
  const std::string head = RequestHead(request);
  absl::Status answered = co_await WithDeadline(
      timeout, "upgrade", [&exchange, &head, &request]() -> Task<absl::Status> {
        const absl::string_view pieces[] = {head, request.body};
        absl::Status written = co_await exchange.stream->Write(pieces);
        if (!written.ok()) co_return written;
        absl::StatusOr<http1::ResponseHead> read =
            co_await http1::ReadResponseHead(*exchange.stream);
        if (read.ok()) exchange.head = *std::move(read);
        co_return read.status();
      });
  if (absl::IsDeadlineExceeded(answered)) {
    co_return absl::DeadlineExceededError(
        "net/http: timeout awaiting response headers");
  }
  if (!answered.ok()) co_return answered;
  co_return exchange;
}

// An idle connection that leads where `request` goes; null if there is none.
// By way of a proxy that is another place without TLS: a transport asks the
// proxy, an upgrade wants a tunnel.
absl::StatusOr<std::unique_ptr<ByteStream>> TakeIdle(const Request& request,
                                                     const DialOptions& dial) {
  if (dial.pool == nullptr) return nullptr;
  Url proxy;
  if (dial.proxier != nullptr) {
    absl::StatusOr<Url> chosen = dial.proxier(request.url);
    if (!chosen.ok()) return chosen.status();
    proxy = *std::move(chosen);
  }
  if (!proxy.host.empty() && request.url.scheme != "https") return nullptr;
  std::shared_ptr<http1::Input> input =
      dial.pool->Take(ConnectionPool::KeyOf(request.url, proxy));
  if (input == nullptr) return nullptr;
  return input->Release();
}

Task<absl::StatusOr<Exchange>> DoExchange(Request request,
                                          UpgradeOptions options) {
  absl::StatusOr<std::unique_ptr<ByteStream>> idle =
      TakeIdle(request, options.dial);
  if (!idle.ok()) co_return idle.status();
  if (*idle != nullptr) {
    absl::StatusOr<Exchange> exchange = co_await ExchangeOn(
        *std::move(idle), request, options.response_timeout);
    // It may have died just now; nothing says that the server has seen the
    // request.
    const bool stale = absl::IsUnavailable(exchange.status()) ||
                       absl::IsAborted(exchange.status());
    if (!stale) co_return exchange;
  }
  absl::StatusOr<std::unique_ptr<ByteStream>> dialled =
      co_await Dial(request.url, options.dial);
  if (!dialled.ok()) co_return dialled.status();
  absl::StatusOr<Exchange> exchange = co_await ExchangeOn(
      *std::move(dialled), std::move(request), options.response_timeout);
  co_return exchange;
}

absl::StatusOr<Response> ToResponse(Executor executor, Exchange exchange,
                                    absl::Duration body_timeout) {
  Response response;
  response.status = exchange.head.status;
  response.reason = exchange.head.reason;
  response.headers = exchange.head.headers;
  auto stream =
      WithPrefix(std::move(exchange.head.rest), std::move(exchange.stream));
  if (response.status == 101) {
    response.body = std::make_unique<UpgradedBody>(std::move(stream));
    return response;
  }
  auto parser = std::make_unique<http1::MessageParser>(
      http1::MessageParser::Kind::kResponse);
  FAIRWAY_RETURN_IF_ERROR(parser->ParseHead(exchange.head.raw));
  response.body = std::make_unique<RefusalBody>(
      http1::Input::Make(executor, std::move(stream)), std::move(parser),
      body_timeout);
  return response;
}

}  // namespace

Task<absl::StatusOr<Response>> DoUpgradeRequest(Request request,
                                                UpgradeOptions options) {
  FAIRWAY_CO_RETURN_IF_ERROR(CheckRequest(request));
  const Url original = request.url;
  for (int redirects = 0; redirects <= kMaxRedirects; ++redirects) {
    absl::StatusOr<Exchange> exchange = co_await DoExchange(request, options);
    if (!exchange.ok()) co_return exchange.status();
    if (exchange->head.status != 302 ||
        options.follow_redirects == FollowRedirects::kNo) {
      Executor executor = co_await kThisExecutor;
      co_return ToResponse(executor, *std::move(exchange),
                           options.response_timeout);
    }
    absl::StatusOr<Url> target =
        RedirectTarget(original, request.url, exchange->head);
    if (!target.ok()) co_return target.status();
    // As RFC 2616, section 10.3 has it.
    request.url = *std::move(target);
    request.method = "GET";
    request.body.clear();
  }
  co_return absl::FailedPreconditionError(
      absl::StrCat("too many redirects (", kMaxRedirects + 1, ")"));
}

std::unique_ptr<ByteStream> TakeUpgraded(Response& response) {
  auto* upgraded = dynamic_cast<UpgradedBody*>(response.body.get());
  return upgraded == nullptr ? nullptr : upgraded->TakeTransport();
}

}  // namespace fairway::net::http
