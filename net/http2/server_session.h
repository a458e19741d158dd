// SPDX-License-Identifier: Apache-2.0
// The server's end of an HTTP/2 connection: a task for each request.
#ifndef NET_HTTP2_SERVER_SESSION_H_
#define NET_HTTP2_SERVER_SESSION_H_

#include <cstddef>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "net/http2/session.h"
#include "net/http2/stream.h"
#include "net/io/byte_stream.h"

namespace fairway::net::http2 {

// Answers one request, and calls Stream::Finish() (or ends the stream with its
// fields). A stream left unfinished is reset with INTERNAL_ERROR.
using StreamHandler =
    std::function<Task<absl::Status>(std::shared_ptr<Stream> stream)>;

// A request is refused while as many handlers run as there may be streams: a
// peer that resets what it has just asked for gains nothing.
//
// Threads:  on `executor`.
// Lifetime: must outlive Serve().
class ServerSession {
 public:
  ServerSession(Executor executor, std::unique_ptr<ByteStream> stream,
                SessionOptions options, StreamHandler handler);

  // Works until the connection has ended and every handler has returned.
  // Errors: as Session::Run().
  // Cancel: drops the connection and cancels the handlers.
  Task<absl::Status> Serve();

  // Takes no more requests; Serve() ends with the last one under way.
  void Drain() { session_.Drain(); }

 private:
  void Start(std::shared_ptr<Stream> stream);

  const size_t max_handlers_;
  size_t refused_ = 0;
  const StreamHandler handler_;
  TaskGroup handlers_;
  Session session_;
};

}  // namespace fairway::net::http2

#endif  // NET_HTTP2_SERVER_SESSION_H_
