// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/repeatable_stream.h"

#include <algorithm>
#include <utility>

namespace fairway::portforward {

void RepeatableStream::Forget() {
  repeatable_ = false;
  held_ = false;
  if (!repeating_) std::string().swap(said_);
}

void RepeatableStream::Repeat() {
  held_ = false;
  noted_ = End::kNone;
  repeating_ = true;
  repeated_ = 0;
}

Task<absl::Status> RepeatableStream::ReleaseEnd() {
  held_ = false;
  absl::Status ended;
  switch (noted_) {
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

Task<absl::StatusOr<size_t>> RepeatableStream::Read(absl::Span<char> buf) {
  if (repeating_) return ReadAgain(buf);
  if (repeatable_) return ReadAndRemember(buf);
  return socket_->Read(buf);
}

Task<absl::StatusOr<size_t>> RepeatableStream::ReadAndRemember(
    absl::Span<char> buf) {
  absl::StatusOr<size_t> n = co_await socket_->Read(buf);
  if (!n.ok() || !repeatable_) co_return n;
  if (said_.size() + *n > kMaxRepeatedBytes) {
    Forget();
  } else {
    said_.append(buf.data(), *n);
  }
  co_return n;
}

Task<absl::StatusOr<size_t>> RepeatableStream::ReadAgain(absl::Span<char> buf) {
  const size_t n = std::min(buf.size(), said_.size() - repeated_);
  if (n == 0) {
    repeating_ = false;
    if (!repeatable_) std::string().swap(said_);
    absl::StatusOr<size_t> fresh = co_await Read(buf);
    co_return fresh;
  }
  std::copy_n(said_.data() + repeated_, n, buf.data());
  repeated_ += n;
  co_return n;
}

Task<absl::Status> RepeatableStream::WaitReadable() {
  if (!repeating_) return socket_->WaitReadable();
  return WaitReadableAgain();
}

Task<absl::Status> RepeatableStream::WaitReadableAgain() {
  if (repeated_ < said_.size()) co_return absl::OkStatus();
  absl::Status ready = co_await socket_->WaitReadable();
  co_return ready;
}

Task<absl::Status> RepeatableStream::Write(
    absl::Span<const absl::string_view> pieces) {
  Forget();
  return socket_->Write(pieces);
}

Task<absl::Status> RepeatableStream::CloseWrite() {
  if (held_) {
    Note(End::kCloseWrite);
    co_return absl::OkStatus();
  }
  Forget();
  absl::Status closed = co_await socket_->CloseWrite();
  co_return closed;
}

Task<absl::Status> RepeatableStream::Close() {
  if (held_) {
    Note(End::kClose);
    co_return absl::OkStatus();
  }
  Forget();
  absl::Status closed = co_await socket_->Close();
  co_return closed;
}

void RepeatableStream::Abort() {
  if (held_) {
    Note(End::kAbort);
    return;
  }
  Forget();
  socket_->Abort();
}

}  // namespace fairway::portforward
