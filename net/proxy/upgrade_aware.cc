// SPDX-License-Identifier: Apache-2.0
#include "net/proxy/upgrade_aware.h"

#include <glog/logging.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "base/status/co_status.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "net/http/headers.h"
#include "net/http/message.h"
#include "net/http1/body_reader.h"
#include "net/http1/input.h"
#include "net/http1/message_parser.h"
#include "net/http1/upgrade.h"
#include "net/io/prefixed_stream.h"
#include "net/proxy/local_backend.h"
#include "net/proxy/throttle.h"
#include "net/socket/socket.h"

namespace fairway::net::proxy {
namespace {

constexpr int kMaxRedirects = 9;  // the 10th fails
constexpr size_t kMaxBackendHeadBytes = 64 * 1024;
constexpr size_t kMaxRequestBodyBytes = 1 << 20;
// The kubelet asks its runtime before it answers, which has 2 min for it.
constexpr absl::Duration kAnswerTimeout = absl::Minutes(3);
// As upstream, for an answer that is no upgrade.
constexpr absl::Duration kErrorBodyTimeout = absl::Seconds(10);
// After one side ended: how long the other may take to end as well.
constexpr absl::Duration kLinger = absl::Seconds(5);

// A backend that has answered.
struct Backend {
  std::unique_ptr<ByteStream> stream;
  http1::ResponseHead head;
};

absl::Status WithContext(absl::string_view context,
                         const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(context, ": ", status.message()));
}

// What went wrong behind this hop, never to be taken for the client's fault or
// its identity: only that the backend is away or late keeps its code.
absl::Status BackendError(absl::string_view context,
                          const absl::Status& status) {
  absl::StatusCode code = absl::StatusCode::kInternal;
  if (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
      absl::IsCancelled(status)) {
    code = status.code();
  }
  return absl::Status(code, absl::StrCat(context, status.message()));
}

absl::Status CheckUpgrade(const http::ServerRequest& request) {
  if (!request.headers.HasToken("Connection", "Upgrade") ||
      request.http_major != 1) {
    return absl::InvalidArgumentError("Upgrade request required");
  }
  const absl::string_view protocol = request.headers.Get("Upgrade");
  if (!absl::EqualsIgnoreCase(protocol, "SPDY/3.1") &&
      !absl::EqualsIgnoreCase(protocol, "websocket")) {
    return absl::InvalidArgumentError(
        absl::StrCat("unsupported upgrade protocol \"", protocol, "\""));
  }
  return absl::OkStatus();
}

// The request's fields as the backend gets them. Host is added for each hop,
// and the length of a body with it.
http::Headers CloneHeaders(const http::ServerRequest& request) {
  http::Headers headers = request.headers;
  headers.Remove("Host");
  headers.Remove("Content-Length");
  headers.Remove("Transfer-Encoding");
  headers.Remove("Expect");
  absl::StatusOr<HostPort> remote = SplitHostPort(request.remote_address);
  if (!remote.ok()) return headers;
  std::string chain = absl::StrJoin(headers.Values("X-Forwarded-For"), ", ");
  absl::StrAppend(&chain, chain.empty() ? "" : ", ", remote->host);
  headers.Set("X-Forwarded-For", chain);
  return headers;
}

// Runs `body` for as long as the client is there.
// Errors: also kCancelled when it went.
Task<absl::Status> WhileClientThere(http::ResponseWriter& writer,
                                    std::function<Task<absl::Status>()> body) {
  Executor executor = co_await kThisExecutor;
  TaskGroup work(executor);
  TaskGroup watch(executor);
  absl::Status status;
  work.Spawn([&status, &body, &watch]() -> Task<absl::Status> {
    status = co_await body();
    watch.Cancel();
    co_return status;
  });
  if (work.running() > 0) {
    watch.Spawn([&writer, &work]() -> Task<absl::Status> {
      absl::Status gone = co_await writer.WaitPeerGone();
      if (gone.ok()) work.Cancel();
      co_return gone;
    });
  }
  absl::Status worked = co_await work.Join();
  absl::Status watched = co_await watch.Join();
  if (!watched.ok() && !absl::IsCancelled(watched)) VLOG(4) << watched;
  co_return worked;
}

// How the two directions of a relay have ended.
class RelayEnd {
 public:
  explicit RelayEnd(Executor executor) : changed_(executor) {}

  void Note(const absl::Status& status) {
    if (++ended_ == 1) first_ = status;
    changed_.NotifyAll();
  }
  // The status of the direction that ended first. Errors: also kCancelled.
  Task<absl::Status> WaitFirst() {
    while (ended_ < 1) {
      absl::Status waited = co_await changed_.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return first_;
  }
  Task<absl::Status> WaitBoth() {
    while (ended_ < 2) {
      absl::Status waited = co_await changed_.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }

 private:
  int ended_ = 0;
  absl::Status first_;
  Condition changed_;
};

Task<> CloseInTime(ByteStream& stream) {
  absl::Status closed = co_await WithDeadline(
      kLinger, "close", [&stream]() -> Task<absl::Status> {
        absl::Status status = co_await stream.Close();
        co_return status;
      });
  if (!closed.ok()) stream.Abort();
}

// One request to the handler.
class Proxying {
 public:
  Proxying(const UpgradeAwareOptions& options, http::ServerRequest& request,
           http::ResponseWriter& writer)
      : options_(options),
        request_(request),
        writer_(writer),
        headers_(CloneHeaders(request)),
        method_(request.method),
        location_(options.location) {
    if (location_.scheme.empty()) location_.scheme = "http";
    original_host_ = location_.host;
  }

  Task<absl::Status> Run();

 private:
  http::Headers BackendHeaders() const;
  Task<absl::Status> ReadRequestBody();
  Task<absl::Status> CallBackend(bool* answered);
  Task<absl::Status> Connect();
  Task<absl::Status> Ask();
  absl::Status FollowRedirect();
  Task<absl::Status> RelayAnswer();
  Task<absl::Status> CopyAnswerBody(http::BodyReader& body);
  Task<absl::Status> Switch();
  Task<absl::Status> RelayBothWays(ByteStream& client, ByteStream& backend);

  const UpgradeAwareOptions& options_;
  http::ServerRequest& request_;
  http::ResponseWriter& writer_;
  const http::Headers headers_;
  std::string method_;
  std::string body_;
  http::Url location_;
  std::string original_host_;
  Backend backend_;
};

Task<absl::Status> Proxying::Run() {
  absl::Status status = CheckUpgrade(request_);
  if (!status.ok()) {
    absl::Status refused =
        co_await options_.responder(request_, writer_, status);
    co_return refused;
  }
  status = co_await ReadRequestBody();
  if (status.ok() && options_.backend != nullptr) {
    bool answered = false;
    status = co_await CallBackend(&answered);
    if (answered) co_return status;
  } else if (status.ok()) {
    status = co_await WhileClientThere(writer_, [this]() -> Task<absl::Status> {
      absl::Status connected = co_await Connect();
      co_return connected;
    });
  }
  if (status.ok() && backend_.head.status != 101 &&
      backend_.head.status < 400) {
    // Neither followed nor shown to the client: CVE-2018-1002102, 2020-8559.
    status = InvalidUpgradeResponse(backend_.head.status);
  }
  if (!status.ok()) {
    if (backend_.stream != nullptr) backend_.stream->Abort();
    bool cancelled = co_await IsCancelled();
    if (cancelled) co_return status;
    if (absl::IsCancelled(status)) {
      // The client went, or this server is about to.
      status = absl::UnavailableError("the server is shutting down");
    }
    writer_.headers().Set("Connection", "close");
    absl::Status answered =
        co_await options_.responder(request_, writer_, status);
    co_return answered;
  }
  if (backend_.head.status == 101) {
    status = co_await Switch();
  } else {
    status = co_await RelayAnswer();
  }
  co_return status;
}

// A body goes to the backend whole, before its answer is waited for.
Task<absl::Status> Proxying::ReadRequestBody() {
  const absl::string_view length = request_.headers.Get("Content-Length");
  const bool has_body = request_.headers.Has("Transfer-Encoding") ||
                        (!length.empty() && length != "0");
  if (!has_body) co_return absl::OkStatus();
  absl::StatusOr<std::string> body =
      co_await http::ReadAll(*request_.body, kMaxRequestBodyBytes);
  if (!body.ok()) co_return WithContext("error sending request", body.status());
  body_ = *std::move(body);
  co_return absl::OkStatus();
}

http::Headers Proxying::BackendHeaders() const {
  http::Headers headers = {{"Host", location_.HostPort()}};
  for (const auto& [name, value] : headers_) headers.Add(name, value);
  if (!body_.empty() || method_ == "POST" || method_ == "PUT") {
    headers.Add("Content-Length", absl::StrCat(body_.size()));
  }
  return headers;
}

Task<absl::Status> Proxying::CallBackend(bool* answered) {
  LocalBackend backend(options_.backend, request_, writer_,
                       options_.max_bytes_per_sec);
  BackendRequest sent;
  sent.method = method_;
  sent.location = location_;
  sent.headers = BackendHeaders();
  sent.body = std::move(body_);
  absl::Status served = co_await backend.Serve(std::move(sent));
  *answered = backend.answered();
  co_return served;
}

// Mirrors: k8s.io/apimachinery/pkg/util/net.ConnectWithRedirects (v0.20.2).
Task<absl::Status> Proxying::Connect() {
  for (int redirects = 0;; ++redirects) {
    if (redirects > kMaxRedirects) {
      co_return absl::InternalError(
          absl::StrCat("too many redirects (", redirects, ")"));
    }
    absl::Status asked = co_await Ask();
    FAIRWAY_CO_RETURN_IF_ERROR(asked);
    if (!options_.intercept_redirects || backend_.head.status != 302) {
      co_return absl::OkStatus();
    }
    absl::Status followed = FollowRedirect();
    FAIRWAY_CO_RETURN_IF_ERROR(followed);
    backend_.stream->Abort();
    backend_.stream.reset();
  }
}

// Dials location_, writes the request and reads the head of the answer.
Task<absl::Status> Proxying::Ask() {
  absl::StatusOr<std::unique_ptr<ByteStream>> stream =
      co_await http::Dial(location_, options_.dial);
  if (!stream.ok())
    co_return BackendError("error dialing backend: ", stream.status());
  backend_.stream = *std::move(stream);
  const std::string head = http1::SerializeRequestHead(
      method_, location_.RequestTarget(), BackendHeaders());
  absl::StatusOr<http1::ResponseHead> answer =
      co_await WithDeadline<http1::ResponseHead>(
          kAnswerTimeout, "backend's answer",
          [this, &head]() -> Task<absl::StatusOr<http1::ResponseHead>> {
            const absl::string_view pieces[] = {head, body_};
            absl::Status written = co_await backend_.stream->Write(pieces);
            if (!written.ok()) {
              co_return BackendError("error sending request: ", written);
            }
            absl::StatusOr<http1::ResponseHead> read =
                co_await http1::ReadResponseHead(*backend_.stream,
                                                 kMaxBackendHeadBytes);
            co_return read;
          });
  if (!answer.ok()) co_return BackendError("", answer.status());
  backend_.head = *std::move(answer);
  co_return absl::OkStatus();
}

absl::Status Proxying::FollowRedirect() {
  const absl::string_view text = backend_.head.headers.Get("Location");
  if (text.empty()) {
    return absl::InternalError(absl::StrCat(
        backend_.head.status, " response missing Location header"));
  }
  absl::StatusOr<http::Url> reference = http::ParseUrl(text);
  if (!reference.ok()) {
    return absl::InternalError(absl::StrCat("malformed Location header: ",
                                            reference.status().message()));
  }
  // Relative to where it was asked, and not to the first location.
  http::Url next = http::ResolveReference(location_, *reference);
  if (options_.require_same_host_redirects && next.host != original_host_) {
    return absl::InternalError(absl::StrCat(
        "hostname mismatch: expected ", original_host_, ", found ", next.host));
  }
  if (options_.on_redirect != nullptr) options_.on_redirect(location_, next);
  location_ = std::move(next);
  // RFC 2616, 10.3, and no body with it.
  method_ = "GET";
  body_.clear();
  return absl::OkStatus();
}

// The backend refused. Nothing of the client's may reach it after that
// (CVE-2018-1002105), so both connections end with the answer.
Task<absl::Status> Proxying::RelayAnswer() {
  http1::MessageParser parser(http1::MessageParser::Kind::kResponse);
  if (method_ == "HEAD") parser.SkipBody();
  absl::Status parsed = parser.ParseHead(backend_.head.raw);
  FAIRWAY_CO_RETURN_IF_ERROR(parsed);
  for (const auto& [name, value] : backend_.head.headers) {
    if (!IsHopByHop(name)) writer_.headers().Add(name, value);
  }
  writer_.headers().Set("Connection", "close");
  Executor executor = co_await kThisExecutor;
  std::unique_ptr<ByteStream> stream =
      WithPrefix(std::move(backend_.head.rest), std::move(backend_.stream));
  std::shared_ptr<http1::Input> input =
      http1::Input::Make(executor, std::move(stream));
  http1::BodyReader body(input, parser, absl::InfiniteDuration());
  absl::Status copied = co_await WithDeadline(
      kErrorBodyTimeout, "backend's answer",
      [this, &body]() -> Task<absl::Status> {
        absl::Status status = co_await CopyAnswerBody(body);
        co_return status;
      });
  input->stream().Abort();
  co_return copied;
}

Task<absl::Status> Proxying::CopyAnswerBody(http::BodyReader& body) {
  absl::Status begun = co_await writer_.WriteHeader(backend_.head.status);
  FAIRWAY_CO_RETURN_IF_ERROR(begun);
  std::string buffer(16 * 1024, '\0');
  while (true) {
    absl::StatusOr<size_t> n =
        co_await body.Read(absl::MakeSpan(&buffer[0], buffer.size()));
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return absl::OkStatus();
    const absl::string_view piece = absl::string_view(buffer).substr(0, *n);
    absl::Status written = co_await writer_.Write(piece);
    FAIRWAY_CO_RETURN_IF_ERROR(written);
  }
}

Task<absl::Status> Proxying::Switch() {
  absl::StatusOr<std::unique_ptr<ByteStream>> hijacked = writer_.Hijack();
  if (!hijacked.ok()) {
    backend_.stream->Abort();
    const absl::Status why =
        WithContext("error hijacking connection", hijacked.status());
    absl::Status answered = co_await options_.responder(request_, writer_, why);
    co_return answered;
  }
  std::unique_ptr<ByteStream> client = *std::move(hijacked);
  std::unique_ptr<ByteStream> backend =
      Throttle(std::move(backend_.stream), options_.max_bytes_per_sec);
  const absl::string_view pieces[] = {backend_.head.raw, backend_.head.rest};
  absl::Status status = co_await client->Write(pieces);
  if (status.ok()) {
    backend_.head = {};
    status = co_await RelayBothWays(*client, *backend);
  } else {
    client->Abort();
    backend->Abort();
  }
  co_return status;
}

// When one side ends, so does the other: it gets what was read, and FIN, and
// then a moment to end on its own, since a close before it has would be a
// reset that destroys what it was sent.
Task<absl::Status> Proxying::RelayBothWays(ByteStream& client,
                                           ByteStream& backend) {
  Executor executor = co_await kThisExecutor;
  TaskGroup copies(executor);
  RelayCounts counts;
  RelayEnd end(executor);
  copies.Spawn([&]() -> Task<absl::Status> {
    absl::Status status =
        co_await CopyUntilFin(client, backend, &counts.a_to_b_bytes);
    end.Note(status);
    co_return status;
  });
  copies.Spawn([&]() -> Task<absl::Status> {
    absl::Status status =
        co_await CopyUntilFin(backend, client, &counts.b_to_a_bytes);
    end.Note(status);
    co_return status;
  });
  absl::Status first = co_await end.WaitFirst();
  if (first.ok()) {
    // As long as bytes still flow to the side that ended its own, they may.
    bool flowing = true;
    while (flowing) {
      const uint64_t before = counts.a_to_b_bytes + counts.b_to_a_bytes;
      absl::Status lingered = co_await WithDeadline(
          kLinger, "end of relay", [&end]() -> Task<absl::Status> {
            absl::Status status = co_await end.WaitBoth();
            co_return status;
          });
      flowing = absl::IsDeadlineExceeded(lingered) &&
                counts.a_to_b_bytes + counts.b_to_a_bytes != before;
    }
    co_await CloseInTime(client);
    co_await CloseInTime(backend);
  } else {
    client.Abort();
    backend.Abort();
  }
  absl::Status joined = co_await copies.Join();
  if (options_.on_relayed != nullptr) options_.on_relayed(counts);
  co_return first;
}

}  // namespace

UpgradeAwareHandler::UpgradeAwareHandler(UpgradeAwareOptions options)
    : options_(std::move(options)) {}

Task<absl::Status> UpgradeAwareHandler::ServeHTTP(
    http::ServerRequest& request, http::ResponseWriter& writer) {
  Proxying proxying(options_, request, writer);
  absl::Status status = co_await proxying.Run();
  co_return status;
}

}  // namespace fairway::net::proxy
