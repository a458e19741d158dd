// SPDX-License-Identifier: Apache-2.0
// One end of an HTTP/2 connection (RFC 9113): nghttp2's state machine over a
// ByteStream. The codec and the flow control are nghttp2's; reading, writing,
// limits and deadlines are here.
#ifndef NET_HTTP2_SESSION_H_
#define NET_HTTP2_SESSION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "net/http2/stream.h"
#include "net/io/byte_stream.h"

struct nghttp2_session;

namespace fairway::net::http2 {

enum class Role { kClient, kServer };

struct SessionOptions {
  // A request with more fields is answered with 431; with twice as many, or if
  // it is a response, its stream is reset.
  size_t max_header_bytes = 1 << 20;
  uint32_t max_concurrent_streams = 250;
  // For the client's first SETTINGS, and for each block of fields.
  absl::Duration header_timeout = absl::InfiniteDuration();
  // Without a stream. Both are a server's.
  absl::Duration idle_timeout = absl::InfiniteDuration();
};

// Holds for its peer: the received part of each stream's body, at most
// Stream::kMaxBufferedBytes as that is its window, and an output queue; a peer
// that makes it answer faster than it reads the answers is no longer read, or
// is cut off (also for more than 1000 RST_STREAMs at a time, CVE-2023-44487).
// The connection's own window is opened as bytes come in, so that a stream
// that nobody reads stops only itself.
//
// Threads:  on `executor`.
// Lifetime: must outlive Run(). Streams may outlive it.
class Session final : private StreamConnection {
 public:
  // A request whose fields are there. Called between reads, never from within
  // a call of another.
  using OnRequest = std::function<void(std::shared_ptr<Stream>)>;

  // `on_request` is a server's.
  Session(Executor executor, std::unique_ptr<ByteStream> stream, Role role,
          SessionOptions options, OnRequest on_request = nullptr);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Works until the connection ends, and closes it. Streams that are left end
  // with kUnavailable.
  // Errors: why it ended; OK when both sides had finished.
  // Cancel: drops the connection.
  Task<absl::Status> Run();

  // A client's request. With EndStream::kNo its body follows by
  // Stream::Write(). It waits in line while the server's limit is reached.
  // Errors: kUnavailable when the connection takes no more requests.
  absl::StatusOr<std::shared_ptr<Stream>> Open(const Fields& fields,
                                               EndStream end);
  // Whether Open() would succeed.
  bool accepts_requests() const;

  // Sends GOAWAY; Run() ends with the last stream.
  void Drain();
  // Sends GOAWAY with `code`, whereupon Run() ends.
  void Terminate(uint32_t code);

  size_t open_streams() const { return streams_.size(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Callbacks;  // nghttp2's, in the .cc

  // StreamConnection
  absl::Status SubmitResponse(int32_t id, const Fields& fields,
                              EndStream end) override;
  absl::Status SubmitInformational(int32_t id, const Fields& fields) override;
  void ResumeBody(int32_t id) override;
  void Consumed(int32_t id, size_t bytes) override;
  void SubmitReset(int32_t id, uint32_t code) override;

  Task<absl::Status> ReadLoop();
  Task<absl::Status> WriteLoop();
  Task<absl::Status> Watch();
  absl::StatusOr<std::string> NextBatch();
  absl::Duration TimeLeft() const;
  absl::Status Receive(absl::string_view bytes);
  void OnBlock(const std::shared_ptr<Stream>& stream);
  void Wake() { output_.NotifyAll(); }
  Stream* Find(int32_t id);
  void Close(int32_t id, absl::Status reason, uint32_t code);
  bool Finished() const;

  const Executor executor_;
  const std::unique_ptr<ByteStream> transport_;
  const Role role_;
  const SessionOptions options_;
  const OnRequest on_request_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, std::shared_ptr<Stream>> streams_;
  std::vector<std::shared_ptr<Stream>> arrived_;
  Condition output_;   // something may be there to write
  Condition drained_;  // output was written
  bool draining_ = false;
  bool ended_ = false;
  bool peer_left_ = false;  // with its FIN, when there were no streams
  bool settings_received_ = false;
  int32_t block_of_ = 0;             // the stream whose fields are coming in
  Clock::time_point waiting_since_;  // for SETTINGS or a block's end
  Clock::time_point idle_since_;
};

}  // namespace fairway::net::http2

#endif  // NET_HTTP2_SESSION_H_
