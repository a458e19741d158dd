// SPDX-License-Identifier: Apache-2.0
// net/io's pipe alone, TLS over it, and the relay between two pipes.
#include <benchmark/benchmark.h>

#include <memory>
#include <utility>

#include "base/task/task_group.h"
#include "bench/micro/carry.h"
#include "net/io/pipe.h"
#include "net/io/testing/transports.h"
#include "net/relay/relay.h"

namespace fairway::bench::micro {
namespace {

constexpr size_t kPipeBytes = 1 << 20;

size_t Bytes(const benchmark::State& state) {
  return static_cast<size_t>(state.range(0));
}

// What a pipe costs is in all the others.
void StreamPipe(benchmark::State& state) {
  Run(state, [&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [a, b] = net::MakePipe(executor, kPipeBytes);
    absl::Status carried = co_await Carry(state, *a, *b, Bytes(state));
    co_return carried;
  });
}
BENCHMARK(StreamPipe)->Arg(64)->Arg(32 << 10)->Arg(256 << 10);

void CarryThroughTls(benchmark::State& state,
                     Task<absl::StatusOr<net::StreamPair>> (*make)()) {
  Run(state, [&state, make]() -> Task<absl::Status> {
    absl::StatusOr<net::StreamPair> pair = co_await make();
    if (!pair.ok()) co_return pair.status();
    absl::Status carried =
        co_await Carry(state, *pair->a, *pair->b, Bytes(state));
    co_return carried;
  });
}

void StreamTlsOverPipe(benchmark::State& state) {
  CarryThroughTls(state, net::MakeTlsOverPipePair);
}
BENCHMARK(StreamTlsOverPipe)->Arg(64)->Arg(32 << 10)->Arg(256 << 10);

void StreamTlsOverTcp(benchmark::State& state) {
  CarryThroughTls(state, net::MakeTlsOverTcpPair);
}
// The last: a full batch with the heads of its frames.
BENCHMARK(StreamTlsOverTcp)
    ->Arg(64)
    ->Arg(32 << 10)
    ->Arg(256 << 10)
    ->Arg((256 << 10) + 78);

void StreamTcp(benchmark::State& state) {
  CarryThroughTls(state, net::MakeTcpPair);
}
BENCHMARK(StreamTcp)->Arg(64)->Arg(32 << 10)->Arg(256 << 10);

void StreamRelay(benchmark::State& state) {
  Run(state, [&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [a, b] = net::MakePipe(executor, kPipeBytes);
    auto [c, d] = net::MakePipe(executor, kPipeBytes);
    TaskGroup relay(executor);
    net::ByteStream& left = *b;
    net::ByteStream& right = *c;
    relay.Spawn([&left, &right]() { return net::Relay(left, right); });
    absl::Status carried = co_await Carry(state, *a, *d, Bytes(state));
    absl::Status ignored = co_await relay.Join();
    co_return carried;
  });
}
BENCHMARK(StreamRelay)->Arg(64)->Arg(32 << 10)->Arg(256 << 10);

}  // namespace
}  // namespace fairway::bench::micro
