// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apimachinery/pkg/util/httpstream/httpstream.go (v0.20.2)
// Many streams inside one upgraded HTTP connection.
#ifndef HTTPSTREAM_HTTPSTREAM_H_
#define HTTPSTREAM_HTTPSTREAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "base/task/task.h"
#include "net/http/handler.h"
#include "net/http/headers.h"
#include "net/io/byte_stream.h"

namespace fairway::httpstream {

inline constexpr absl::string_view kHeaderConnection = "Connection";
inline constexpr absl::string_view kHeaderUpgrade = "Upgrade";
inline constexpr absl::string_view kHeaderProtocolVersion =
    "X-Stream-Protocol-Version";
inline constexpr absl::string_view kHeaderAcceptedProtocolVersions =
    "X-Accepted-Stream-Protocol-Versions";

// Port-forward's own names (k8s.io/api/core/v1 and
// pkg/kubelet/cri/streaming/portforward/constants.go).
inline constexpr absl::string_view kPortForwardV1Name = "portforward.k8s.io";
inline constexpr absl::string_view kStreamType = "streamType";
inline constexpr absl::string_view kStreamTypeData = "data";
inline constexpr absl::string_view kStreamTypeError = "error";
inline constexpr absl::string_view kPortHeader = "port";
inline constexpr absl::string_view kPortForwardRequestIDHeader = "requestID";

// One logical byte channel inside an upgraded connection.
//
// Threads:  not thread-safe; call only on the owning Connection's executor.
// Lifetime: owned by whoever holds it; the Connection keeps the protocol's side
//           alive as long as it needs it. Destroying it resets the stream if it
//           has not ended both ways.
// Cancel:   as ByteStream. CloseWrite() sends the stream's FIN. Read returns
//           kAborted after the peer's RST, kUnavailable when the connection was
//           lost.
class Stream : public net::ByteStream {
 public:
  // Sends RST and ends both directions here. Never waits. Idempotent.
  // (Abort() is the same.)
  virtual void Reset() = 0;
  // Returns when the peer has accepted the stream; at once for one that the
  // peer made. One such call at a time, which may overlap with every other.
  // Errors: kAborted if the stream was refused or reset; kUnavailable;
  // kDeadlineExceeded 30 s after it was made.
  virtual Task<absl::Status> WaitReplied();
  // The headers that the stream was made with, until ForgetHeaders(); names
  // compare without case.
  virtual const net::http::Headers& headers() const = 0;
  // For streams that live long: frees their memory.
  virtual void ForgetHeaders() {}
  virtual uint32_t identifier() const = 0;
};

// Called for each stream that the peer makes; may keep it or drop it (which
// refuses it). A status other than OK resets it with REFUSED_STREAM, and with
// INVALID_STREAM for kInvalidArgument.
using NewStreamHandler =
    std::function<absl::Status(std::unique_ptr<Stream> stream)>;

// An upgraded connection.
//
// Threads:  on the executor of its making.
// Lifetime: Close() or Abort() before it dies; streams that outlive it return
//           kUnavailable.
class Connection {
 public:
  virtual ~Connection() = default;

  // Makes a stream, and does not wait for the peer to accept it: WaitReplied()
  // does. Streams that a task starts, and what it writes on them before it
  // waits for anything else, leave together.
  // It may be read and written at once. When the peer refuses it, Read and
  // Write return kAborted from then on, and what was written, though Write said
  // OK, reached nobody: the peer drops it. So whoever writes early either keeps
  // those bytes until WaitReplied() returns, or loses them with the stream.
  // Errors: kUnavailable; kResourceExhausted when ids or streams ran out.
  virtual absl::StatusOr<std::unique_ptr<Stream>> StartStream(
      net::http::Headers headers) = 0;

  // StartStream() and WaitReplied(), with the errors of both. The Connection
  // may die meanwhile.
  Task<absl::StatusOr<std::unique_ptr<Stream>>> CreateStream(
      net::http::Headers headers);

  // Lets what was sent arrive (deadline: a few seconds) and closes; streams
  // that are left are reset.
  virtual Task<absl::Status> Close() = 0;
  virtual void Abort() = 0;

  // Upstream's CloseChan(): returns when the connection is gone, with the
  // reason; OK after a close in good order.
  virtual Task<absl::Status> WaitClosed() = 0;

  // Ends the connection when no stream was made, moved or reset for so long;
  // zero: never.
  virtual void SetIdleTimeout(absl::Duration timeout) = 0;

  // Whether a stream that nobody reads leaves the others alone, since both ends
  // keep windows. Waits until the peer has shown it: one round trip after the
  // upgrade.
  // Errors: kUnavailable when the connection ended before; kCancelled.
  virtual Task<absl::StatusOr<bool>> KeepsStreamsApart() = 0;

  // Refuses new streams from now on, and closes in good order once the last has
  // ended; WaitClosed() tells. Never waits. Idempotent.
  virtual void Drain() = 0;

  // How long the answer to the last PING took, this end's wait for its turn to
  // write included; none while none was answered.
  virtual absl::optional<absl::Duration> RoundTripTime() const = 0;
};

// Mirrors: httpstream.Dialer.
class Dialer {
 public:
  virtual ~Dialer() = default;
  struct Result {
    std::unique_ptr<Connection> connection;
    std::string protocol;  // the one that the server chose
  };
  // Errors: kPermissionDenied, kUnauthenticated, kNotFound ... with the
  // server's words for an answer other than 101 ("unable to upgrade
  // connection: ..."); those of dialling.
  virtual Task<absl::StatusOr<Result>> Dial(
      std::vector<std::string> protocols) = 0;
};

// Whether the request asks for any upgrade (Connection has "Upgrade").
bool IsUpgradeRequest(const net::http::Headers& headers);

// Mirrors: httpstream.Handshake. Chooses the first of `server_protocols` that
// the request names. A request that names none gets 400; without a common one
// 403 and the accepted list; either is written to `writer`, and returned as
// kInvalidArgument or kPermissionDenied.
Task<absl::StatusOr<std::string>> Handshake(
    net::http::ServerRequest& request, net::http::ResponseWriter& writer,
    std::vector<std::string> server_protocols);

}  // namespace fairway::httpstream

#endif  // HTTPSTREAM_HTTPSTREAM_H_
