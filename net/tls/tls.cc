// SPDX-License-Identifier: Apache-2.0
#include "net/tls/tls.h"

#include <functional>
#include <utility>
#include <vector>

#include "base/status/co_status.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "net/io/buffer_pool.h"
#include "net/tls/context.h"
#include "net/tls/engine.h"

namespace fairway::net {
namespace {

// For close_notify to leave while the peer does not read; Go's number.
constexpr absl::Duration kCloseTimeout = absl::Seconds(5);

absl::Status Closed(const char* what) {
  return absl::CancelledError(std::string(what) +
                              ": use of closed network connection");
}

// What a call that is under way needs; it may see its stream die.
struct Connection {
  Connection(Executor executor, std::shared_ptr<const void> ctx,
             std::unique_ptr<ByteStream> stream, std::unique_ptr<TlsEngine> e)
      : context(std::move(ctx)),
        transport(std::move(stream)),
        engine(std::move(e)),
        flushed(executor) {}

  std::shared_ptr<const void> context;
  std::unique_ptr<ByteStream> transport;
  std::unique_ptr<TlsEngine> engine;
  bool closed = false;
  bool fin_sent = false;
  bool fin_flushed = false;
  bool transport_closed = false;
  bool reads_much = false;  // so the next read has a large buffer
  // The transport takes one Write at a time, and besides the writer a reader
  // may have an alert to send.
  bool flushing = false;
  Condition flushed;
};

using ConnectionPtr = std::shared_ptr<Connection>;

// Sends all that the engine has put out.
Task<absl::Status> Flush(ConnectionPtr c) {
  while (c->flushing) {
    absl::Status waited = co_await c->flushed.Wait();
    if (!waited.ok()) co_return waited;
  }
  c->flushing = true;
  absl::Status status;
  while (status.ok() && !c->engine->output().empty()) {
    const CipherOutput sending = std::exchange(c->engine->output(), {});
    const CipherOutput::Pieces pieces = sending.pieces();
    status = co_await c->transport->Write(pieces);
  }
  c->flushing = false;
  c->flushed.NotifyAll();
  co_return status;
}

// Waits for ciphertext, without a buffer, and hands it to the engine.
Task<absl::Status> FillInput(ConnectionPtr c) {
  absl::Status ready = co_await c->transport->WaitReadable();
  if (!ready.ok()) co_return ready;
  const absl::Span<char> space = c->engine->InputSpace(
      c->reads_much ? BufferSize::kLarge : BufferSize::kSmall);
  absl::StatusOr<size_t> n = co_await c->transport->Read(space);
  if (!n.ok()) co_return n.status();
  if (*n == 0) co_return absl::UnavailableError("read: unexpected EOF");
  c->reads_much = *n >= static_cast<size_t>(BufferSize::kSmall) / 2;
  c->engine->AddInput(*n);
  co_return absl::OkStatus();
}

// Last words after an error; whether they arrive does not matter.
Task<void> SendAlert(ConnectionPtr c) {
  if (c->flushing || c->engine->output().empty()) co_return;
  std::function<Task<absl::Status>()> flush = [c]() { return Flush(c); };
  absl::Status ignored =
      co_await WithDeadline(kCloseTimeout, "send alert", flush);
}

// To a client that takes us for a server without TLS.
Task<void> AnswerHttp(ConnectionPtr c, std::string answer) {
  std::function<Task<absl::Status>()> write = [&c, &answer]() {
    return WriteAll(*c->transport, answer);
  };
  absl::Status ignored =
      co_await WithDeadline(kCloseTimeout, "answer HTTP", write);
}

// Both close_notify have passed, so nothing more will.
Task<absl::Status> CloseFinishedTransport(ConnectionPtr c) {
  if (!c->fin_flushed || !c->engine->fin_received() || c->transport_closed) {
    co_return absl::OkStatus();
  }
  c->transport_closed = true;
  absl::Status status = co_await c->transport->Close();
  co_return status;
}

class TlsStreamImpl final : public TlsStream {
 public:
  explicit TlsStreamImpl(ConnectionPtr connection)
      : connection_(std::move(connection)) {}
  ~TlsStreamImpl() override {
    if (!connection_->closed && !connection_->transport_closed) Abort();
  }

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    ConnectionPtr c = connection_;
    while (true) {
      bool cancelled = co_await IsCancelled();
      if (cancelled || c->closed) co_return Closed("read");
      absl::StatusOr<size_t> n = c->engine->Decrypt(buf);
      if (!n.ok()) {
        co_await SendAlert(c);
        co_return n.status();
      }
      if (*n > 0) co_return n;
      if (c->engine->fin_received()) {
        absl::Status closed = co_await CloseFinishedTransport(c);
        if (!closed.ok()) co_return closed;
        co_return 0;
      }
      absl::Status filled = co_await FillInput(c);
      if (!filled.ok()) co_return filled;
    }
  }

  Task<absl::Status> WaitReadable() override {
    ConnectionPtr c = connection_;
    while (true) {
      bool cancelled = co_await IsCancelled();
      if (cancelled || c->closed) co_return Closed("read");
      absl::StatusOr<bool> ready = c->engine->CanDecrypt();
      if (!ready.ok()) {
        co_await SendAlert(c);
        co_return ready.status();
      }
      if (*ready) co_return absl::OkStatus();
      absl::Status filled = co_await FillInput(c);
      if (!filled.ok()) co_return filled;
    }
  }

  bool readable() const override { return connection_->engine->HasContent(); }

  Task<absl::Status> WaitBroken() override {
    ConnectionPtr c = connection_;
    absl::Status broken = co_await c->transport->WaitBroken();
    co_return broken;
  }

  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    ConnectionPtr c = connection_;
    WriteCursor cursor(pieces);
    while (true) {
      bool cancelled = co_await IsCancelled();
      if (cancelled || c->closed) co_return Closed("write");
      if (c->fin_sent) {
        co_return absl::FailedPreconditionError("write: after close");
      }
      if (cursor.done()) co_return absl::OkStatus();
      FAIRWAY_CO_RETURN_IF_ERROR(c->engine->Encrypt(cursor));
      absl::Status flushed = co_await Flush(c);
      if (!flushed.ok()) co_return flushed;
    }
  }

  Task<absl::Status> CloseWrite() override {
    ConnectionPtr c = connection_;
    if (c->closed) co_return Closed("close");
    if (c->fin_sent) co_return absl::OkStatus();
    c->fin_sent = true;
    c->engine->CloseWrite();
    absl::Status flushed = co_await Flush(c);
    if (!flushed.ok()) co_return flushed;
    c->fin_flushed = true;
    absl::Status closed = co_await CloseFinishedTransport(c);
    co_return closed;
  }

  Task<absl::Status> Close() override {
    ConnectionPtr c = connection_;
    if (c->closed) co_return absl::OkStatus();
    c->closed = true;
    if (!c->fin_sent) c->engine->CloseWrite();
    c->fin_sent = true;
    absl::Status flushed;
    if (c->flushing || !c->engine->output().empty()) {
      std::function<Task<absl::Status>()> flush = [c]() { return Flush(c); };
      flushed = co_await WithDeadline(kCloseTimeout, "close", flush);
    }
    c->transport_closed = true;
    if (absl::IsDeadlineExceeded(flushed)) c->transport->Abort();
    absl::Status closed = co_await c->transport->Close();
    co_return flushed.ok() ? closed : flushed;
  }

  void Abort() override {
    connection_->closed = true;
    connection_->transport->Abort();
  }

  std::string alpn_protocol() const override {
    return connection_->engine->alpn_protocol();
  }

  const PeerCertificate* peer_certificate() const override {
    return connection_->engine->peer_certificate();
  }

 private:
  ConnectionPtr connection_;
};

Task<absl::Status> Handshake(ConnectionPtr c, std::string answer_to_http) {
  while (true) {
    absl::StatusOr<TlsEngine::Progress> progress = c->engine->Handshake();
    if (!progress.ok()) {
      if (c->engine->client_spoke_http() && !answer_to_http.empty()) {
        co_await AnswerHttp(c, answer_to_http);
      } else {
        co_await SendAlert(c);
      }
      co_return progress.status();
    }
    absl::Status flushed = co_await Flush(c);
    if (!flushed.ok()) co_return flushed;
    if (*progress == TlsEngine::Progress::kDone) co_return absl::OkStatus();
    absl::Status filled = co_await FillInput(c);
    if (!filled.ok()) co_return filled;
  }
}

Task<absl::StatusOr<std::unique_ptr<TlsStream>>> Establish(
    std::shared_ptr<const void> context, TlsEngine::Options options,
    std::string answer_to_http, std::unique_ptr<ByteStream> transport) {
  Executor executor = co_await kThisExecutor;
  absl::StatusOr<std::unique_ptr<TlsEngine>> engine =
      TlsEngine::New(std::move(options));
  if (!engine.ok()) co_return engine.status();
  auto connection = std::make_shared<Connection>(
      executor, std::move(context), std::move(transport), *std::move(engine));
  absl::Status shaken = co_await Handshake(connection, answer_to_http);
  if (!shaken.ok()) {
    // Not an abort, which would overtake the alert.
    absl::Status ignored = co_await connection->transport->Close();
    co_return shaken;
  }
  co_return std::make_unique<TlsStreamImpl>(std::move(connection));
}

}  // namespace

Task<absl::StatusOr<std::unique_ptr<TlsStream>>> TlsConnect(
    std::shared_ptr<const TlsClientContext> context, std::string server_name,
    std::unique_ptr<ByteStream> transport) {
  TlsEngine::Options options;
  options.ctx = context->ssl_ctx.get();
  options.roots = context->roots.get();
  options.peer_use = CertificateUse::kServer;
  options.sessions = &context->sessions;
  options.bulk_after_bytes = context->bulk_after_bytes;
  // The verifier runs always: it also notes who the peer is.
  options.verify_mode = SSL_VERIFY_PEER;
  options.server_name =
      server_name.empty() ? context->server_name : std::move(server_name);
  if (options.server_name.empty() && options.roots != nullptr) {
    co_return absl::InvalidArgumentError(
        "tls: either ServerName or InsecureSkipVerify must be specified in the "
        "tls.Config");
  }
  std::string no_answer;
  absl::StatusOr<std::unique_ptr<TlsStream>> stream =
      co_await Establish(std::move(context), std::move(options),
                         std::move(no_answer), std::move(transport));
  co_return stream;
}

Task<absl::StatusOr<std::unique_ptr<TlsStream>>> TlsAccept(
    std::shared_ptr<const TlsServerContext> context,
    std::unique_ptr<ByteStream> transport) {
  TlsEngine::Options options;
  options.ctx = context->ssl_ctx.get();
  options.roots = context->client_roots.get();
  options.peer_use = CertificateUse::kClient;
  options.bulk_after_bytes = context->bulk_after_bytes;
  if (options.roots != nullptr) options.verify_mode = SSL_VERIFY_PEER;
  if (context->require_client_certificate) {
    options.verify_mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  std::string answer = context->answer_to_http;
  absl::StatusOr<std::unique_ptr<TlsStream>> stream =
      co_await Establish(std::move(context), std::move(options),
                         std::move(answer), std::move(transport));
  co_return stream;
}

}  // namespace fairway::net
