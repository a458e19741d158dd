// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/session.h"

#include <utility>

#include "httpstream/spdy/multiplexer.h"

namespace fairway::httpstream::spdy {
namespace {

using MultiplexerPtr = std::shared_ptr<Multiplexer>;

class SpdyStream final : public Stream {
 public:
  SpdyStream(MultiplexerPtr session, StreamPtr state)
      : session_(std::move(session)), state_(std::move(state)) {}
  ~SpdyStream() override { session_->ReleaseStream(state_); }

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    return session_->Read(state_, buf);
  }
  Task<absl::Status> WaitReadable() override {
    return session_->WaitReadable(state_);
  }
  Task<absl::Status> WaitBroken() override {
    return session_->WaitBroken(state_);
  }
  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    return session_->Write(state_, pieces);
  }
  Task<absl::Status> CloseWrite() override {
    co_return session_->CloseWrite(state_);
  }
  Task<absl::Status> Close() override {
    session_->CloseStream(state_);
    co_return absl::OkStatus();
  }
  void Abort() override { Reset(); }
  void Reset() override { session_->ResetStream(state_, RstStatus::kCancel); }
  Task<absl::Status> WaitReplied() override {
    return session_->WaitReplied(state_);
  }

  const net::http::Headers& headers() const override {
    static const auto* none = new net::http::Headers();
    return state_->headers == nullptr ? *none : *state_->headers;
  }
  void ForgetHeaders() override { state_->headers = nullptr; }
  uint32_t identifier() const override { return state_->id; }

 private:
  const MultiplexerPtr session_;
  const StreamPtr state_;
};

class SpdyConnection final : public Connection {
 public:
  explicit SpdyConnection(MultiplexerPtr session)
      : session_(std::move(session)) {}
  ~SpdyConnection() override { session_->Abort(); }

  absl::StatusOr<std::unique_ptr<Stream>> StartStream(
      net::http::Headers headers) override {
    absl::StatusOr<StreamPtr> state = session_->StartStream(std::move(headers));
    if (!state.ok()) return state.status();
    return std::make_unique<SpdyStream>(session_, *std::move(state));
  }
  Task<absl::Status> Close() override { return session_->Close(); }
  void Abort() override { session_->Abort(); }
  Task<absl::Status> WaitClosed() override { return session_->WaitClosed(); }
  void SetIdleTimeout(absl::Duration timeout) override {
    session_->SetIdleTimeout(timeout);
  }
  Task<absl::StatusOr<bool>> KeepsStreamsApart() override {
    return session_->KeepsStreamsApart();
  }
  void Drain() override { session_->Drain(); }
  absl::optional<absl::Duration> RoundTripTime() const override {
    return session_->RoundTripTime();
  }

 private:
  const MultiplexerPtr session_;
};

}  // namespace

std::unique_ptr<Connection> NewClientConnection(
    Executor executor, std::unique_ptr<net::ByteStream> transport,
    SessionOptions options) {
  auto session = std::make_shared<Multiplexer>(executor, std::move(transport),
                                               Role::kClient, options, nullptr);
  session->Start();
  return std::make_unique<SpdyConnection>(std::move(session));
}

std::unique_ptr<Connection> NewServerConnection(
    Executor executor, std::unique_ptr<net::ByteStream> transport,
    SessionOptions options, NewStreamHandler new_stream_handler) {
  // The session holds what makes handles, and each handle holds the session.
  auto self = std::make_shared<std::weak_ptr<Multiplexer>>();
  auto acceptor = [self, handler = std::move(new_stream_handler)](
                      StreamPtr state) -> absl::Status {
    return handler(
        std::make_unique<SpdyStream>(self->lock(), std::move(state)));
  };
  auto session = std::make_shared<Multiplexer>(
      executor, std::move(transport), Role::kServer, options, acceptor);
  *self = session;
  session->Start();
  return std::make_unique<SpdyConnection>(std::move(session));
}

}  // namespace fairway::httpstream::spdy
