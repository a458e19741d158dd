// SPDX-License-Identifier: Apache-2.0
// Mirrors: net/http/transport.go (Go 1.15), HTTP/1.1 only.
#include "net/http/transport.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status/co_status.h"
#include "base/task/task_group.h"
#include "net/http/connection_pool.h"
#include "net/http/dial.h"
#include "net/http1/body_reader.h"
#include "net/http1/input.h"
#include "net/http1/message_parser.h"
#include "net/http1/upgrade.h"

namespace fairway::net::http {
namespace {

constexpr int kMaxInterimResponses = 5;

using http1::Input;
using http1::MessageParser;

// A request on its way, apart from its answer: a server may refuse a long body
// before it has read it, and read no more of it.
class Outgoing {
 public:
  Outgoing(Executor executor, std::string head, std::string body)
      : head_(std::move(head)), body_(std::move(body)), writing_(executor) {}

  static void Start(std::shared_ptr<Outgoing> self,
                    std::shared_ptr<Input> input) {
    self->writing_.Spawn([self, input]() -> Task<absl::Status> {
      const absl::string_view pieces[] = {self->head_, self->body_};
      self->status_ = co_await input->stream().Write(pieces);
      co_return self->status_;
    });
  }

  // kUnknown while it is being written.
  const absl::Status& status() const { return status_; }

 private:
  const std::string head_;
  const std::string body_;
  absl::Status status_ = absl::UnknownError("being written");
  TaskGroup writing_;
};

// A response's body, which gives its connection back to the pool at its end.
class PooledBody final : public BodyReader {
 public:
  PooledBody(std::shared_ptr<Input> input, std::shared_ptr<Outgoing> outgoing,
             std::unique_ptr<MessageParser> parser, bool reusable,
             std::weak_ptr<ConnectionPool> pool, std::string key)
      : input_(std::move(input)),
        outgoing_(std::move(outgoing)),
        parser_(std::move(parser)),
        reader_(input_, *parser_, absl::InfiniteDuration()),
        reusable_(reusable),
        pool_(std::move(pool)),
        key_(std::move(key)) {
    if (parser_->done()) Release();
  }
  ~PooledBody() override {
    if (input_ != nullptr) input_->stream().Abort();
  }

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    absl::StatusOr<size_t> n = co_await reader_.Read(buf);
    if (n.ok() && parser_->done()) Release();
    co_return n;
  }

 private:
  void Release() {
    if (input_ == nullptr) return;
    std::shared_ptr<Input> input = std::move(input_);
    std::shared_ptr<ConnectionPool> pool = pool_.lock();
    if (pool == nullptr) {
      input->stream().Abort();
    } else if (!outgoing_->status().ok()) {
      // Half a request is nothing to end in good order.
      input->stream().Abort();
    } else if (!reusable_ || input->ended() || !input->buffered().empty()) {
      pool->CloseLater(std::move(input));
    } else {
      pool->Give(key_, std::move(input));
    }
  }

  std::shared_ptr<Input> input_;
  std::shared_ptr<Outgoing> outgoing_;
  std::unique_ptr<MessageParser> parser_;
  http1::BodyReader reader_;
  const bool reusable_;
  std::weak_ptr<ConnectionPool> pool_;
  const std::string key_;
};

absl::Status Validate(const Request& request) {
  if (request.url.scheme != "http" && request.url.scheme != "https") {
    return absl::InvalidArgumentError(absl::StrCat(
        "unsupported protocol scheme \"", request.url.scheme, "\""));
  }
  if (request.url.host.empty()) {
    return absl::InvalidArgumentError("http: no Host in request URL");
  }
  if (!IsValidHeader(request.method, "")) {
    return absl::InvalidArgumentError(
        absl::StrCat("net/http: invalid method \"", request.method, "\""));
  }
  for (const auto& [name, value] : request.headers) {
    if (!IsValidHeader(name, value)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "net/http: invalid header field value for \"", name, "\""));
    }
  }
  return absl::OkStatus();
}

std::string MakeHead(const Request& request, const Url& proxy) {
  const bool ask_proxy = !proxy.host.empty() && request.url.scheme == "http";
  Headers headers;
  const absl::string_view host = request.headers.Get("Host");
  headers.Add("Host",
              host.empty() ? absl::string_view(request.url.HostPort()) : host);
  for (const auto& [name, value] : request.headers) {
    if (absl::EqualsIgnoreCase(name, "Host") ||
        absl::EqualsIgnoreCase(name, "Content-Length") ||
        absl::EqualsIgnoreCase(name, "Transfer-Encoding")) {
      continue;
    }
    headers.Add(name, value);
  }
  if (!request.url.user.empty() && !headers.Has("Authorization")) {
    headers.Add("Authorization", BasicAuth(request.url));
  }
  if (ask_proxy && !proxy.user.empty()) {
    headers.Add("Proxy-Authorization", BasicAuth(proxy));
  }
  if (!request.body.empty() || request.method == "POST" ||
      request.method == "PUT" || request.method == "PATCH") {
    headers.Add("Content-Length", absl::StrCat(request.body.size()));
  }
  std::string target = request.url.RequestTarget();
  if (ask_proxy) {
    target = absl::StrCat("http://", request.url.HostPort(), target);
  }
  return http1::SerializeRequestHead(request.method, target, headers);
}

bool IsReplayable(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" ||
         method == "TRACE";
}

class Transport final : public RoundTripper {
 public:
  Transport(Executor executor, DialOptions options)
      : pool_(options.pool != nullptr
                  ? options.pool
                  : std::make_shared<ConnectionPool>(executor)),
        options_(std::move(options)) {}

  Task<absl::StatusOr<Response>> RoundTrip(Request request) override;
  Task<absl::Status> CloseIdleConnections() override {
    return pool_->CloseIdle();
  }

 private:
  struct Exchanged {
    absl::StatusOr<Response> response;
    bool answered = false;  // at least one byte came
  };

  Task<absl::StatusOr<std::shared_ptr<Input>>> Connect(Url proxy, Url url);
  Task<Exchanged> Exchange(std::shared_ptr<Input> input, const Request& request,
                           const std::string& head, const std::string& key);
  Task<absl::StatusOr<std::unique_ptr<MessageParser>>> ReadHead(
      std::shared_ptr<Input> input, bool head_request, bool& answered);

  std::shared_ptr<ConnectionPool> pool_;
  const DialOptions options_;
};

Task<absl::StatusOr<Response>> Transport::RoundTrip(Request request) {
  absl::Status valid = Validate(request);
  FAIRWAY_CO_RETURN_IF_ERROR(valid);
  Url proxy;
  if (options_.proxier != nullptr && options_.unix_path.empty()) {
    absl::StatusOr<Url> chosen = options_.proxier(request.url);
    if (!chosen.ok()) co_return chosen.status();
    proxy = *std::move(chosen);
  }
  const std::string key = ConnectionPool::KeyOf(request.url, proxy);
  const std::string head = MakeHead(request, proxy);
  std::shared_ptr<Input> idle = pool_->Take(key);
  if (idle != nullptr) {
    Exchanged exchanged = co_await Exchange(idle, request, head, key);
    bool cancelled = co_await IsCancelled();
    // An idle connection may have died just now; nothing says that the server
    // has seen the request.
    const bool stale = !exchanged.response.ok() && !exchanged.answered;
    if (!stale || cancelled || !IsReplayable(request.method)) {
      co_return std::move(exchanged.response);
    }
  }
  absl::StatusOr<std::shared_ptr<Input>> fresh =
      co_await Connect(proxy, request.url);
  if (!fresh.ok()) co_return fresh.status();
  Exchanged exchanged = co_await Exchange(*fresh, request, head, key);
  co_return std::move(exchanged.response);
}

Task<absl::StatusOr<std::shared_ptr<Input>>> Transport::Connect(Url proxy,
                                                                Url url) {
  absl::StatusOr<std::unique_ptr<ByteStream>> stream = co_await DialThrough(
      std::move(proxy), std::move(url), options_, ProxyUse::kTransport);
  if (!stream.ok()) co_return stream.status();
  Executor executor = co_await kThisExecutor;
  co_return Input::Make(executor, *std::move(stream));
}

// The connection is dropped on every error.
Task<Transport::Exchanged> Transport::Exchange(std::shared_ptr<Input> input,
                                               const Request& request,
                                               const std::string& head,
                                               const std::string& key) {
  Executor executor = co_await kThisExecutor;
  auto outgoing = std::make_shared<Outgoing>(executor, head, request.body);
  Outgoing::Start(outgoing, input);
  Exchanged exchanged{absl::UnknownError("no answer")};
  absl::StatusOr<std::unique_ptr<MessageParser>> parser =
      co_await ReadHead(input, request.method == "HEAD", exchanged.answered);
  if (!parser.ok()) {
    const bool unwritten =
        !outgoing->status().ok() && !absl::IsUnknown(outgoing->status());
    exchanged.response = unwritten ? outgoing->status() : parser.status();
    input->stream().Abort();
    co_return exchanged;
  }
  Response response;
  response.status = (*parser)->status();
  response.reason = (*parser)->reason();
  const bool reusable = response.status != 101 && (*parser)->keep_alive() &&
                        !request.headers.HasToken("Connection", "close");
  response.headers = std::move((*parser)->headers());
  response.body =
      std::make_unique<PooledBody>(std::move(input), std::move(outgoing),
                                   *std::move(parser), reusable, pool_, key);
  exchanged.response = std::move(response);
  co_return exchanged;
}

Task<absl::StatusOr<std::unique_ptr<MessageParser>>> Transport::ReadHead(
    std::shared_ptr<Input> input, bool head_request, bool& answered) {
  size_t searched = 0;
  int interim = 0;
  while (true) {
    answered = answered || !input->buffered().empty();
    absl::StatusOr<size_t> end =
        http1::FindHeadEnd(input->buffered(), http1::kMaxHeadBytes, searched);
    if (!end.ok()) co_return end.status();
    if (*end == 0) {
      if (input->ended()) {
        if (!input->status().ok()) co_return input->status();
        co_return absl::UnavailableError(answered ? "unexpected EOF" : "EOF");
      }
      absl::Status filled = co_await input->Fill();
      if (!filled.ok() && !input->ended()) co_return filled;
      continue;
    }
    auto parser =
        std::make_unique<MessageParser>(MessageParser::Kind::kResponse);
    if (head_request) parser->SkipBody();
    absl::Status parsed = parser->ParseHead(input->buffered().substr(0, *end));
    if (!parsed.ok()) {
      co_return absl::InvalidArgumentError(
          absl::StrCat("malformed HTTP response: ", parsed.message()));
    }
    input->Consume(*end);
    if (parser->status() >= 200 || parser->status() == 101) co_return parser;
    if (++interim > kMaxInterimResponses) {
      co_return absl::InvalidArgumentError(
          "net/http: too many 1xx informational responses");
    }
    searched = 0;
  }
}

}  // namespace

std::unique_ptr<RoundTripper> NewTransport(Executor executor,
                                           DialOptions options) {
  return std::make_unique<Transport>(executor, std::move(options));
}

}  // namespace fairway::net::http
