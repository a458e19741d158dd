// SPDX-License-Identifier: Apache-2.0
#include "net/http1/body_reader.h"

#include <utility>

#include "base/task/deadline.h"

namespace fairway::net::http1 {

BodyReader::BodyReader(std::shared_ptr<Input> input, MessageParser& parser,
                       absl::Duration timeout)
    : input_(std::move(input)), parser_(parser), timeout_(timeout) {}

Task<absl::StatusOr<size_t>> BodyReader::Read(absl::Span<char> buf) {
  while (true) {
    if (!error_.ok()) co_return error_;
    if (parser_.done()) co_return 0;
    absl::StatusOr<MessageParser::Progress> progress =
        parser_.ParseBody(input_->buffered(), buf);
    if (!progress.ok()) {
      error_ = progress.status();
      continue;
    }
    input_->Consume(progress->consumed);
    if (progress->produced > 0) co_return progress->produced;
    if (progress->consumed > 0) continue;
    if (input_->ended()) {
      error_ = input_->status().ok() ? parser_.Finish() : input_->status();
      continue;
    }
    absl::Status filled = co_await Fill();
    // A read that was given up may be tried again.
    if (!filled.ok() && !input_->ended()) co_return filled;
  }
}

Task<absl::Status> BodyReader::Fill() {
  if (timeout_ == absl::InfiniteDuration()) {
    absl::Status filled = co_await input_->Fill();
    co_return filled;
  }
  absl::Status filled = co_await WithDeadline(
      timeout_, "read body", [this]() -> Task<absl::Status> {
        absl::Status status = co_await input_->Fill();
        co_return status;
      });
  co_return filled;
}

}  // namespace fairway::net::http1
