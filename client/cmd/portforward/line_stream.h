// SPDX-License-Identifier: Apache-2.0
#ifndef CLIENT_CMD_PORTFORWARD_LINE_STREAM_H_
#define CLIENT_CMD_PORTFORWARD_LINE_STREAM_H_

#include <functional>
#include <ostream>
#include <streambuf>
#include <string>

namespace fairway::cmd {

// Takes lines apart for whoever does something with each one.
class LineBuffer final : public std::streambuf {
 public:
  using Sink = std::function<void(const std::string& line)>;
  explicit LineBuffer(Sink sink) : sink_(std::move(sink)) {}

 protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* bytes, std::streamsize count) override;
  int sync() override;

 private:
  const Sink sink_;
  std::string text_;
};

// A stream that gives each line, without its newline, to `sink` when it is
// flushed.
//
// Threads: one.
class LineStream final : public std::ostream {
 public:
  explicit LineStream(LineBuffer::Sink sink)
      : std::ostream(nullptr), buffer_(std::move(sink)) {
    rdbuf(&buffer_);
  }

 private:
  LineBuffer buffer_;
};

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_LINE_STREAM_H_
