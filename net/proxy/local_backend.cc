// SPDX-License-Identifier: Apache-2.0
#include "net/proxy/local_backend.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "base/status/co_status.h"
#include "net/http/date.h"
#include "net/io/prefixed_stream.h"
#include "net/proxy/throttle.h"

namespace fairway::net::proxy {

class LocalBackend::Body final : public http::BodyReader {
 public:
  explicit Body(std::string bytes) : bytes_(std::move(bytes)) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    const size_t n = std::min(buf.size(), bytes_.size());
    std::memcpy(buf.data(), bytes_.data(), n);
    bytes_.erase(0, n);
    co_return n;
  }

  std::string TakeRest() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class LocalBackend::Writer final : public http::ResponseWriter {
 public:
  Writer(LocalBackend& backend, Body& body) : backend_(backend), body_(body) {}

  http::Headers& headers() override { return headers_; }

  Task<absl::Status> WriteHeader(int status) override {
    FAIRWAY_CO_RETURN_IF_ERROR(CheckUnanswered());
    wrote_header_ = true;
    if (status < 400) {
      rejected_ = InvalidUpgradeResponse(status);
      co_return rejected_;
    }
    backend_.answered_ = true;
    http::Headers& headers = backend_.writer_.headers();
    for (const auto& [name, value] : headers_) {
      if (!IsHopByHop(name)) headers.Add(name, value);
    }
    if (!headers.Has("Date")) {
      headers.Add("Date", http::FormatDate(absl::Now()));
    }
    headers.Set("Connection", "close");
    absl::Status written = co_await backend_.writer_.WriteHeader(status);
    co_return written;
  }

  Task<absl::Status> Write(absl::string_view bytes) override {
    if (!wrote_header_) {
      absl::Status begun = co_await WriteHeader(200);
      FAIRWAY_CO_RETURN_IF_ERROR(begun);
    }
    FAIRWAY_CO_RETURN_IF_ERROR(rejected_);
    absl::Status written = co_await backend_.writer_.Write(bytes);
    co_return written;
  }

  bool wrote_header() const override { return wrote_header_; }

  absl::StatusOr<std::unique_ptr<ByteStream>> Hijack() override {
    FAIRWAY_RETURN_IF_ERROR(CheckUnanswered());
    absl::StatusOr<std::unique_ptr<ByteStream>> client =
        backend_.writer_.Hijack();
    if (!client.ok()) return client.status();
    backend_.answered_ = true;
    return Throttle(WithPrefix(body_.TakeRest(), *std::move(client)),
                    backend_.max_bytes_per_sec_);
  }

  Task<absl::Status> WaitPeerGone() override {
    return backend_.writer_.WaitPeerGone();
  }

  const absl::Status& rejected() const { return rejected_; }

 private:
  absl::Status CheckUnanswered() const {
    if (!wrote_header_ && !backend_.answered_) return absl::OkStatus();
    return absl::FailedPreconditionError("http: was answered before");
  }

  LocalBackend& backend_;
  Body& body_;
  http::Headers headers_;
  bool wrote_header_ = false;
  absl::Status rejected_;
};

Task<absl::Status> LocalBackend::Serve(BackendRequest sent) {
  Body body(std::move(sent.body));
  Writer writer(*this, body);
  http::ServerRequest request;
  request.method = std::move(sent.method);
  request.headers = std::move(sent.headers);
  request.remote_address = request_.remote_address;
  request.body = &body;
  FAIRWAY_CO_RETURN_IF_ERROR(http::SetRequestTarget(
      sent.location.RequestTarget(), request.headers.Get("Host"), request));
  absl::Status served = co_await handler_(request, writer);
  FAIRWAY_CO_RETURN_IF_ERROR(writer.rejected());
  if (answered_ || absl::IsCancelled(served)) co_return served;
  // As a server completes what its handler leaves.
  if (served.ok()) co_return InvalidUpgradeResponse(200);
  absl::Status told = co_await http::Respond(
      writer, 500, "text/plain; charset=utf-8", "Internal Server Error\n");
  if (!told.ok()) co_return told;
  co_return served;
}

bool IsHopByHop(absl::string_view name) {
  for (absl::string_view one :
       {"Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade"}) {
    if (absl::EqualsIgnoreCase(name, one)) return true;
  }
  return false;
}

absl::Status InvalidUpgradeResponse(int status) {
  return absl::InternalError(
      absl::StrCat("invalid upgrade response: status code ", status));
}

}  // namespace fairway::net::proxy
