// SPDX-License-Identifier: Apache-2.0
// What comes in on a connection, read apart from those who wait for it.
#ifndef NET_HTTP1_INPUT_H_
#define NET_HTTP1_INPUT_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "net/io/byte_stream.h"

namespace fairway::net::http1 {

// Owns the stream, and reads from it in a task of its own: so whoever waits for
// bytes may be cancelled, or give up, and the stream is still good; and while a
// request is answered the peer's end can be noticed without losing what it sent
// ahead. Holds no buffer while nothing comes.
//
// Threads:  on `executor`.
// Lifetime: the task keeps it alive; it ends when the stream is closed or
//           aborted, which the destructor of the last owner outside does not
//           do: call Close() or Abort().
class Input : public std::enable_shared_from_this<Input> {
 public:
  static std::shared_ptr<Input> Make(Executor executor,
                                     std::unique_ptr<ByteStream> stream);

  ByteStream& stream() { return *stream_; }

  // What came and was not consumed.
  absl::string_view buffered() const {
    return absl::string_view(buffer_).substr(start_);
  }
  void Consume(size_t n);

  // Whether nothing will follow what is buffered: FIN, or status() is not OK.
  bool ended() const { return ended_; }
  const absl::Status& status() const { return status_; }

  // Waits for more than is buffered now. OK also at the end: see ended().
  // Errors: of ByteStream::Read; kCancelled (the stream remains usable).
  Task<absl::Status> Fill();

  // Starts one read in the background, if none is under way.
  void ReadAhead();
  // Waits until a read ended, or Poke().
  Task<absl::Status> WaitChanged();
  void Poke() { changed_.NotifyAll(); }

  // The stream, for whoever takes over the connection; its reader gets first
  // what is buffered. `this` is then not to be used.
  std::unique_ptr<ByteStream> Release();

 private:
  class Released;

  Input(Executor executor, std::unique_ptr<ByteStream> stream)
      : stream_(std::move(stream)), changed_(executor), reads_(executor) {}

  Task<absl::Status> ReadOnce();

  std::unique_ptr<ByteStream> stream_;
  std::string buffer_;
  size_t start_ = 0;
  bool reading_ = false;
  bool ended_ = false;
  absl::Status status_;
  Condition changed_;
  TaskGroup reads_;
};

}  // namespace fairway::net::http1

#endif  // NET_HTTP1_INPUT_H_
