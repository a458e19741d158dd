// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/repeatable_stream.h"

#include <algorithm>
#include <utility>

namespace fairway::portforward {

void RepeatableStream::NoteAccepted() {
  accepted_ = true;
  accepted_changed_.NotifyAll();
}

Task<absl::Status> RepeatableStream::Accept() {
  NoteAccepted();
  if (held_) co_return absl::OkStatus();
  absl::Status told = co_await ReleaseEnd();
  co_return told;
}

void RepeatableStream::Forget() {
  NoteAccepted();
  repeatable_ = false;
  held_ = false;
  if (!repeating_) std::string().swap(said_);
}

void RepeatableStream::Repeat() {
  held_ = false;
  accepted_ = false;
  early_until_ = {};
  spoken_ = false;
  noted_ = End::kNone;
  repeating_ = true;
  repeated_ = 0;
}

Task<absl::Status> RepeatableStream::ReleaseEnd() {
  held_ = false;
  NoteAccepted();
  absl::Status ended;
  switch (std::exchange(noted_, End::kNone)) {
    case End::kNone:
      break;
    case End::kCloseWrite:
      ended = co_await socket_->CloseWrite();
      break;
    case End::kClose:
      ended = co_await socket_->Close();
      break;
    case End::kAbort:
      socket_->Abort();
      break;
  }
  co_return ended;
}

bool RepeatableStream::MayRead() const {
  if (accepted_) return true;
  const size_t read = repeating_ ? repeated_ : said_.size();
  return read < kMaxRepeatedBytes &&
         std::chrono::steady_clock::now() < early_until_;
}

Task<absl::Status> RepeatableStream::WaitMayRead() {
  while (!MayRead()) {
    absl::Status waited = co_await accepted_changed_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<size_t>> RepeatableStream::Read(absl::Span<char> buf) {
  // Nothing to remember, or to say again.
  if (!repeatable_ && !repeating_) return socket_->Read(buf);
  return ReadCarefully(buf);
}

Task<absl::StatusOr<size_t>> RepeatableStream::ReadCarefully(
    absl::Span<char> buf) {
  absl::Status may_read = co_await WaitMayRead();
  if (!may_read.ok()) co_return may_read;
  const size_t again = repeating_ ? said_.size() - repeated_ : 0;
  if (again > 0) {
    const size_t n = std::min(buf.size(), again);
    std::copy_n(said_.data() + repeated_, n, buf.data());
    repeated_ += n;
    spoken_ = true;
    co_return n;
  }
  if (repeating_) {
    repeating_ = false;
    if (!repeatable_) std::string().swap(said_);
  }
  absl::StatusOr<size_t> n = co_await ReadAndRemember(buf);
  co_return n;
}

Task<absl::StatusOr<size_t>> RepeatableStream::ReadAndRemember(
    absl::Span<char> buf) {
  if (!accepted_) buf = buf.subspan(0, kMaxRepeatedBytes - said_.size());
  absl::StatusOr<size_t> n = co_await socket_->Read(buf);
  if (n.ok()) spoken_ = true;
  if (!n.ok() || !repeatable_) co_return n;
  if (said_.size() + *n > kMaxRepeatedBytes) {
    Forget();
  } else {
    said_.append(buf.data(), *n);
  }
  co_return n;
}

Task<absl::Status> RepeatableStream::WaitReadable() {
  if (!repeating_ && accepted_) return socket_->WaitReadable();
  return WaitReadableCarefully();
}

Task<absl::Status> RepeatableStream::WaitReadableCarefully() {
  while (true) {
    absl::Status may_read = co_await WaitMayRead();
    if (!may_read.ok()) co_return may_read;
    if (repeating_ && repeated_ < said_.size()) co_return absl::OkStatus();
    absl::Status ready = co_await socket_->WaitReadable();
    // What comes too late to be early waits as ever.
    if (!ready.ok() || MayRead()) co_return ready;
  }
}

Task<absl::Status> RepeatableStream::Write(
    absl::Span<const absl::string_view> pieces) {
  if (repeatable_) Forget();
  return socket_->Write(pieces);
}

Task<absl::Status> RepeatableStream::CloseWrite() {
  if (Holds()) {
    Note(End::kCloseWrite);
    co_return absl::OkStatus();
  }
  Forget();
  absl::Status closed = co_await socket_->CloseWrite();
  co_return closed;
}

Task<absl::Status> RepeatableStream::Close() {
  if (Holds()) {
    Note(End::kClose);
    co_return absl::OkStatus();
  }
  Forget();
  absl::Status closed = co_await socket_->Close();
  co_return closed;
}

void RepeatableStream::Abort() {
  if (Holds()) {
    Note(End::kAbort);
    return;
  }
  Forget();
  socket_->Abort();
}

}  // namespace fairway::portforward
