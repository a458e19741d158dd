// SPDX-License-Identifier: Apache-2.0
// A server's end of a session as Kubernetes' own servers have it: what
// spdystream does to frames (moby/spdystream connection.go), and a pod behind
// it. No windows; five workers with a queue of 50 frames each; a worker with
// DATA waits until the stream's reader takes them; once a queue is full nothing
// more is read.
#ifndef CLIENT_TOOLS_PORTFORWARD_TESTING_SPDYSTREAM_SERVER_H_
#define CLIENT_TOOLS_PORTFORWARD_TESTING_SPDYSTREAM_SERVER_H_

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/framer.h"
#include "net/io/byte_stream.h"

namespace fairway::portforward {

// The pod's ports, by what happens there.
inline constexpr int kEchoPort = 7;       // sends back what it gets, up to FIN
inline constexpr int kDeafPort = 9;       // never reads
inline constexpr int kRefusedPort = 111;  // text, then both streams are reset
inline constexpr int kGonePort = 120;     // text, then both streams' FIN
inline constexpr absl::string_view kRefusedText =
    "error forwarding port 111 to pod: connection refused";

class SpdystreamServer {
 public:
  SpdystreamServer(Executor executor,
                   std::unique_ptr<net::ByteStream> transport);

  // Until the transport's end. Errors: kCancelled.
  Task<absl::Status> Serve();
  // Goes on with what is open and makes nothing new.
  Task<absl::Status> GoAway();

  // While it is held frames only queue up.
  void SetHeld(bool held);

  // A queue is full: nothing is read.
  bool stands_still() const { return stands_still_; }
  // Serve() has returned.
  bool ended() const { return ended_; }
  // Notified when one of the two changes.
  Condition& changed() { return changed_; }

 private:
  static constexpr size_t kWorkers = 5;
  static constexpr size_t kQueueFrames = 50;

  struct Stream {
    explicit Stream(Executor executor) : changed(executor) {}
    uint32_t id = 0;
    absl::optional<std::string> offered;  // DATA that waits for the reader
    bool ended = false;
    Condition changed;
  };
  using StreamPtr = std::shared_ptr<Stream>;

  struct Pair {
    int port = 0;
    StreamPtr data;
    StreamPtr error;
  };

  enum class Kind { kSyn, kData, kPing, kRst };
  struct Item {
    Kind kind;
    uint32_t id = 0;
    bool fin = false;
    std::string payload;
    net::http::Headers headers;
  };

  struct Worker {
    explicit Worker(Executor executor) : changed(executor) {}
    std::deque<Item> queue;
    Condition changed;
  };

  Task<absl::Status> ReadFrames();
  Task<absl::Status> Enqueue(Item item);
  Task<absl::Status> Work(Worker* worker);
  Task<absl::Status> OnSyn(Item item);
  Task<absl::Status> OnData(Item item);
  Task<absl::Status> Run(Pair pair);
  Task<absl::Status> Echo(Pair pair);
  Task<absl::Status> Send(std::string bytes);
  Task<absl::Status> SendData(uint32_t id, std::string payload,
                              httpstream::spdy::Fin fin);

  const Executor executor_;
  const std::unique_ptr<net::ByteStream> transport_;
  httpstream::spdy::FrameParser parser_;
  httpstream::spdy::FrameWriter writer_;
  std::array<std::unique_ptr<Worker>, kWorkers> workers_;
  size_t turn_ = 0;  // whose the next PING is
  std::map<uint32_t, StreamPtr> streams_;
  std::map<std::string, Pair> pairs_;
  uint32_t last_id_ = 0;
  bool going_away_ = false;
  bool writing_ = false;
  Condition written_;
  bool held_ = false;
  bool stands_still_ = false;
  bool ended_ = false;
  Condition changed_;
  TaskGroup tasks_;
};

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_TESTING_SPDYSTREAM_SERVER_H_
