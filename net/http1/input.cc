// SPDX-License-Identifier: Apache-2.0
#include "net/http1/input.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "net/io/prefixed_stream.h"

namespace fairway::net::http1 {
namespace {

constexpr size_t kReadBytes = 16 * 1024;

}  // namespace

// A released stream of which a read of the Input's is still under way.
class Input::Released final : public ByteStream {
 public:
  explicit Released(std::shared_ptr<Input> input) : input_(std::move(input)) {}
  ~Released() override {
    if (!closed_) input_->stream().Abort();
  }

  // Once the Input has nothing more to give, calls go straight through.
  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    if (Drained()) return input_->stream().Read(buf);
    return ReadFromInput(buf);
  }
  Task<absl::Status> WaitReadable() override {
    if (Drained()) return input_->stream().WaitReadable();
    return WaitForInput();
  }
  bool readable() const override {
    return Drained() ? input_->stream().readable()
                     : !input_->buffered().empty() || !input_->reading_;
  }
  Task<absl::Status> WaitBroken() override {
    return input_->stream().WaitBroken();
  }
  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    return input_->stream().Write(pieces);
  }
  Task<absl::Status> CloseWrite() override {
    return input_->stream().CloseWrite();
  }
  Task<absl::Status> Close() override {
    closed_ = true;
    return input_->stream().Close();
  }
  void Abort() override { input_->stream().Abort(); }

 private:
  bool Drained() const {
    return !input_->reading_ && !input_->ended() && input_->buffered().empty();
  }

  Task<absl::StatusOr<size_t>> ReadFromInput(absl::Span<char> buf) {
    absl::Status ready = co_await WaitBuffered();
    if (!ready.ok()) co_return ready;
    const absl::string_view bytes = input_->buffered();
    if (!bytes.empty()) {
      const size_t n = std::min(buf.size(), bytes.size());
      std::memcpy(buf.data(), bytes.data(), n);
      input_->Consume(n);
      co_return n;
    }
    if (input_->ended()) {
      if (!input_->status().ok()) co_return input_->status();
      co_return 0;
    }
    absl::StatusOr<size_t> n = co_await input_->stream().Read(buf);
    co_return n;
  }

  Task<absl::Status> WaitForInput() {
    absl::Status ready = co_await WaitBuffered();
    if (!ready.ok()) co_return ready;
    if (!input_->buffered().empty()) co_return absl::OkStatus();
    if (input_->ended()) co_return input_->status();
    absl::Status readable = co_await input_->stream().WaitReadable();
    co_return readable;
  }

  Task<absl::Status> WaitBuffered() {
    while (input_->reading_ && input_->buffered().empty()) {
      absl::Status waited = co_await input_->WaitChanged();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }

  std::shared_ptr<Input> input_;
  bool closed_ = false;
};

std::shared_ptr<Input> Input::Make(Executor executor,
                                   std::unique_ptr<ByteStream> stream) {
  return std::shared_ptr<Input>(new Input(executor, std::move(stream)));
}

void Input::Consume(size_t n) {
  start_ += n;
  if (start_ < buffer_.size()) return;
  start_ = 0;
  buffer_ = std::string();
}

void Input::ReadAhead() {
  if (reading_ || ended_) return;
  reading_ = true;
  reads_.Spawn([self = shared_from_this()]() -> Task<absl::Status> {
    absl::Status status = co_await self->ReadOnce();
    co_return status;
  });
}

Task<absl::Status> Input::ReadOnce() {
  absl::Status ready = co_await stream_->WaitReadable();
  absl::StatusOr<size_t> n = size_t{0};
  if (ready.ok()) {
    std::string bytes(kReadBytes, '\0');
    n = co_await stream_->Read(absl::MakeSpan(&bytes[0], bytes.size()));
    if (n.ok() && *n > 0) {
      bytes.resize(*n);
      buffer_.erase(0, start_);
      start_ = 0;
      if (buffer_.empty()) {
        buffer_ = std::move(bytes);
      } else {
        buffer_ += bytes;
      }
    }
  } else {
    n = ready;
  }
  if (!n.ok()) status_ = n.status();
  if (!n.ok() || *n == 0) ended_ = true;
  reading_ = false;
  changed_.NotifyAll();
  co_return absl::OkStatus();
}

Task<absl::Status> Input::Fill() {
  ReadAhead();
  while (reading_) {
    absl::Status waited = co_await changed_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return status_;
}

Task<absl::Status> Input::WaitChanged() {
  absl::Status waited = co_await changed_.Wait();
  co_return waited;
}

std::unique_ptr<ByteStream> Input::Release() {
  if (reading_ || ended_) {
    return std::make_unique<Released>(shared_from_this());
  }
  std::string rest(buffered());
  return WithPrefix(std::move(rest), std::move(stream_));
}

}  // namespace fairway::net::http1
