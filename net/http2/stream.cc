// SPDX-License-Identifier: Apache-2.0
#include "net/http2/stream.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/match.h"

namespace fairway::net::http2 {
namespace {

// RFC 9113, section 6.5.2: what a field counts beside its bytes.
constexpr size_t kFieldOverheadBytes = 32;

// Moves from the front of a buffer that is kept as a string and an offset; the
// memory goes back when the buffer is empty.
size_t TakeFront(std::string& buffer, size_t& start, absl::Span<char> to) {
  const size_t n = std::min(to.size(), buffer.size() - start);
  std::memcpy(to.data(), buffer.data() + start, n);
  start += n;
  if (start == buffer.size()) {
    std::string().swap(buffer);
    start = 0;
  }
  return n;
}

}  // namespace

absl::string_view FieldValue(const Fields& fields, absl::string_view name) {
  for (const Field& field : fields) {
    if (field.first == name) return field.second;
  }
  return {};
}

Task<absl::Status> Stream::WaitFields() {
  std::shared_ptr<Stream> self = shared_from_this();
  while (!has_fields_) {
    if (closed_) {
      if (!close_reason_.ok()) co_return close_reason_;
      co_return absl::UnavailableError("http2: stream ended without fields");
    }
    absl::Status waited = co_await changed_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<size_t>> Stream::Read(absl::Span<char> buf) {
  std::shared_ptr<Stream> self = shared_from_this();
  while (inbox_.empty()) {
    if (received_end_) co_return static_cast<size_t>(0);
    if (closed_) {
      if (!close_reason_.ok()) co_return close_reason_;
      co_return absl::UnavailableError("http2: stream ended inside the body");
    }
    absl::Status waited = co_await changed_.Wait();
    if (!waited.ok()) co_return waited;
  }
  const size_t n = TakeFront(inbox_, inbox_start_, buf);
  if (connection_ != nullptr) connection_->Consumed(id_, n);
  co_return n;
}

absl::Status Stream::Sendable() const {
  if (closed_) {
    if (!close_reason_.ok()) return close_reason_;
    return absl::UnavailableError("http2: stream has ended");
  }
  if (finished_) {
    return absl::FailedPreconditionError("http2: write after the end");
  }
  return absl::OkStatus();
}

absl::Status Stream::SendFields(const Fields& fields, EndStream end) {
  absl::Status sendable = Sendable();
  if (!sendable.ok()) return sendable;
  if (sent_fields_) {
    return absl::FailedPreconditionError("http2: fields were sent already");
  }
  absl::Status submitted = connection_->SubmitResponse(id_, fields, end);
  if (!submitted.ok()) return submitted;
  sent_fields_ = true;
  if (end == EndStream::kYes) finished_ = true;
  return absl::OkStatus();
}

absl::Status Stream::SendInformational(const Fields& fields) {
  absl::Status sendable = Sendable();
  if (!sendable.ok()) return sendable;
  return connection_->SubmitInformational(id_, fields);
}

Task<absl::Status> Stream::Write(absl::string_view bytes) {
  std::shared_ptr<Stream> self = shared_from_this();
  while (!bytes.empty()) {
    absl::Status sendable = Sendable();
    if (!sendable.ok()) co_return sendable;
    const size_t held = outbox_.size() - outbox_start_;
    if (held >= kMaxBufferedBytes) {
      absl::Status waited = co_await changed_.Wait();
      if (!waited.ok()) co_return waited;
      continue;
    }
    // What was sent is cut off here, once for many TakeBody().
    outbox_.erase(0, outbox_start_);
    outbox_start_ = 0;
    const size_t n = std::min(bytes.size(), kMaxBufferedBytes - held);
    outbox_.append(bytes.data(), n);
    bytes.remove_prefix(n);
    connection_->ResumeBody(id_);
  }
  co_return Sendable();
}

absl::Status Stream::Finish(Fields trailers) {
  absl::Status sendable = Sendable();
  if (!sendable.ok()) return sendable;
  trailers_to_send_ = std::move(trailers);
  finished_ = true;
  connection_->ResumeBody(id_);
  return absl::OkStatus();
}

void Stream::Reset(uint32_t code) {
  if (closed_) return;
  connection_->SubmitReset(id_, code);
  OnClosed(absl::CancelledError("http2: stream was reset here"), code);
}

Task<absl::Status> Stream::WaitGone() {
  std::shared_ptr<Stream> self = shared_from_this();
  while (!closed_) {
    absl::Status waited = co_await changed_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> Stream::WaitGoneOrDraining() {
  std::shared_ptr<Stream> self = shared_from_this();
  while (!closed_ && !draining_) {
    absl::Status waited = co_await changed_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

bool Stream::OnField(absl::string_view name, absl::string_view value,
                     size_t max_bytes) {
  field_bytes_ += name.size() + value.size() + kFieldOverheadBytes;
  if (field_bytes_ > max_bytes) {
    // The rest is only counted: the request will be answered with 431, unless
    // it goes on like that.
    fields_too_large_ = true;
    return field_bytes_ <= 2 * max_bytes;
  }
  incoming_.emplace_back(std::string(name), std::string(value));
  return true;
}

void Stream::OnBlockEnd() {
  Fields block = std::move(incoming_);
  incoming_.clear();
  if (has_fields_) {
    trailers_ = std::move(block);
  } else if (absl::StartsWith(FieldValue(block, ":status"), "1")) {
    return;  // informational: the response is still to come
  } else {
    fields_ = std::move(block);
    has_fields_ = true;
  }
  changed_.NotifyAll();
}

void Stream::OnBody(absl::string_view bytes) {
  if (closed_) return;
  inbox_.erase(0, inbox_start_);
  inbox_start_ = 0;
  inbox_.append(bytes.data(), bytes.size());
  changed_.NotifyAll();
}

void Stream::OnEnd() {
  received_end_ = true;
  changed_.NotifyAll();
}

void Stream::OnClosed(absl::Status reason, uint32_t reset_code) {
  if (closed_) return;
  closed_ = true;
  close_reason_ = std::move(reason);
  reset_code_ = reset_code;
  connection_ = nullptr;
  std::string().swap(outbox_);
  outbox_start_ = 0;
  changed_.NotifyAll();
}

void Stream::OnDraining() {
  draining_ = true;
  changed_.NotifyAll();
}

Stream::Taken Stream::TakeBody(absl::Span<char> buf) {
  Taken taken;
  taken.bytes = TakeFront(outbox_, outbox_start_, buf);
  taken.end = finished_ && outbox_.empty();
  if (taken.bytes > 0) changed_.NotifyAll();
  return taken;
}

}  // namespace fairway::net::http2
