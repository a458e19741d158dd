// SPDX-License-Identifier: Apache-2.0
#include "net/proxy/throttle.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/time/time.h"
#include "base/task/deadline.h"

namespace fairway::net::proxy {
namespace {

using Clock = std::chrono::steady_clock;

// When the next bytes of one direction may pass.
class Pace {
 public:
  explicit Pace(int64_t bytes_per_sec)
      : bytes_per_sec_(bytes_per_sec),
        step_bytes_(std::max<int64_t>(bytes_per_sec / 10, 1)) {}

  size_t step_bytes() const { return static_cast<size_t>(step_bytes_); }

  Task<absl::Status> Wait() {
    const Clock::time_point now = Clock::now();
    if (now >= next_) co_return absl::OkStatus();
    absl::Status slept = co_await Sleep(absl::FromChrono(next_ - now));
    co_return slept;
  }

  // Idle time is not saved up.
  void Passed(size_t bytes) {
    const auto cost = std::chrono::nanoseconds(
        static_cast<int64_t>(static_cast<double>(bytes) * 1e9 /
                             static_cast<double>(bytes_per_sec_)));
    next_ = std::max(next_, Clock::now()) + cost;
  }

 private:
  const int64_t bytes_per_sec_;
  const int64_t step_bytes_;
  Clock::time_point next_;
};

class ThrottledStream final : public ByteStream {
 public:
  ThrottledStream(std::unique_ptr<ByteStream> stream, int64_t bytes_per_sec)
      : stream_(std::move(stream)), in_(bytes_per_sec), out_(bytes_per_sec) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    absl::Status paced = co_await in_.Wait();
    if (!paced.ok()) co_return paced;
    absl::StatusOr<size_t> n =
        co_await stream_->Read(buf.subspan(0, in_.step_bytes()));
    if (n.ok()) in_.Passed(*n);
    co_return n;
  }

  Task<absl::Status> WaitReadable() override {
    absl::Status paced = co_await in_.Wait();
    if (!paced.ok()) co_return paced;
    absl::Status ready = co_await stream_->WaitReadable();
    co_return ready;
  }

  Task<absl::Status> WaitBroken() override { return stream_->WaitBroken(); }
  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    for (absl::string_view piece : pieces) {
      while (!piece.empty()) {
        absl::Status paced = co_await out_.Wait();
        if (!paced.ok()) co_return paced;
        const absl::string_view step = piece.substr(0, out_.step_bytes());
        absl::Status written = co_await WriteAll(*stream_, step);
        if (!written.ok()) co_return written;
        out_.Passed(step.size());
        piece.remove_prefix(step.size());
      }
    }
    co_return absl::OkStatus();
  }

  Task<absl::Status> CloseWrite() override { return stream_->CloseWrite(); }
  Task<absl::Status> Close() override { return stream_->Close(); }
  void Abort() override { stream_->Abort(); }

 private:
  std::unique_ptr<ByteStream> stream_;
  Pace in_;
  Pace out_;
};

}  // namespace

std::unique_ptr<ByteStream> Throttle(std::unique_ptr<ByteStream> stream,
                                     int64_t bytes_per_sec) {
  if (bytes_per_sec <= 0) return stream;
  return std::make_unique<ThrottledStream>(std::move(stream), bytes_per_sec);
}

}  // namespace fairway::net::proxy
