// SPDX-License-Identifier: Apache-2.0
// Mirrors: net/http/server.go's conn.serve (Go 1.15) in its answers to bad
// requests.
#include "net/http1/server_connection.h"

#include <glog/logging.h>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status/http_status.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "net/http1/body_reader.h"
#include "net/http1/input.h"
#include "net/http1/message_parser.h"
#include "net/http1/response_writer.h"

namespace fairway::net::http1 {
namespace {

// What a handler left of a body is read up to here, to keep the connection.
constexpr size_t kMaxDrainBytes = 256 * 1024;
// How long a peer may take to read a last answer before the connection goes.
constexpr absl::Duration kLinger = absl::Milliseconds(500);
constexpr absl::Duration kCloseTimeout = absl::Seconds(5);

struct BadRequest {
  int status = 400;
  std::string text;  // what Go writes behind the status
};

BadRequest ToBadRequest(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kResourceExhausted:
      return {431, ""};
    case absl::StatusCode::kUnimplemented:
      return {501, ": unsupported transfer encoding"};
    case absl::StatusCode::kOutOfRange:
      return {505, ": unsupported protocol version"};
    default:
      return {400, ""};
  }
}

// Sends 100 (Continue) before the first wait for a body that depends on it.
class ContinuedBody final : public http::BodyReader {
 public:
  ContinuedBody(http1::BodyReader& body, ResponseWriter& writer, bool expected)
      : body_(body), writer_(writer), expected_(expected) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    if (writer_.hijacked()) {
      co_return absl::FailedPreconditionError("http: connection was hijacked");
    }
    if (expected_ && !body_.done()) {
      expected_ = false;
      absl::Status status = co_await writer_.WriteContinue();
      if (!status.ok()) co_return status;
    }
    absl::StatusOr<size_t> n = co_await body_.Read(buf);
    co_return n;
  }

  // Whether the client still waits for leave to send.
  bool withheld() const { return expected_ && !body_.done(); }

 private:
  http1::BodyReader& body_;
  ResponseWriter& writer_;
  bool expected_;
};

class ServerConnection {
 public:
  ServerConnection(Executor executor, std::unique_ptr<ByteStream> stream,
                   http::ConnectionInfo info, const http::Handler& handler,
                   const http::ServerOptions& options, http::DrainState& drain)
      : executor_(executor),
        input_(Input::Make(executor, std::move(stream))),
        info_(std::move(info)),
        handler_(handler),
        options_(options),
        drain_(drain),
        watch_(executor) {}

  Task<absl::Status> Run();

 private:
  enum class Next { kRequest, kClose, kLinger, kDrop, kForget };

  void WatchDrain();
  Task<absl::Status> AwaitRequest(absl::Duration timeout);
  Task<absl::Status> WaitForBytes();
  Task<absl::StatusOr<size_t>> ReadHead();
  Task<absl::StatusOr<size_t>> FindHead();
  Task<Next> ServeRequest();
  Task<Next> ServeParsed(MessageParser& parser);
  Task<Next> Refuse(BadRequest bad);
  absl::Status FillRequest(MessageParser& parser, http::ServerRequest& request,
                           BadRequest& bad);
  Task<absl::Status> RunHandler(http::ServerRequest& request,
                                ResponseWriter& writer);
  Task<Next> EndRequest(absl::Status status, BodyReader& body,
                        ContinuedBody& continued, ResponseWriter& writer);
  Task<bool> Drain(http::BodyReader& body);
  Task<absl::Status> End(Next how);
  Task<absl::Status> Linger();

  Executor executor_;
  std::shared_ptr<Input> input_;
  const http::ConnectionInfo info_;
  const http::Handler& handler_;
  const http::ServerOptions& options_;
  http::DrainState& drain_;
  TaskGroup watch_;
  ResponseWriter* writer_ = nullptr;  // of the request under way
};

Task<absl::Status> ServerConnection::Run() {
  WatchDrain();
  Next next = Next::kRequest;
  absl::Status status;
  // Go gives the first request the time of a head, later ones the idle time.
  absl::Duration timeout = options_.header_timeout;
  while (next == Next::kRequest) {
    status = co_await AwaitRequest(timeout);
    if (!status.ok() || input_->buffered().empty()) {
      next = Next::kClose;
      break;
    }
    timeout = options_.idle_timeout;
    next = co_await ServeRequest();
  }
  absl::Status ended = co_await End(next);
  if (status.ok()) status = ended;
  watch_.Cancel();
  absl::Status joined = co_await watch_.Join();
  if (!joined.ok() && !absl::IsCancelled(joined)) status = joined;
  co_return status;
}

void ServerConnection::WatchDrain() {
  watch_.Spawn([this]() -> Task<absl::Status> {
    absl::Status begun = co_await drain_.Wait();
    if (!begun.ok()) co_return begun;
    if (writer_ != nullptr) writer_->set_draining();
    input_->Poke();
    co_return absl::OkStatus();
  });
}

// Waits for the first byte of a request, the peer's FIN, or a drain.
Task<absl::Status> ServerConnection::AwaitRequest(absl::Duration timeout) {
  if (!input_->buffered().empty()) co_return absl::OkStatus();
  absl::Status status = co_await WithDeadline(
      timeout, "idle connection", [this]() -> Task<absl::Status> {
        absl::Status waited = co_await WaitForBytes();
        co_return waited;
      });
  co_return status;
}

Task<absl::Status> ServerConnection::WaitForBytes() {
  while (input_->buffered().empty() && !input_->ended() && !drain_.draining()) {
    input_->ReadAhead();
    if (!input_->buffered().empty() || input_->ended()) break;
    absl::Status waited = co_await input_->WaitChanged();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<size_t>> ServerConnection::ReadHead() {
  size_t searched = 0;
  absl::StatusOr<size_t> end =
      FindHeadEnd(input_->buffered(), options_.max_header_bytes, searched);
  if (!end.ok() || *end > 0) co_return end;
  end = co_await WithDeadline<size_t>(options_.header_timeout, "request head",
                                      [this]() -> Task<absl::StatusOr<size_t>> {
                                        absl::StatusOr<size_t> found =
                                            co_await FindHead();
                                        co_return found;
                                      });
  co_return end;
}

Task<absl::StatusOr<size_t>> ServerConnection::FindHead() {
  size_t searched = 0;
  while (true) {
    absl::StatusOr<size_t> end =
        FindHeadEnd(input_->buffered(), options_.max_header_bytes, searched);
    if (!end.ok() || *end > 0) co_return end;
    if (input_->ended()) co_return absl::UnavailableError("unexpected EOF");
    absl::Status filled = co_await input_->Fill();
    if (!filled.ok() && !input_->ended()) co_return filled;
  }
}

Task<ServerConnection::Next> ServerConnection::ServeRequest() {
  absl::StatusOr<size_t> end = co_await ReadHead();
  if (!end.ok()) {
    // Who is too slow, or gone, gets no answer.
    if (!absl::IsInvalidArgument(end.status()) &&
        !absl::IsResourceExhausted(end.status())) {
      co_return Next::kClose;
    }
    Next refused = co_await Refuse(ToBadRequest(end.status()));
    co_return refused;
  }
  MessageParser parser(MessageParser::Kind::kRequest);
  absl::Status parsed = parser.ParseHead(input_->buffered().substr(0, *end));
  input_->Consume(*end);
  if (!parsed.ok()) {
    Next refused = co_await Refuse(ToBadRequest(parsed));
    co_return refused;
  }
  Next next = co_await ServeParsed(parser);
  co_return next;
}

Task<ServerConnection::Next> ServerConnection::ServeParsed(
    MessageParser& parser) {
  const bool keep_alive = parser.keep_alive();
  http::ServerRequest request;
  BadRequest bad;
  absl::Status filled = FillRequest(parser, request, bad);
  if (!filled.ok()) {
    Next refused = co_await Refuse(bad);
    co_return refused;
  }
  BodyReader body(input_, parser, options_.idle_timeout);
  const bool continue_expected =
      absl::EqualsIgnoreCase(request.headers.Get("Expect"), "100-continue");
  ContinuedBody* continued_body = nullptr;
  ResponseWriter writer(
      executor_, input_,
      {request.method == "HEAD", parser.minor_version(), keep_alive},
      [this, &parser, &continued_body] {
        return drain_.draining() || continued_body->withheld() ||
               (!parser.done() &&
                parser.content_length().value_or(0) > kMaxDrainBytes);
      });
  ContinuedBody continued(body, writer, continue_expected);
  continued_body = &continued;
  request.body = &continued;
  writer_ = &writer;
  if (drain_.draining()) writer.set_draining();
  absl::Status status = co_await RunHandler(request, writer);
  Next next = co_await EndRequest(status, body, continued, writer);
  writer_ = nullptr;
  co_return next;
}

absl::Status ServerConnection::FillRequest(MessageParser& parser,
                                           http::ServerRequest& request,
                                           BadRequest& bad) {
  request.method = parser.method();
  request.headers = std::move(parser.headers());
  request.tls = info_.tls;
  request.remote_address = info_.remote_address;
  request.peer_certificate = info_.peer_certificate.get();
  const size_t hosts = request.headers.Values("Host").size();
  if (hosts > 1) {
    bad.text = ": too many Host headers";
  } else if (hosts == 0 && parser.minor_version() == 1 &&
             request.method != "CONNECT") {
    bad.text = ": missing required Host header";
  }
  if (!bad.text.empty()) return absl::InvalidArgumentError(bad.text);
  absl::Status target = http::SetRequestTarget(
      parser.target(), request.headers.Get("Host"), request);
  if (!target.ok() && absl::StrContains(target.message(), "Host header")) {
    bad.text = ": malformed Host header";
  }
  if (!target.ok()) return target;
  const absl::string_view expect = request.headers.Get("Expect");
  if (!expect.empty() && !absl::EqualsIgnoreCase(expect, "100-continue")) {
    bad.status = 417;
    return absl::InvalidArgumentError("unknown expectation");
  }
  return absl::OkStatus();
}

// In Go's words. The connection ends after it.
Task<ServerConnection::Next> ServerConnection::Refuse(BadRequest bad) {
  const std::string status =
      absl::StrCat(bad.status, " ", HttpReasonPhrase(bad.status));
  const std::string answer = absl::StrCat(
      "HTTP/1.1 ", status,
      "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
      "\r\n",
      status, bad.text);
  absl::Status written = co_await WriteAll(input_->stream(), answer);
  co_return written.ok() ? Next::kLinger : Next::kClose;
}

// A handler that throws ends its request, and nothing else.
Task<absl::Status> ServerConnection::RunHandler(http::ServerRequest& request,
                                                ResponseWriter& writer) {
  std::string thrown;
  try {
    absl::Status status = co_await handler_(request, writer);
    co_return status;
  } catch (const std::exception& e) {
    thrown = e.what();
  } catch (...) {
    thrown = "of unknown type";
  }
  co_return absl::InternalError(absl::StrCat("exception: ", thrown));
}

Task<ServerConnection::Next> ServerConnection::EndRequest(
    absl::Status status, BodyReader& body, ContinuedBody& continued,
    ResponseWriter& writer) {
  if (absl::IsCancelled(status) || absl::IsAborted(status) ||
      absl::IsUnavailable(status)) {
    // Peers go all the time.
    VLOG(2) << "http: serving " << info_.remote_address << ": " << status;
  } else if (!status.ok()) {
    LOG(WARNING) << "http: serving " << info_.remote_address << ": " << status;
  }
  const bool incomplete = !status.ok() && writer.wrote_header();
  if (!status.ok() && !writer.wrote_header() && !writer.hijacked()) {
    absl::Status answered = co_await http::Respond(
        writer, 500, "text/plain; charset=utf-8", "Internal Server Error\n");
    if (!answered.ok()) VLOG(2) << "http: " << answered;
  }
  absl::Status finished;
  if (incomplete) {
    finished = co_await writer.Abandon();
    co_return Next::kDrop;
  }
  finished = co_await writer.Finish();
  if (writer.hijacked()) co_return Next::kForget;
  if (!finished.ok()) co_return Next::kClose;
  if (!writer.keep_alive()) {
    co_return body.done() ? Next::kClose : Next::kLinger;
  }
  if (body.done()) co_return Next::kRequest;
  if (continued.withheld()) co_return Next::kLinger;
  bool drained = co_await Drain(body);
  co_return drained ? Next::kRequest : Next::kLinger;
}

Task<bool> ServerConnection::Drain(http::BodyReader& body) {
  absl::Status status = co_await WithDeadline(
      options_.header_timeout, "rest of body", [&body]() -> Task<absl::Status> {
        std::string buffer(16 * 1024, '\0');
        for (size_t total = 0; total <= kMaxDrainBytes;) {
          absl::StatusOr<size_t> n =
              co_await body.Read(absl::MakeSpan(&buffer[0], buffer.size()));
          if (!n.ok()) co_return n.status();
          if (*n == 0) co_return absl::OkStatus();
          total += *n;
        }
        co_return absl::OutOfRangeError("rest of body: too long");
      });
  co_return status.ok();
}

Task<absl::Status> ServerConnection::End(Next how) {
  if (how == Next::kForget) co_return absl::OkStatus();
  bool cancelled = co_await IsCancelled();
  if (cancelled || how == Next::kDrop) {
    input_->stream().Abort();
    co_return absl::CancelledError("http: connection dropped");
  }
  if (how == Next::kLinger) {
    absl::Status lingered = co_await Linger();
    if (!lingered.ok()) VLOG(3) << "http: " << lingered;
  }
  absl::Status closed = co_await WithDeadline(
      kCloseTimeout, "close", [this]() -> Task<absl::Status> {
        absl::Status status = co_await input_->stream().Close();
        co_return status;
      });
  if (!closed.ok()) input_->stream().Abort();
  co_return closed;
}

// A close with unread input would reset the connection, and the peer could lose
// the answer: so the peer gets FIN, and a moment to close first.
Task<absl::Status> ServerConnection::Linger() {
  absl::Status status =
      co_await WithDeadline(kLinger, "linger", [this]() -> Task<absl::Status> {
        absl::Status closed = co_await input_->stream().CloseWrite();
        if (!closed.ok()) co_return closed;
        size_t total = 0;
        while (!input_->ended() && total < kMaxDrainBytes) {
          total += input_->buffered().size();
          input_->Consume(input_->buffered().size());
          absl::Status filled = co_await input_->Fill();
          if (!filled.ok()) co_return filled;
        }
        co_return absl::OkStatus();
      });
  co_return status;
}

}  // namespace

Task<absl::Status> ServeConnection(std::unique_ptr<ByteStream> stream,
                                   http::ConnectionInfo info,
                                   const http::Handler& handler,
                                   const http::ServerOptions& options,
                                   http::DrainState& drain) {
  Executor executor = co_await kThisExecutor;
  ServerConnection connection(executor, std::move(stream), std::move(info),
                              handler, options, drain);
  absl::Status status = co_await connection.Run();
  co_return status;
}

}  // namespace fairway::net::http1
