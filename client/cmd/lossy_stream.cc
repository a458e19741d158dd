// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/lossy_stream.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace fairway::cmd {
namespace {

bool HasRoom(int fd) {
  pollfd poll_fd = {fd, POLLOUT, 0};
  const int ready = poll(&poll_fd, 1, 0);
  // What cannot be polled, such as a closed descriptor, fails at the write.
  return ready != 0;
}

}  // namespace

LossyBuffer::int_type LossyBuffer::overflow(int_type c) {
  if (c != traits_type::eof()) line_.push_back(traits_type::to_char_type(c));
  return traits_type::not_eof(c);
}

std::streamsize LossyBuffer::xsputn(const char* bytes, std::streamsize count) {
  line_.append(bytes, static_cast<size_t>(count));
  return count;
}

// Never fails: a failed stream would stay silent once there is room again.
int LossyBuffer::sync() {
  size_t written = 0;
  while (written < line_.size() && HasRoom(fd_)) {
    const ssize_t n =
        write(fd_, line_.data() + written, line_.size() - written);
    if (n < 0 && errno != EINTR) break;
    if (n > 0) written += static_cast<size_t>(n);
  }
  line_.clear();
  return 0;
}

}  // namespace fairway::cmd
