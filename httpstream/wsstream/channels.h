// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/util/wsstream/conn.go (v0.20.2)
// The server's side of the channel protocols: a few numbered streams in one
// WebSocket, which have neither windows nor ends of their own.
//
// Threads:  on the executor of Open() only.
// Cancel:   every Task honours it.
#ifndef HTTPSTREAM_WSSTREAM_CHANNELS_H_
#define HTTPSTREAM_WSSTREAM_CHANNELS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "httpstream/wsstream/channel_codec.h"
#include "net/http/handler.h"
#include "net/io/byte_stream.h"
#include "net/websocket/connection.h"

namespace fairway::httpstream::wsstream {

// Subprotocols; port-forward's have "v4." before them, or are "".
inline constexpr absl::string_view kChannelWebSocketProtocol = "channel.k8s.io";
inline constexpr absl::string_view kBase64ChannelWebSocketProtocol =
    "base64.channel.k8s.io";

// What the server does with a channel. What the client sends to one that is not
// read is dropped, as is what it sends to one that does not exist; what is
// written to one that is not for writing is dropped here.
enum class ChannelType { kIgnore, kRead, kWrite, kReadWrite };

struct ChannelProtocol {
  std::string name;  // "": the client names none
  ChannelCodec codec = ChannelCodec::kBinary;
};

// A byte numbers them.
inline constexpr size_t kMaxChannels = 256;

struct ChannelsOptions {
  // What may lie unread of one channel. When it is full the connection reads no
  // further, so that the other channels wait too; the log and the metric
  // fairway_channel_stalls_total{connection} say so after a second.
  size_t channel_buffer_bytes = 1 << 20;
  // The connection ends when no message came or went for so long; pings do not
  // count. Zero: never.
  absl::Duration idle_timeout = absl::ZeroDuration();
  // What log lines and metrics call it; never a peer's words.
  std::string name = "channels";
  // The rest: limits, pings. `role` is not looked at.
  net::websocket::ConnectionOptions websocket;
};

// Mirrors: wsstream.Conn.
class ChannelConnection {
 public:
  // `channels`: at most kMaxChannels.
  // Lifetime: Close() or Abort() before it dies; streams that outlive it return
  //           kUnavailable.
  ChannelConnection(Executor executor,
                    std::unique_ptr<net::ByteStream> transport,
                    ChannelCodec codec, std::vector<ChannelType> channels,
                    ChannelsOptions options);
  ~ChannelConnection();
  ChannelConnection(const ChannelConnection&) = delete;
  ChannelConnection& operator=(const ChannelConnection&) = delete;

  // The stream of a channel; each may be taken once. Read gives what the client
  // sent on it: 0 once the client has closed the WebSocket, and at once if the
  // type says that it is not read; what came is read before an error of the
  // connection is told. Write sends messages of at most 32 KiB, whole even if
  // it is cancelled. CloseWrite() is known only here, and Close() and Abort()
  // only drop what still comes: the protocol cannot end a channel.
  std::unique_ptr<net::ByteStream> TakeChannel(size_t number);

  // The closing handshake with 1000. Streams that are left return kCancelled.
  Task<absl::Status> Close();
  // Ends the connection at once. Never waits.
  void Abort();
  // Returns when the connection is gone, with the reason: OK after a Close of
  // either end, if the client's has no code but 1000 and 1001;
  // kDeadlineExceeded for idleness; kUnavailable, kAborted; kInvalidArgument
  // and kOutOfRange for what breaks a protocol; kCancelled after Abort().
  Task<absl::Status> WaitClosed();

 private:
  class State;
  class ChannelStream;
  std::shared_ptr<State> state_;
};

// Mirrors: wsstream.Conn.Open. Answers the request: 101 with the first of the
// client's protocols that is among `protocols`, or as
// net::websocket::AnswerRequest() refuses.
// Errors: of net::websocket::UpgradeResponse(); kInvalidArgument, answered with
// 400, for more than kMaxChannels.
Task<absl::StatusOr<std::unique_ptr<ChannelConnection>>> OpenChannels(
    net::http::ServerRequest& request, net::http::ResponseWriter& writer,
    std::vector<ChannelProtocol> protocols, std::vector<ChannelType> channels,
    ChannelsOptions options);

}  // namespace fairway::httpstream::wsstream

#endif  // HTTPSTREAM_WSSTREAM_CHANNELS_H_
