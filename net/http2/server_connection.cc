// SPDX-License-Identifier: Apache-2.0
#include "net/http2/server_connection.h"

#include <glog/logging.h>

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/task/task_group.h"
#include "net/http/date.h"
#include "net/http2/server_session.h"

namespace fairway::net::http2 {
namespace {

class RequestBody final : public http::BodyReader {
 public:
  enum class Continue { kNotAsked, kExpected };

  RequestBody(std::shared_ptr<Stream> stream, Continue expectation)
      : stream_(std::move(stream)), continue_(expectation) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    if (continue_ == Continue::kExpected) {
      continue_ = Continue::kNotAsked;
      // Too late if the response has begun; the peer sends all the same.
      stream_->SendInformational({{":status", "100"}}).IgnoreError();
    }
    absl::StatusOr<size_t> n = co_await stream_->Read(buf);
    co_return n;
  }

 private:
  std::shared_ptr<Stream> stream_;
  Continue continue_;
};

class StreamResponseWriter final : public http::ResponseWriter {
 public:
  StreamResponseWriter(std::shared_ptr<Stream> stream, absl::string_view method)
      : stream_(std::move(stream)), is_head_(method == "HEAD") {}

  http::Headers& headers() override { return headers_; }

  Task<absl::Status> WriteHeader(int status) override {
    co_return Begin(status, EndStream::kNo);
  }

  Task<absl::Status> Write(absl::string_view bytes) override {
    if (!wrote_header_) {
      absl::Status begun = Begin(200, EndStream::kNo);
      if (!begun.ok()) co_return begun;
    }
    if (no_body_) co_return absl::OkStatus();
    absl::Status written = co_await stream_->Write(bytes);
    co_return written;
  }

  bool wrote_header() const override { return wrote_header_; }

  absl::StatusOr<std::unique_ptr<ByteStream>> Hijack() override {
    return absl::UnimplementedError("http2: connections cannot be hijacked");
  }

  Task<absl::Status> WaitPeerGone() override {
    absl::Status gone = co_await stream_->WaitGoneOrDraining();
    co_return gone;
  }

  // Completes what the handler left, which ended with `status`.
  void End(const absl::Status& status) {
    // Errors here mean that the peer has gone.
    if (!wrote_header_) {
      Begin(status.ok() ? 200 : 500, EndStream::kYes).IgnoreError();
      return;
    }
    if (!status.ok()) {
      // A body that breaks off must not look whole.
      stream_->Reset(kInternalError);
      return;
    }
    if (!stream_->finished()) stream_->Finish().IgnoreError();
  }

 private:
  absl::Status Begin(int status, EndStream end) {
    if (wrote_header_) {
      return absl::FailedPreconditionError("http2: header was written already");
    }
    if (status < 200 || status > 999) {
      return absl::InvalidArgumentError(
          absl::StrCat("http2: status ", status, ": want 200..999"));
    }
    no_body_ = is_head_ || status == 204 || status == 304;
    if (no_body_) end = EndStream::kYes;
    Fields fields = {{":status", absl::StrCat(status)}};
    for (const auto& [name, value] : headers_) {
      fields.emplace_back(absl::AsciiStrToLower(name), value);
    }
    if (!headers_.Has("Date")) {
      fields.emplace_back("date", http::FormatDate(absl::Now()));
    }
    absl::Status sent = stream_->SendFields(fields, end);
    if (sent.ok()) wrote_header_ = true;
    return sent;
  }

  std::shared_ptr<Stream> stream_;
  const bool is_head_;
  http::Headers headers_;
  bool wrote_header_ = false;
  bool no_body_ = false;
};

// Errors: kInvalidArgument for a request that is answered with 400.
absl::Status ReadRequest(const Fields& fields, http::ServerRequest& request) {
  absl::string_view path;
  absl::string_view host;
  std::string cookies;
  for (const auto& [name, value] : fields) {
    if (name == ":method") {
      request.method = value;
    } else if (name == ":path") {
      path = value;
    } else if (name == ":authority") {
      host = value;
    } else if (name == "cookie") {
      // HTTP/2 may send them one by one (RFC 9113, section 8.2.3).
      absl::StrAppend(&cookies, cookies.empty() ? "" : "; ", value);
    } else if (!absl::StartsWith(name, ":")) {
      request.headers.Add(name, value);
    }
  }
  if (!cookies.empty()) request.headers.Add("cookie", cookies);
  if (host.empty()) host = request.headers.Get("host");
  if (path.empty()) path = host;  // CONNECT has no path
  const std::string host_copy(host);
  return http::SetRequestTarget(path, host_copy, request);
}

Task<absl::Status> HandleStream(std::shared_ptr<Stream> stream,
                                const http::ConnectionInfo& info,
                                const http::Handler& handler) {
  http::ServerRequest request;
  request.http_major = 2;
  request.tls = info.tls;
  request.remote_address = info.remote_address;
  request.peer_certificate = info.peer_certificate.get();
  absl::Status read = ReadRequest(stream->fields(), request);
  if (!read.ok()) {
    co_return stream->SendFields({{":status", "400"}}, EndStream::kYes);
  }
  RequestBody body(stream, request.headers.HasToken("expect", "100-continue")
                               ? RequestBody::Continue::kExpected
                               : RequestBody::Continue::kNotAsked);
  request.body = &body;
  StreamResponseWriter writer(stream, request.method);
  absl::Status status = co_await handler(request, writer);
  if (!status.ok() && !stream->closed()) {
    LOG(ERROR) << "http2: " << request.method << " " << request.url.path
               << " from " << request.remote_address << ": " << status;
  }
  writer.End(status);
  co_return status;
}

}  // namespace

Task<absl::Status> ServeConnection(std::unique_ptr<ByteStream> stream,
                                   http::ConnectionInfo info,
                                   const http::Handler& handler,
                                   const http::ServerOptions& options,
                                   http::DrainState& drain) {
  Executor executor = co_await kThisExecutor;
  SessionOptions session_options;
  session_options.max_header_bytes = options.max_header_bytes;
  session_options.header_timeout = options.header_timeout;
  session_options.idle_timeout = options.idle_timeout;
  ServerSession session(executor, std::move(stream), session_options,
                        [&info, &handler](std::shared_ptr<Stream> request) {
                          return HandleStream(std::move(request), info,
                                              handler);
                        });
  TaskGroup watch(executor);
  watch.Spawn([&session, &drain]() -> Task<absl::Status> {
    absl::Status begun = co_await drain.Wait();
    if (begun.ok()) session.Drain();
    co_return begun;
  });
  absl::Status served = co_await session.Serve();
  watch.Cancel();
  absl::Status joined = co_await watch.Join();
  joined.IgnoreError();
  co_return served;
}

}  // namespace fairway::net::http2
