// SPDX-License-Identifier: Apache-2.0
// Lines that nobody has to read.
#ifndef CLIENT_CMD_LOSSY_STREAM_H_
#define CLIENT_CMD_LOSSY_STREAM_H_

#include <ostream>
#include <streambuf>
#include <string>

namespace fairway::cmd {

// Collects up to the flush, then writes at once what was collected, or drops it
// when the descriptor has no room: a full pipe, a terminal that was stopped. So
// a program that moves other people's bytes never waits for whoever reads its
// messages. Write it a line, of at most PIPE_BUF bytes, between flushes.
class LossyBuffer final : public std::streambuf {
 public:
  // `fd` stays the caller's.
  explicit LossyBuffer(int fd) : fd_(fd) {}

 protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* bytes, std::streamsize count) override;
  int sync() override;

 private:
  const int fd_;
  std::string line_;
};

// Threads: one.
class LossyStream final : public std::ostream {
 public:
  explicit LossyStream(int fd) : std::ostream(nullptr), buffer_(fd) {
    rdbuf(&buffer_);
  }

 private:
  LossyBuffer buffer_;
};

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_LOSSY_STREAM_H_
