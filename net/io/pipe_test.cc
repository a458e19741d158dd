// SPDX-License-Identifier: Apache-2.0
#include "net/io/pipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"

namespace fairway::net {
namespace {

using absl::StatusCode;

TEST(PipeTest, WriteWaitsForRoom) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [a, b] = MakePipe(executor, 4);
    TaskGroup group(executor);
    bool written = false;
    group.Spawn([&written, stream = a.get()]() -> Task<absl::Status> {
      absl::Status status = co_await WriteAll(*stream, "abcdef");
      written = true;
      co_return status;
    });
    EXPECT_FALSE(written);
    std::string got(6, '\0');
    absl::Status read =
        co_await ReadFull(*b, absl::MakeSpan(got.data(), got.size()));
    FAIRWAY_CO_RETURN_IF_ERROR(read);
    EXPECT_EQ(got, "abcdef");
    absl::Status joined = co_await group.Join();
    EXPECT_TRUE(written);
    co_return joined;
  });
  EXPECT_THAT(result, IsOk());
}

TEST(PipeTest, ReadFullTellsHowMuchCameBeforeFin) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [a, b] = MakePipe(executor);
    absl::Status status = co_await WriteAll(*a, "abc");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await a->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got(4, '\0');
    status = co_await ReadFull(*b, absl::MakeSpan(got.data(), got.size()));
    co_return status;
  });
  EXPECT_THAT(result, StatusIs(StatusCode::kUnavailable,
                               "read: end of stream after 3 of 4 bytes"));
}

TEST(PipeTest, PeerThatReadsNoMoreBreaksThePipe) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [a, b] = MakePipe(executor);
    absl::Status status = co_await b->Close();
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await WriteAll(*a, "abc");
    co_return status;
  });
  EXPECT_THAT(result, StatusIs(StatusCode::kUnavailable));
}

}  // namespace
}  // namespace fairway::net
