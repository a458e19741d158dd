// SPDX-License-Identifier: Apache-2.0
// The response to one HTTP/1.x request, framed as the request permits.
#ifndef NET_HTTP1_RESPONSE_WRITER_H_
#define NET_HTTP1_RESPONSE_WRITER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "net/http/handler.h"
#include "net/http/headers.h"
#include "net/http1/input.h"

namespace fairway::net::http1 {

// What of the request decides how it is answered.
struct ResponseFraming {
  bool head_request = false;
  int minor_version = 1;
  bool keep_alive = true;  // the client's wish, and the server's leave
};

// Holds back a head and up to 2 KiB behind it until the handler waits, writes
// more or returns: a short response is counted and goes out in one piece.
//
// Threads:  on `executor`.
// Lifetime: Finish() or Abandon() before it dies; `input` must outlive it.
class ResponseWriter final : public http::ResponseWriter {
 public:
  // `must_close` is asked, when the head goes out, whether the connection must
  // close after this response although the client wants to keep it.
  ResponseWriter(Executor executor, std::shared_ptr<Input> input,
                 ResponseFraming framing, std::function<bool()> must_close);
  ~ResponseWriter() override;

  http::Headers& headers() override { return headers_; }
  Task<absl::Status> WriteHeader(int status) override;
  Task<absl::Status> Write(absl::string_view bytes) override;
  bool wrote_header() const override { return status_ != 0; }
  absl::StatusOr<std::unique_ptr<ByteStream>> Hijack() override;
  Task<absl::Status> WaitPeerGone() override;

  // "100 Continue", if nothing was sent yet.
  Task<absl::Status> WriteContinue();

  // Sends what is left. Errors: of Write; kFailedPrecondition when the handler
  // wrote less than its Content-Length.
  Task<absl::Status> Finish();

  // Instead of Finish(): the response cannot be completed, and what the peer
  // has of it must not look whole.
  Task<absl::Status> Abandon();

  bool hijacked() const { return hijacked_; }
  // Whether another response may follow; meaningful after Finish().
  bool keep_alive() const { return keep_alive_; }

  // The server is draining: ends WaitPeerGone().
  void set_draining() { draining_ = true; }

 private:
  enum class Body { kUndecided, kNone, kCounted, kChunked, kUntilClose };
  enum class More { kMayFollow, kNone };
  struct Alive {};

  void FlushWhenHandlerWaits();
  Task<absl::Status> Flush(More more);
  Task<absl::Status> Send(absl::string_view head, absl::string_view body,
                          More more);
  void DecideBody(More more);
  std::string MakeHead(More more);
  Task<absl::Status> WaitForFlush();

  Executor executor_;
  std::shared_ptr<Input> input_;
  const ResponseFraming framing_;
  std::function<bool()> must_close_;
  http::Headers headers_;
  int status_ = 0;
  Body body_ = Body::kUndecided;
  uint64_t length_ = 0;   // of kCounted
  uint64_t written_ = 0;  // bytes of the body that the handler wrote
  std::string held_;      // the first of them, unsent
  bool head_sent_ = false;
  bool finished_ = false;
  bool hijacked_ = false;
  bool keep_alive_ = true;
  bool draining_ = false;
  bool sending_ = false;
  absl::Status error_;
  Condition sent_;
  TaskGroup flushes_;
  // Dies with `this`: tells a late callback.
  std::shared_ptr<Alive> alive_ = std::make_shared<Alive>();
};

}  // namespace fairway::net::http1

#endif  // NET_HTTP1_RESPONSE_WRITER_H_
