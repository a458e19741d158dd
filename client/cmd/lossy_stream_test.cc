// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/lossy_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace fairway::cmd {
namespace {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_), 0); }
  ~Pipe() {
    CloseRead();
    close(ends_[1]);
  }
  int write_end() const { return ends_[1]; }
  void CloseRead() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }
  // All that is in it.
  std::string Drain() {
    fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    std::string all;
    char buf[4096];
    ssize_t n;
    while ((n = read(ends_[0], buf, sizeof(buf))) > 0) {
      all.append(buf, static_cast<size_t>(n));
    }
    return all;
  }

 private:
  int ends_[2] = {-1, -1};
};

TEST(LossyStreamTest, WritesAtTheFlush) {
  Pipe pipe;
  LossyStream stream(pipe.write_end());
  stream << "Handling connection for " << 8080 << '\n';
  EXPECT_EQ(pipe.Drain(), "");
  stream.flush();
  EXPECT_EQ(pipe.Drain(), "Handling connection for 8080\n");
}

TEST(LossyStreamTest, DropsWholeLinesWhenNobodyReadsAndGoesOnLater) {
  Pipe pipe;
  LossyStream stream(pipe.write_end());
  const std::string line = std::string(99, 'x') + "\n";
  // Far more than a pipe holds: a write that waited would never return.
  for (int i = 0; i < 10000; ++i) stream << line << std::flush;
  const std::string kept = pipe.Drain();
  EXPECT_GE(kept.size(), 4096u);
  EXPECT_LT(kept.size(), 1000000u);
  EXPECT_EQ(kept.size() % line.size(), 0u);
  stream << "again\n" << std::flush;
  EXPECT_EQ(pipe.Drain(), "again\n");
}

TEST(LossyStreamTest, ReaderThatIsGoneIsNoFailure) {
  signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  LossyStream stream(pipe.write_end());
  pipe.CloseRead();
  stream << "line\n" << std::flush;
  EXPECT_TRUE(stream.good());
}

}  // namespace
}  // namespace fairway::cmd
