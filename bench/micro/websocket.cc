// SPDX-License-Identifier: Apache-2.0
// net/websocket and the tunnel on it.
#include <benchmark/benchmark.h>

#include <string>

#include "bench/micro/allocations.h"
#include "bench/micro/carry.h"
#include "httpstream/wsstream/tunnel.h"
#include "net/io/pipe.h"
#include "net/websocket/decoder.h"
#include "net/websocket/frame.h"

namespace fairway::bench::micro {
namespace {

using net::websocket::Decoder;
using net::websocket::Event;
using net::websocket::FrameHead;
using net::websocket::MaskKey;
using net::websocket::Role;

constexpr MaskKey kKey = {'\x12', '\x34', '\x56', '\x78'};
constexpr size_t kPipeBytes = 1 << 20;

void WebSocketMask(benchmark::State& state) {
  std::string bytes(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    net::websocket::Mask(kKey, 1, bytes, bytes.data());
    benchmark::DoNotOptimize(bytes.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(WebSocketMask)->Arg(64)->Arg(4096)->Arg(64 << 10)->Arg(256 << 10);

// Frames of the given payload, 256 KiB of them or one, as they lie in a buffer
// behind one read.
std::string Frames(Role sender, size_t payload_bytes) {
  FrameHead head;
  head.payload_bytes = payload_bytes;
  if (sender == Role::kClient) head.mask = kKey;
  std::string frames;
  do {
    net::websocket::AppendFrameHead(head, &frames);
    frames.append(payload_bytes, 'x');
  } while (frames.size() < (256 << 10));
  return frames;
}

void Decode(benchmark::State& state, Role role) {
  const auto payload_bytes = static_cast<size_t>(state.range(0));
  std::string frames = Frames(
      role == Role::kServer ? Role::kClient : Role::kServer, payload_bytes);
  Decoder decoder(role);
  uint64_t got = 0;
  {
    const AllocationCount allocations(state);
    for (auto _ : state) {
      absl::Span<char> input = absl::MakeSpan(frames);
      while (true) {
        absl::StatusOr<std::optional<Event>> event = decoder.Next(&input);
        if (!event.ok()) return state.SkipWithError("bad frame");
        if (!event->has_value()) break;
        got += (*event)->payload.size();
      }
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(got));
}

void WebSocketDecodeMasked(benchmark::State& state) {
  Decode(state, Role::kServer);
}
BENCHMARK(WebSocketDecodeMasked)->Arg(64)->Arg(4096)->Arg(256 << 10);

void WebSocketDecodePlain(benchmark::State& state) {
  Decode(state, Role::kClient);
}
BENCHMARK(WebSocketDecodePlain)->Arg(64)->Arg(4096)->Arg(256 << 10);

// `sender`: whose Write the bytes are.
void CarryThroughTunnel(benchmark::State& state, Role sender) {
  Run(state, [&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto [a, b] = net::MakePipe(executor, kPipeBytes);
    const Role receiver =
        sender == Role::kClient ? Role::kServer : Role::kClient;
    std::unique_ptr<net::ByteStream> from = httpstream::wsstream::NewTunnel(
        executor, std::move(a), httpstream::wsstream::TunnelOptions(sender));
    std::unique_ptr<net::ByteStream> to = httpstream::wsstream::NewTunnel(
        executor, std::move(b), httpstream::wsstream::TunnelOptions(receiver));
    absl::Status carried =
        co_await Carry(state, *from, *to, static_cast<size_t>(state.range(0)));
    co_return carried;
  });
}

void WebSocketTunnelUp(benchmark::State& state) {
  CarryThroughTunnel(state, Role::kClient);
}
BENCHMARK(WebSocketTunnelUp)->Arg(64)->Arg(32 << 10)->Arg(256 << 10);

void WebSocketTunnelDown(benchmark::State& state) {
  CarryThroughTunnel(state, Role::kServer);
}
BENCHMARK(WebSocketTunnelDown)->Arg(64)->Arg(32 << 10)->Arg(256 << 10);

}  // namespace
}  // namespace fairway::bench::micro
