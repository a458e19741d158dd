// SPDX-License-Identifier: Apache-2.0
// An application's connection whose first words can be said again.
#ifndef CLIENT_TOOLS_PORTFORWARD_REPEATABLE_STREAM_H_
#define CLIENT_TOOLS_PORTFORWARD_REPEATABLE_STREAM_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "base/task/task.h"
#include "net/io/byte_stream.h"
#include "net/socket/socket.h"

namespace fairway::portforward {

// What an application sends beyond this before anything came back cannot be
// said again.
inline constexpr size_t kMaxRepeatedBytes = 64 * 1024;

// Passes everything on to a socket. Until the first byte or FIN goes to the
// application it remembers what it has sent.
//
// Threads:  as ByteStream.
// Lifetime: the socket outlives it, and is left to its owner.
class RepeatableStream final : public net::ByteStream {
 public:
  explicit RepeatableStream(net::Socket* socket) : socket_(socket) {}

  // Whether the application has ended its connection before it has said
  // anything, or has reset it: nobody waits for an answer.
  bool ApplicationHasLeft() const {
    return said_.empty() && socket_->PeerHasLeft();
  }

  // From now on the application does not learn of an end: CloseWrite(), Close()
  // and Abort() are only noted. Without effect once it was answered.
  void HoldEnd() { held_ = repeatable_; }

  // Whether the application knows nothing yet of the end that was held.
  bool CanRepeat() const { return held_; }
  // Reads begin anew, and what was noted is forgotten.
  void Repeat();
  // The end that was held is the end.
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

  // The application has been answered, or has said too much.
  void Forget();
  void Note(End end) { noted_ = end > noted_ ? end : noted_; }
  Task<absl::StatusOr<size_t>> ReadAndRemember(absl::Span<char> buf);
  Task<absl::StatusOr<size_t>> ReadAgain(absl::Span<char> buf);
  Task<absl::Status> WaitReadableAgain();

  net::Socket* const socket_;
  bool repeatable_ = true;
  bool held_ = false;
  End noted_ = End::kNone;
  std::string said_;
  size_t repeated_ = 0;  // of said_, once it is repeated
  bool repeating_ = false;
};

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_REPEATABLE_STREAM_H_
