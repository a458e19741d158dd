// SPDX-License-Identifier: Apache-2.0
#include "net/io/pipe.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/task/condition.h"

namespace fairway::net {
namespace {

// One direction. Shared by its two ends.
struct Direction {
  Direction(Executor executor, size_t capacity)
      : capacity_bytes(capacity), changed(executor) {}

  size_t size() const { return bytes.size() - start; }

  void Consume(size_t count) {
    start += count;
    if (start == bytes.size()) {
      // An idle pipe holds no buffer.
      bytes = std::string();
      start = 0;
    } else if (start >= capacity_bytes) {
      bytes.erase(0, start);
      start = 0;
    }
  }

  const size_t capacity_bytes;
  std::string bytes;
  size_t start = 0;  // bytes before it were read
  bool fin = false;
  bool writer_gone = false;  // without a FIN
  bool reader_gone = false;
  bool reset = false;
  Condition changed;
};

class PipeEnd final : public ByteStream {
 public:
  PipeEnd(std::shared_ptr<Direction> in, std::shared_ptr<Direction> out)
      : in_(std::move(in)), out_(std::move(out)) {}
  ~PipeEnd() override { Abort(); }

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    absl::Status ready = co_await WaitReadable();
    if (!ready.ok()) co_return ready;
    std::shared_ptr<Direction> in = in_;
    const size_t n = std::min(buf.size(), in->size());
    std::memcpy(buf.data(), in->bytes.data() + in->start, n);
    in->Consume(n);
    in->changed.NotifyAll();
    co_return n;
  }

  Task<absl::Status> WaitReadable() override {
    std::shared_ptr<Direction> in = in_;
    while (true) {
      if (in->reader_gone) co_return absl::CancelledError("read: closed");
      if (in->reset) co_return absl::AbortedError("read: connection reset");
      if (in->size() > 0 || in->fin) co_return absl::OkStatus();
      absl::Status waited = co_await in->changed.Wait();
      if (!waited.ok()) co_return waited;
    }
  }

  bool readable() const override { return in_->size() > 0 || in_->fin; }

  Task<absl::Status> WaitBroken() override {
    std::shared_ptr<Direction> in = in_;
    while (true) {
      if (in->reader_gone) co_return absl::CancelledError("read: closed");
      if (in->reset) co_return absl::AbortedError("read: connection reset");
      absl::Status waited = co_await in->changed.Wait();
      if (!waited.ok()) co_return waited;
    }
  }

  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    std::shared_ptr<Direction> out = out_;
    for (absl::string_view piece : pieces) {
      while (!piece.empty()) {
        if (out->writer_gone) co_return absl::CancelledError("write: closed");
        if (out->fin) {
          co_return absl::FailedPreconditionError("write: after close");
        }
        if (out->reset) co_return absl::AbortedError("write: connection reset");
        if (out->reader_gone) {
          co_return absl::UnavailableError("write: broken pipe");
        }
        const size_t n =
            std::min(piece.size(), out->capacity_bytes - out->size());
        if (n == 0) {
          absl::Status waited = co_await out->changed.Wait();
          if (!waited.ok()) co_return waited;
          continue;
        }
        out->bytes.append(piece.data(), n);
        piece.remove_prefix(n);
        out->changed.NotifyAll();
      }
    }
    co_return absl::OkStatus();
  }

  Task<absl::Status> CloseWrite() override {
    out_->fin = true;
    out_->changed.NotifyAll();
    co_return absl::OkStatus();
  }

  Task<absl::Status> Close() override {
    if (!out_->writer_gone) out_->fin = true;
    in_->reader_gone = true;
    out_->changed.NotifyAll();
    in_->changed.NotifyAll();
    co_return absl::OkStatus();
  }

  void Abort() override {
    if (!out_->fin) {
      out_->writer_gone = true;
      out_->reset = true;
    }
    // A peer that already sent its FIN has nothing left to lose here.
    if (!in_->fin) in_->reset = true;
    in_->reader_gone = true;
    out_->changed.NotifyAll();
    in_->changed.NotifyAll();
  }

 private:
  std::shared_ptr<Direction> in_;
  std::shared_ptr<Direction> out_;
};

}  // namespace

std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>> MakePipe(
    Executor executor, size_t capacity_bytes) {
  auto a = std::make_shared<Direction>(executor, capacity_bytes);
  auto b = std::make_shared<Direction>(executor, capacity_bytes);
  return {std::make_unique<PipeEnd>(a, b), std::make_unique<PipeEnd>(b, a)};
}

}  // namespace fairway::net
