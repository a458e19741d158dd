// SPDX-License-Identifier: Apache-2.0
#include "net/io/prefixed_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "net/io/pipe.h"
#include "net/io/testing/byte_stream_suite.h"

namespace fairway::net {
namespace {

Task<absl::StatusOr<StreamPair>> MakePrefixedPair() {
  Executor executor = co_await kThisExecutor;
  StreamPair pair;
  std::tie(pair.a, pair.b) = MakePipe(executor);
  // Half of what the peer sent was read too early.
  absl::Status written = co_await WriteAll(*pair.b, "early");
  if (!written.ok()) co_return written;
  pair.a = WithPrefix("too ", std::move(pair.a));
  std::string got(9, '\0');
  absl::Status read =
      co_await ReadFull(*pair.a, absl::MakeSpan(got.data(), got.size()));
  if (!read.ok()) co_return read;
  EXPECT_EQ(got, "too early");
  co_return pair;
}

INSTANTIATE_TEST_SUITE_P(Prefixed, ByteStreamSuite,
                         BothWays({"Prefixed", MakePrefixedPair}),
                         TransportName);

TEST(PrefixedStreamTest, PrefixComesFirstInAnySplit) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [a, b] = MakePipe(executor);
    absl::Status status = co_await WriteAll(*a, "cd");
    if (!status.ok()) co_return status;
    std::unique_ptr<ByteStream> stream = WithPrefix("ab", std::move(b));
    for (char want : {'a', 'b', 'c', 'd'}) {
      status = co_await stream->WaitReadable();
      if (!status.ok()) co_return status;
      char got = 0;
      absl::StatusOr<size_t> n = co_await stream->Read(absl::MakeSpan(&got, 1));
      if (!n.ok()) co_return n.status();
      EXPECT_EQ(got, want);
      EXPECT_EQ(stream->readable(), want != 'd');
    }
    co_return absl::OkStatus();
  });
  EXPECT_THAT(result, IsOk());
}

TEST(PrefixedStreamTest, EmptyPrefixIsTheStreamItself) {
  absl::Status result = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [a, b] = MakePipe(executor);
    ByteStream* raw = a.get();
    std::unique_ptr<ByteStream> stream = WithPrefix("", std::move(a));
    EXPECT_EQ(stream.get(), raw);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(result, IsOk());
}

}  // namespace
}  // namespace fairway::net
