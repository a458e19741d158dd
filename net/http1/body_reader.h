// SPDX-License-Identifier: Apache-2.0
// A message's body as it comes in on a connection.
#ifndef NET_HTTP1_BODY_READER_H_
#define NET_HTTP1_BODY_READER_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "base/task/task.h"
#include "net/http/message.h"
#include "net/http1/input.h"
#include "net/http1/message_parser.h"

namespace fairway::net::http1 {

// Threads:  that of `input`.
// Lifetime: `parser` must outlive it.
class BodyReader final : public http::BodyReader {
 public:
  // Waits at most `timeout` for each next piece.
  BodyReader(std::shared_ptr<Input> input, MessageParser& parser,
             absl::Duration timeout);

  // Errors: also kDeadlineExceeded.
  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override;

  bool done() const { return parser_.done(); }

 private:
  Task<absl::Status> Fill();

  std::shared_ptr<Input> input_;
  MessageParser& parser_;
  const absl::Duration timeout_;
  absl::Status error_;
};

}  // namespace fairway::net::http1

#endif  // NET_HTTP1_BODY_READER_H_
