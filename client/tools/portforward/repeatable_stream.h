// SPDX-License-Identifier: Apache-2.0
// An application's connection whose first words can be said again.
//
// What it says waits until the pod's end has taken the connection (Accept()),
// unless it may go before (SpeakEarly()): as much as can be said again, should
// that refuse it.
#ifndef CLIENT_TOOLS_PORTFORWARD_REPEATABLE_STREAM_H_
#define CLIENT_TOOLS_PORTFORWARD_REPEATABLE_STREAM_H_

#include <chrono>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "net/io/byte_stream.h"
#include "net/socket/socket.h"

namespace fairway::portforward {

// What an application sends beyond this before anything came back cannot be
// said again.
inline constexpr size_t kMaxRepeatedBytes = 64 * 1024;

// Passes everything on to a socket. Until the first byte or FIN goes to the
// application it remembers what it has sent. Before Accept() Read waits, but
// for what SpeakEarly() lets through; and the application learns of no end:
// CloseWrite(), Close() and Abort() are only noted.
//
// Threads:  as ByteStream; on `executor`.
// Lifetime: the socket outlives it, and is left to its owner.
class RepeatableStream final : public net::ByteStream {
 public:
  RepeatableStream(Executor executor, net::Socket* socket)
      : socket_(socket), accepted_changed_(executor) {}

  // The pod's end has taken the connection. An end that was noted is told
  // unless it is held.
  Task<absl::Status> Accept();

  // What is read before `until`, kMaxRepeatedBytes of it, need not wait for
  // Accept(); until Repeat().
  void SpeakEarly(std::chrono::steady_clock::time_point until) {
    early_until_ = until;
  }
  // Whether anything was read, be it the FIN, since Repeat(), or the
  // application has been answered: from then on nobody else may be asked,
  // unless it is known that it reached nobody.
  bool HasSpoken() const { return spoken_ || !repeatable_; }

  // Whether the application has ended its connection before it has said
  // anything, or has reset it: nobody waits for an answer.
  bool ApplicationHasLeft() const {
    return said_.empty() && socket_->PeerHasLeft();
  }

  // From now on the application does not learn of an end, as before Accept().
  // Without effect once it was answered.
  void HoldEnd() { held_ = repeatable_; }

  // Whether the application knows nothing yet of what came of its connection.
  bool CanRepeat() const { return repeatable_ && Holds(); }
  // Reads begin anew, what was noted is forgotten, and nobody has taken the
  // connection.
  void Repeat();
  // The end that was noted is the end.
  Task<absl::Status> ReleaseEnd();

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override;
  Task<absl::Status> WaitReadable() override;
  Task<absl::Status> WaitBroken() override { return socket_->WaitBroken(); }
  Task<absl::Status> Write(absl::Span<const absl::string_view> pieces) override;
  Task<absl::Status> CloseWrite() override;
  Task<absl::Status> Close() override;
  void Abort() override;

 private:
  enum class End { kNone, kCloseWrite, kClose, kAbort };

  bool Holds() const { return held_ || !accepted_; }
  void NoteAccepted();
  // Whether the application may be heard now.
  bool MayRead() const;
  Task<absl::Status> WaitMayRead();
  // The application has been answered, or has said too much.
  void Forget();
  void Note(End end) { noted_ = end > noted_ ? end : noted_; }
  Task<absl::StatusOr<size_t>> ReadCarefully(absl::Span<char> buf);
  Task<absl::StatusOr<size_t>> ReadAndRemember(absl::Span<char> buf);
  Task<absl::Status> WaitReadableCarefully();

  net::Socket* const socket_;
  bool repeatable_ = true;
  bool accepted_ = false;
  std::chrono::steady_clock::time_point early_until_;
  bool spoken_ = false;
  bool held_ = false;
  End noted_ = End::kNone;
  std::string said_;
  size_t repeated_ = 0;  // of said_, once it is repeated
  bool repeating_ = false;
  Condition accepted_changed_;
};

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_REPEATABLE_STREAM_H_
