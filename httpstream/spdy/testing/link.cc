// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/testing/link.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <string>

#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "net/io/pipe.h"

namespace fairway::httpstream::spdy {
namespace {

using Clock = std::chrono::steady_clock;

absl::Duration Until(Clock::time_point when) {
  return absl::FromChrono(when - Clock::now());
}

// One direction's bytes between the ends.
struct Wire {
  Wire(Executor executor, int64_t rate, absl::Duration d)
      : bytes_per_second(rate), delay(d), changed(executor) {}

  const int64_t bytes_per_second;
  const absl::Duration delay;
  Clock::time_point free_at;
  std::deque<std::pair<Clock::time_point, std::string>> under_way;
  bool closed = false;
  Condition changed;
};

class LinkEnd final : public net::ByteStream {
 public:
  LinkEnd(std::shared_ptr<net::ByteStream> end, std::shared_ptr<Wire> out)
      : end_(std::move(end)), out_(std::move(out)) {}
  ~LinkEnd() override { Abort(); }

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    return end_->Read(buf);
  }
  Task<absl::Status> WaitReadable() override { return end_->WaitReadable(); }
  Task<absl::Status> WaitBroken() override { return end_->WaitBroken(); }

  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    std::shared_ptr<Wire> out = out_;
    std::string bytes;
    for (absl::string_view piece : pieces) {
      bytes.append(piece.data(), piece.size());
    }
    const auto busy =
        std::chrono::nanoseconds(static_cast<int64_t>(bytes.size()) *
                                 1000000000 / out->bytes_per_second);
    out->free_at = std::max(out->free_at, Clock::now()) + busy;
    out->under_way.emplace_back(
        out->free_at + absl::ToChronoNanoseconds(out->delay), std::move(bytes));
    out->changed.NotifyAll();
    absl::Status slept = co_await Sleep(Until(out->free_at));
    co_return slept;
  }

  Task<absl::Status> CloseWrite() override { return end_->CloseWrite(); }
  Task<absl::Status> Close() override { return end_->Close(); }
  void Abort() override {
    end_->Abort();
    out_->closed = true;
    out_->changed.NotifyAll();
  }

 private:
  const std::shared_ptr<net::ByteStream> end_;
  const std::shared_ptr<Wire> out_;
};

Task<absl::Status> Carry(std::shared_ptr<Wire> wire,
                         std::shared_ptr<net::ByteStream> into) {
  while (!wire->closed) {
    if (wire->under_way.empty()) {
      absl::Status waited = co_await wire->changed.Wait();
      if (!waited.ok()) co_return waited;
      continue;
    }
    const Clock::time_point due = wire->under_way.front().first;
    absl::Status slept = co_await Sleep(Until(due));
    if (!slept.ok()) co_return slept;
    const std::string bytes = std::move(wire->under_way.front().second);
    wire->under_way.pop_front();
    absl::Status written = co_await net::WriteAll(*into, bytes);
    if (!written.ok()) co_return written;
  }
  co_return absl::OkStatus();
}

}  // namespace

std::pair<std::unique_ptr<net::ByteStream>, std::unique_ptr<net::ByteStream>>
MakeLink(TaskGroup& carriers, int64_t bytes_per_second, absl::Duration delay) {
  Executor executor = carriers.executor();
  auto [a, b] = net::MakePipe(executor, 64 << 20);
  std::shared_ptr<net::ByteStream> left = std::move(a);
  std::shared_ptr<net::ByteStream> right = std::move(b);
  auto rightward = std::make_shared<Wire>(executor, bytes_per_second, delay);
  auto leftward = std::make_shared<Wire>(executor, bytes_per_second, delay);
  // What the left end sends comes out of the pipe at the right one.
  carriers.Spawn([rightward, left] { return Carry(rightward, left); });
  carriers.Spawn([leftward, right] { return Carry(leftward, right); });
  return {std::make_unique<LinkEnd>(left, rightward),
          std::make_unique<LinkEnd>(right, leftward)};
}

}  // namespace fairway::httpstream::spdy
