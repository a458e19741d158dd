// SPDX-License-Identifier: Apache-2.0
// What a small message costs: each call of operator new is counted.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "base/status/testing/status_matchers.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/testing/session_pair.h"
#include "net/relay/relay.h"

namespace {

// The test has one thread.
uint64_t allocations = 0;
size_t largest_bytes = 0;

void* Allocate(std::size_t size) {
  ++allocations;
  largest_bytes = std::max(largest_bytes, size);
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace fairway::httpstream::spdy {
namespace {

// Two messages, each written, carried by a pipe, parsed, handed over and read:
// frames of coroutines and those who wait on a Condition, 43 in all when this
// was written. No buffer is among them.
constexpr double kMaxAllocations = 48;
constexpr size_t kMaxBytes = 512;

TEST(SessionCostTest, EchoAllocatesNoBufferAndFewFrames) {
  WithPair({}, [](Pair& pair) -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::StatusOr<std::unique_ptr<Stream>> stream = co_await Open(pair);
    if (!stream.ok()) co_return stream.status();
    TaskGroup echo(executor);
    Stream& server = *pair.accepted.at(0);
    echo.Spawn([&server]() { return net::CopyUntilFin(server, server); });
    const std::string message(64, 'm');
    std::string back(message.size(), '\0');
    constexpr uint64_t kEchoes = 500;
    uint64_t before = 0;
    // The first ones fill what is kept.
    for (uint64_t i = 0; i < 2 * kEchoes; ++i) {
      if (i == kEchoes) {
        before = allocations;
        largest_bytes = 0;
      }
      absl::Status status = co_await net::WriteAll(**stream, message);
      if (!status.ok()) co_return status;
      status = co_await net::ReadFull(**stream, absl::MakeSpan(back));
      if (!status.ok()) co_return status;
    }
    const double each = static_cast<double>(allocations - before) / kEchoes;
    EXPECT_LE(each, kMaxAllocations);
    EXPECT_LE(largest_bytes, kMaxBytes);
    absl::Status status = co_await (*stream)->Close();
    if (!status.ok()) co_return status;
    status = co_await echo.Join();
    co_return status;
  });
}

}  // namespace
}  // namespace fairway::httpstream::spdy
