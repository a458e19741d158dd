// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/ready_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::cmd {
namespace {

TEST(ReadyFdTest, TellsAndCloses) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  absl::StatusOr<int> fd = ParseReadyFd(absl::StrCat(ends[1]));
  ASSERT_THAT(fd, IsOk());
  EXPECT_EQ(fcntl(*fd, F_GETFD), FD_CLOEXEC);
  TellReady(*fd);
  char got[16];
  ASSERT_EQ(read(ends[0], got, sizeof(got)), 6);
  EXPECT_EQ(std::string(got, 6), "ready\n");
  EXPECT_EQ(read(ends[0], got, sizeof(got)), 0);
  close(ends[0]);
}

TEST(ReadyFdTest, NeverWaitsForAFullPipe) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  while (write(ends[1], "xxxx", 4) > 0) {
  }
  ASSERT_EQ(fcntl(ends[1], F_SETFL, 0), 0);
  TellReady(ends[1]);
  EXPECT_EQ(fcntl(ends[1], F_GETFD), -1);
  close(ends[0]);
}

TEST(ReadyFdTest, WhatCannotBeWrittenIsRefused) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[1]);
  const struct {
    std::string text;
    std::string want;
  } cases[] = {
      {absl::StrCat(ends[1]), absl::StrCat("fd ", ends[1], " is not open")},
      {absl::StrCat(ends[0]),
       absl::StrCat("fd ", ends[0], " is not open for writing")},
      {"1", "want 3 or more"},
      {"-1", "want 3 or more"},
      {"x", "strconv.ParseInt: parsing \"x\": invalid syntax"},
      {"", "strconv.ParseInt: parsing \"\": invalid syntax"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ParseReadyFd(c.text),
                StatusIs(absl::StatusCode::kInvalidArgument, c.want))
        << c.text;
  }
  close(ends[0]);
}

}  // namespace
}  // namespace fairway::cmd
