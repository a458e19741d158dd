// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/util/proxy/streamtunnel.go (v0.31.0)
#include "apiserver/proxy/tunneling_writer.h"

#include <glog/logging.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "apiserver/proxy/metrics.h"
#include "base/task/deadline.h"
#include "httpstream/httpstream.h"
#include "httpstream/spdy/upgrade.h"
#include "httpstream/wsstream/tunnel.h"
#include "net/http1/message_parser.h"
#include "net/websocket/upgrade.h"

namespace fairway::apiserver::proxy {
namespace {

using net::http1::MessageParser;

// For the few bytes of an answer's head.
constexpr absl::Duration kAnswerTimeout = absl::Seconds(10);

constexpr char kNoUpgradeHeaders[] =
    "unable to upgrade: missing upgrade headers in response";

absl::Status NotHijacked() {
  return absl::FailedPreconditionError(
      "the backend's answer has not been written");
}

// As upstream, which looks for the words anywhere in the fields.
bool SwitchesToSpdy(const net::http::Headers& headers) {
  return absl::StrContains(
             absl::AsciiStrToLower(headers.Get(httpstream::kHeaderConnection)),
             "upgrade") &&
         absl::StrContains(
             absl::AsciiStrToLower(headers.Get(httpstream::kHeaderUpgrade)),
             absl::AsciiStrToLower(httpstream::spdy::kHeaderSpdy31));
}

}  // namespace

Task<absl::Status> HttpError(net::http::ResponseWriter& writer, int status,
                             absl::string_view message) {
  writer.headers().Set("X-Content-Type-Options", "nosniff");
  const std::string body = absl::StrCat(message, "\n");
  absl::Status written = co_await net::http::Respond(
      writer, status, "text/plain; charset=utf-8", body);
  co_return written;
}

// Until the head has come there is no stream: only Write and the ends may be
// called.
class TunnelingResponseWriter::InterceptingStream final
    : public net::ByteStream {
 public:
  explicit InterceptingStream(TunnelingResponseWriter& owner) : owner_(owner) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    if (stream_ == nullptr) return NoRead();
    return stream_->Read(buf);
  }
  Task<absl::Status> WaitReadable() override {
    return stream_ == nullptr ? Fail() : stream_->WaitReadable();
  }
  bool readable() const override {
    return stream_ != nullptr && stream_->readable();
  }
  Task<absl::Status> WaitBroken() override {
    return stream_ == nullptr ? Fail() : stream_->WaitBroken();
  }
  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    return stream_ == nullptr ? WriteHead(pieces) : stream_->Write(pieces);
  }
  Task<absl::Status> CloseWrite() override {
    return stream_ == nullptr ? Fail() : stream_->CloseWrite();
  }
  Task<absl::Status> Close() override {
    return stream_ == nullptr ? CloseEarly() : stream_->Close();
  }
  void Abort() override {
    if (stream_ != nullptr) stream_->Abort();
  }

 private:
  Task<absl::StatusOr<size_t>> NoRead() { co_return NotHijacked(); }
  Task<absl::Status> Fail() {
    co_return failed_.ok() ? NotHijacked() : failed_;
  }

  Task<absl::Status> CloseEarly() {
    if (!failed_.ok()) co_return absl::OkStatus();
    absl::Status refused =
        co_await Refuse(absl::UnavailableError("connection closed"));
    co_return absl::IsUnavailable(refused) ? absl::OkStatus() : refused;
  }

  Task<absl::Status> WriteHead(absl::Span<const absl::string_view> pieces) {
    if (!failed_.ok()) co_return failed_;
    std::vector<absl::string_view> rest(pieces.begin(), pieces.end());
    size_t end = 0;
    while (end == 0 && !rest.empty()) {
      const absl::string_view piece = rest.front();
      const size_t before = head_.size();
      const size_t taken = std::min(piece.size(), kMaxHeaderBytes + 1 - before);
      head_.append(piece.data(), taken);
      absl::StatusOr<size_t> found =
          net::http1::FindHeadEnd(head_, kMaxHeaderBytes, searched_);
      if (!found.ok()) {
        failed_ = absl::InternalError(found.status().message());
        co_return failed_;
      }
      end = *found;
      if (end == 0) {
        rest.erase(rest.begin());
      } else {
        rest.front().remove_prefix(end - before);
        head_.resize(end);
      }
    }
    if (end == 0) co_return absl::OkStatus();
    absl::Status opened = co_await Open();
    if (!opened.ok()) co_return opened;
    head_ = std::string();
    if (rest.size() == 1 && rest.front().empty()) rest.clear();
    if (rest.empty()) co_return absl::OkStatus();
    absl::Status written = co_await stream_->Write(rest);
    co_return written;
  }

  // Mirrors: tunnelingWebsocketUpgraderConn.InitializeWrite.
  Task<absl::Status> Open() {
    MessageParser parser(MessageParser::Kind::kResponse);
    failed_ = parser.ParseHead(head_);
    if (!failed_.ok()) {
      LOG(ERROR) << "invalid headers: " << failed_;
      co_return failed_;
    }
    if (parser.status() != 101) {
      LOG(ERROR) << "SPDY upgrade failed: " << parser.status() << " "
                 << parser.reason();
      IncStreamTunnelRequest(parser.status());
      absl::Status passed = co_await PassOn();
      co_return passed;
    }
    if (!SwitchesToSpdy(parser.headers())) {
      LOG(ERROR) << kNoUpgradeHeaders;
      IncStreamTunnelRequest(500);
      absl::Status refused =
          co_await Refuse(absl::InternalError(kNoUpgradeHeaders));
      co_return refused;
    }
    std::string protocol(absl::StripAsciiWhitespace(
        parser.headers().Get(httpstream::kHeaderProtocolVersion)));
    absl::Status upgraded = co_await Upgrade(std::move(protocol));
    co_return upgraded;
  }

  // The client's WebSocket, with the protocol that the backend chose.
  Task<absl::Status> Upgrade(std::string protocol) {
    std::vector<std::string> protocols;
    if (!protocol.empty()) {
      protocols.push_back(absl::StrCat(
          httpstream::wsstream::kWebsocketsSpdyTunnelingPrefix, protocol));
    }
    absl::StatusOr<net::websocket::Upgraded> upgraded =
        co_await WithDeadline<net::websocket::Upgraded>(
            kAnswerTimeout, "websocket handshake",
            [this,
             &protocols]() -> Task<absl::StatusOr<net::websocket::Upgraded>> {
              return net::websocket::UpgradeResponse(owner_.request_,
                                                     owner_.writer_, protocols);
            });
    if (!upgraded.ok()) {
      LOG(ERROR) << "error upgrading websocket connection: "
                 << upgraded.status();
      IncStreamTunnelRequest(500);
      failed_ = upgraded.status();
      owner_.refused_ = owner_.writer_.wrote_header();
      co_return failed_;
    }
    VLOG(4) << "websocket connection created: " << upgraded->protocol;
    IncStreamTunnelRequest(101);
    Executor executor = co_await kThisExecutor;
    stream_ = httpstream::wsstream::NewTunnel(
        executor, std::move(upgraded->transport),
        httpstream::wsstream::TunnelOptions(net::websocket::Role::kServer));
    co_return absl::OkStatus();
  }

  // The backend's refusal, byte for byte.
  Task<absl::Status> PassOn() {
    absl::StatusOr<std::unique_ptr<net::ByteStream>> client =
        owner_.writer_.Hijack();
    if (!client.ok()) {
      failed_ = client.status();
      co_return failed_;
    }
    stream_ = *std::move(client);
    failed_ = co_await WithDeadline(kAnswerTimeout, "answer",
                                    [this]() -> Task<absl::Status> {
                                      return net::WriteAll(*stream_, head_);
                                    });
    co_return failed_;
  }

  // Answers 500 with the words of `why`, and returns it.
  Task<absl::Status> Refuse(absl::Status why) {
    failed_ = why;
    owner_.refused_ = true;
    absl::Status answered =
        co_await HttpError(owner_.writer_, 500, why.message());
    if (!answered.ok()) co_return answered;
    co_return why;
  }

  TunnelingResponseWriter& owner_;
  std::string head_;
  size_t searched_ = 0;
  absl::Status failed_;
  std::unique_ptr<net::ByteStream> stream_;
};

Task<absl::Status> TunnelingResponseWriter::WriteHeader(int status) {
  if (hijacked_) {
    co_return absl::FailedPreconditionError(
        "http: connection has been hijacked");
  }
  if (status == 101) {
    IncStreamTunnelRequest(500);
    absl::Status answered =
        co_await HttpError(writer_, 500, "unexpected upgrade");
    if (!answered.ok()) co_return answered;
    co_return absl::InternalError("unexpected upgrade");
  }
  IncStreamTunnelRequest(status);
  absl::Status written = co_await writer_.WriteHeader(status);
  co_return written;
}

Task<absl::Status> TunnelingResponseWriter::Write(absl::string_view bytes) {
  if (hijacked_) {
    co_return absl::FailedPreconditionError(
        "http: connection has been hijacked");
  }
  if (!writer_.wrote_header()) IncStreamTunnelRequest(200);
  absl::Status written = co_await writer_.Write(bytes);
  co_return written;
}

absl::StatusOr<std::unique_ptr<net::ByteStream>>
TunnelingResponseWriter::Hijack() {
  if (hijacked_) {
    return absl::FailedPreconditionError(
        "connection has already been hijacked");
  }
  if (writer_.wrote_header()) {
    return absl::FailedPreconditionError(
        "connection has already been written to");
  }
  hijacked_ = true;
  return std::make_unique<InterceptingStream>(*this);
}

}  // namespace fairway::apiserver::proxy
