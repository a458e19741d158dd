// SPDX-License-Identifier: Apache-2.0
#include "net/http1/response_writer.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status/co_status.h"
#include "net/http/date.h"
#include "net/http1/upgrade.h"

namespace fairway::net::http1 {
namespace {

constexpr size_t kHeldBytes = 2048;  // as Go's response buffer
// A client may send so much ahead while it is watched for its end.
constexpr size_t kReadAheadBytes = 64 * 1024;

bool MayHaveBody(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace

ResponseWriter::ResponseWriter(Executor executor, std::shared_ptr<Input> input,
                               ResponseFraming framing,
                               std::function<bool()> must_close)
    : executor_(executor),
      input_(std::move(input)),
      framing_(framing),
      must_close_(std::move(must_close)),
      sent_(executor),
      flushes_(executor) {}

ResponseWriter::~ResponseWriter() = default;

Task<absl::Status> ResponseWriter::WriteHeader(int status) {
  if (hijacked_ || finished_) {
    co_return absl::FailedPreconditionError("http: connection was hijacked");
  }
  if (status_ != 0) {
    co_return absl::FailedPreconditionError("http: header was written before");
  }
  if (status < 200 || status > 999) {
    co_return absl::InvalidArgumentError(
        absl::StrCat("http: invalid status code ", status));
  }
  status_ = status;
  uint64_t length = 0;
  if (!MayHaveBody(status)) {
    body_ = Body::kNone;
  } else if (absl::SimpleAtoi(headers_.Get("Content-Length"), &length)) {
    body_ = Body::kCounted;
    length_ = length;
  }
  FlushWhenHandlerWaits();
  co_return absl::OkStatus();
}

// A posted callback runs as soon as the handler, which runs now, waits for
// something; if it returns before, Finish() has sent everything.
void ResponseWriter::FlushWhenHandlerWaits() {
  boost::asio::post(executor_, [this, alive = std::weak_ptr<Alive>(alive_)] {
    if (alive.expired() || head_sent_ || finished_ || sending_) return;
    flushes_.Spawn([this]() -> Task<absl::Status> {
      absl::Status status = co_await Flush(More::kMayFollow);
      co_return status;
    });
  });
}

Task<absl::Status> ResponseWriter::Write(absl::string_view bytes) {
  if (status_ == 0) {
    absl::Status begun = co_await WriteHeader(200);
    FAIRWAY_CO_RETURN_IF_ERROR(begun);
  }
  if (hijacked_ || finished_) {
    co_return absl::FailedPreconditionError("http: connection was hijacked");
  }
  if (body_ == Body::kNone) {
    co_return absl::FailedPreconditionError(
        "http: request method or response status code does not allow body");
  }
  if (body_ == Body::kCounted && bytes.size() > length_ - written_) {
    co_return absl::FailedPreconditionError(
        "http: wrote more than the declared Content-Length");
  }
  absl::Status flushed = co_await WaitForFlush();
  FAIRWAY_CO_RETURN_IF_ERROR(flushed);
  written_ += bytes.size();
  if (!head_sent_ && held_.size() + bytes.size() <= kHeldBytes) {
    held_.append(bytes.data(), bytes.size());
    co_return absl::OkStatus();
  }
  if (!head_sent_) {
    const std::string head = MakeHead(More::kMayFollow);
    std::string body = std::move(held_);
    body.append(bytes.data(), bytes.size());
    absl::Status sent = co_await Send(head, body, More::kMayFollow);
    co_return sent;
  }
  absl::Status sent = co_await Send("", bytes, More::kMayFollow);
  co_return sent;
}

Task<absl::Status> ResponseWriter::WaitForFlush() {
  while (sending_) {
    absl::Status waited = co_await sent_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return error_;
}

Task<absl::Status> ResponseWriter::Flush(More more) {
  const std::string head = MakeHead(more);
  const std::string body = std::move(held_);
  held_.clear();
  absl::Status sent = co_await Send(head, body, more);
  co_return sent;
}

void ResponseWriter::DecideBody(More more) {
  if (body_ != Body::kUndecided) return;
  if (more == More::kNone && (!framing_.head_request || written_ > 0)) {
    body_ = Body::kCounted;
    length_ = written_;
    headers_.Set("Content-Length", absl::StrCat(length_));
  } else if (framing_.head_request) {
    body_ = Body::kUntilClose;  // none is sent, and its length is not known
  } else {
    body_ = framing_.minor_version == 1 ? Body::kChunked : Body::kUntilClose;
  }
}

// The head, and with it the framing of the body, is final from here on.
std::string ResponseWriter::MakeHead(More more) {
  head_sent_ = true;
  DecideBody(more);
  keep_alive_ = framing_.keep_alive &&
                !headers_.HasToken("Connection", "close") && !must_close_() &&
                (body_ != Body::kUntilClose || framing_.head_request);
  if (body_ != Body::kCounted && !framing_.head_request) {
    headers_.Remove("Content-Length");
  }
  headers_.Remove("Transfer-Encoding");
  if (!headers_.Has("Date"))
    headers_.Add("Date", http::FormatDate(absl::Now()));
  if (body_ == Body::kChunked) headers_.Set("Transfer-Encoding", "chunked");
  if (!keep_alive_) {
    headers_.Set("Connection", "close");
  } else if (framing_.minor_version == 0) {
    headers_.Set("Connection", "keep-alive");
  }
  return SerializeResponseHead(status_, headers_);
}

Task<absl::Status> ResponseWriter::Send(absl::string_view head,
                                        absl::string_view body, More more) {
  if (framing_.head_request) body = "";
  std::string chunk_head;
  absl::string_view chunk_end;
  if (body_ == Body::kChunked && !framing_.head_request) {
    if (!body.empty()) {
      chunk_head = absl::StrFormat("%x\r\n", body.size());
      chunk_end = "\r\n";
    }
    if (more == More::kNone) {
      chunk_end = body.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
    }
  }
  const absl::string_view pieces[] = {head, chunk_head, body, chunk_end};
  sending_ = true;
  absl::Status status = co_await input_->stream().Write(pieces);
  sending_ = false;
  if (!status.ok()) {
    error_ = status;
    keep_alive_ = false;
  }
  sent_.NotifyAll();
  co_return status;
}

Task<absl::Status> ResponseWriter::WriteContinue() {
  if (status_ != 0 || hijacked_) co_return absl::OkStatus();
  absl::Status status =
      co_await WriteAll(input_->stream(), "HTTP/1.1 100 Continue\r\n\r\n");
  if (!status.ok()) error_ = status;
  co_return status;
}

absl::StatusOr<std::unique_ptr<ByteStream>> ResponseWriter::Hijack() {
  if (hijacked_) {
    return absl::FailedPreconditionError("http: connection was hijacked");
  }
  if (status_ != 0) {
    return absl::FailedPreconditionError("http: header was written before");
  }
  hijacked_ = true;
  keep_alive_ = false;
  return input_->Release();
}

Task<absl::Status> ResponseWriter::WaitPeerGone() {
  // Shared: it outlives a hijack and, if the caller is late, the connection.
  std::shared_ptr<Input> input = input_;
  while (!hijacked_ && !draining_ && !input->ended()) {
    if (input->buffered().size() < kReadAheadBytes) input->ReadAhead();
    if (input->ended()) break;
    absl::Status waited = co_await input->WaitChanged();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> ResponseWriter::Abandon() {
  finished_ = true;
  keep_alive_ = false;
  absl::Status flushed = co_await flushes_.Join();
  co_return flushed;
}

Task<absl::Status> ResponseWriter::Finish() {
  finished_ = true;
  absl::Status flushed = co_await flushes_.Join();
  if (hijacked_) co_return absl::OkStatus();
  if (!error_.ok()) co_return error_;
  if (!flushed.ok()) co_return flushed;
  if (status_ == 0) status_ = 200;
  if (!MayHaveBody(status_)) body_ = Body::kNone;
  const bool short_body =
      body_ == Body::kCounted && written_ < length_ && !framing_.head_request;
  if (short_body) keep_alive_ = false;
  absl::Status status;
  if (!head_sent_) {
    status = co_await Flush(More::kNone);
  } else if (body_ == Body::kChunked) {
    status = co_await Send("", "", More::kNone);
  }
  if (status.ok() && short_body) {
    keep_alive_ = false;
    status = absl::FailedPreconditionError(
        "http: wrote less than the declared Content-Length");
  }
  co_return status;
}

}  // namespace fairway::net::http1
