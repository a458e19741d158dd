// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/testing/rough_transport.h"

#include <algorithm>
#include <utility>

namespace fairway::httpstream::spdy {
namespace {

class RoughTransport final : public net::ByteStream {
 public:
  RoughTransport(std::unique_ptr<net::ByteStream> inner, Roughness roughness,
                 Wire* wire)
      : inner_(std::move(inner)), roughness_(roughness), wire_(wire) {
    wire_->transport = this;
  }
  ~RoughTransport() override { wire_->transport = nullptr; }

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    absl::Status paused = co_await MayPause();
    if (!paused.ok()) co_return paused;
    const size_t most =
        std::min(buf.size(), wire_->random->Sized(roughness_.most_read_bytes));
    absl::StatusOr<size_t> n = co_await inner_->Read(buf.first(most));
    if (n.ok() && *n > 0) {
      unused_.clear();
      wire_->received->Pass(absl::string_view(buf.data(), *n), &unused_);
    }
    co_return n;
  }

  Task<absl::Status> WaitReadable() override { return inner_->WaitReadable(); }
  Task<absl::Status> WaitBroken() override { return inner_->WaitBroken(); }

  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    out_.clear();
    for (absl::string_view piece : pieces) wire_->sent->Pass(piece, &out_);
    absl::string_view left = out_;
    while (!left.empty()) {
      absl::Status status = co_await MayPause();
      if (!status.ok()) co_return status;
      const size_t n = wire_->random->Sized(roughness_.most_write_bytes);
      absl::string_view piece = left.substr(0, n);
      status = co_await net::WriteAll(*inner_, piece);
      if (!status.ok()) co_return status;
      left.remove_prefix(piece.size());
    }
    co_return absl::OkStatus();
  }

  Task<absl::Status> CloseWrite() override { return inner_->CloseWrite(); }
  Task<absl::Status> Close() override { return inner_->Close(); }
  void Abort() override { inner_->Abort(); }

 private:
  Task<absl::Status> MayPause() {
    absl::Status status;
    if (roughness_.pause_odds > 0 &&
        wire_->random->OneIn(roughness_.pause_odds)) {
      const size_t count = wire_->random->Sized(4);
      status = co_await wire_->pauses->Pause(count);
    }
    co_return status;
  }

  const std::unique_ptr<net::ByteStream> inner_;
  const Roughness roughness_;
  Wire* const wire_;
  std::string out_;
  std::string unused_;
};

}  // namespace

std::unique_ptr<net::ByteStream> NewRoughTransport(
    std::unique_ptr<net::ByteStream> inner, Roughness roughness, Wire* wire) {
  return std::make_unique<RoughTransport>(std::move(inner), roughness, wire);
}

}  // namespace fairway::httpstream::spdy
