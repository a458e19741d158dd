// SPDX-License-Identifier: Apache-2.0
// httpstream/spdy: frames, header blocks, and a stream of a session.
#include <benchmark/benchmark.h>

#include <string>
#include <utility>
#include <variant>

#include "bench/micro/allocations.h"
#include "bench/micro/carry.h"
#include "httpstream/spdy/framer.h"
#include "httpstream/spdy/header_block.h"

namespace fairway::bench::micro {
namespace {

using namespace httpstream::spdy;  // NOLINT: what is measured

// Of the streams that kubectl makes for a connection.
net::http::Headers StreamHeaders(int request_id) {
  return {{"streamtype", "data"},
          {"port", "8080"},
          {"requestid", std::to_string(request_id)}};
}

void SpdyParseData(benchmark::State& state) {
  const auto payload_bytes = static_cast<size_t>(state.range(0));
  std::string frames;
  do {
    const auto head = DataHead(1, payload_bytes, Fin::kNo);
    frames.append(head.data(), head.size());
    frames.append(payload_bytes, 'x');
  } while (frames.size() < (64 << 10));
  FrameParser parser;
  uint64_t got = 0;
  {
    const AllocationCount allocations(state);
    for (auto _ : state) {
      absl::string_view input = frames;
      while (true) {
        absl::StatusOr<Frame> frame = parser.Next(&input);
        if (!frame.ok()) return state.SkipWithError("bad frame");
        const auto* piece = std::get_if<DataPiece>(&*frame);
        if (piece == nullptr) break;
        got += piece->payload.size();
      }
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(got));
}
BENCHMARK(SpdyParseData)->Arg(64)->Arg(4096)->Arg(32 << 10);

// A SYN_STREAM written, and one parsed.
void SpdySynStream(benchmark::State& state) {
  FrameWriter writer;
  FrameParser parser;
  SynStreamFrame frame;
  frame.stream_id = 1;
  int id = 0;
  std::string out;
  const AllocationCount allocations(state);
  for (auto _ : state) {
    frame.headers = StreamHeaders(id++ % 1000);
    out.clear();
    if (!writer.AppendSynStream(frame, &out).ok()) {
      return state.SkipWithError("not written");
    }
    absl::string_view input = out;
    absl::StatusOr<Frame> parsed = parser.Next(&input);
    if (!parsed.ok() || !std::holds_alternative<SynStreamFrame>(*parsed)) {
      return state.SkipWithError("not parsed");
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(SpdySynStream);

void SpdyDeflateHeaders(benchmark::State& state) {
  HeaderCompressor compressor;
  int id = 0;
  std::string out;
  const AllocationCount allocations(state);
  for (auto _ : state) {
    out.clear();
    if (!compressor.Append(StreamHeaders(id++ % 1000), &out).ok()) {
      return state.SkipWithError("not compressed");
    }
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(SpdyDeflateHeaders);

// The first block of a session pays for zlib's state.
void SpdyFirstHeaders(benchmark::State& state) {
  const AllocationCount allocations(state);
  for (auto _ : state) {
    HeaderCompressor compressor;
    HeaderDecompressor decompressor;
    std::string block;
    if (!compressor.Append(StreamHeaders(0), &block).ok() ||
        !decompressor.Parse(block).ok()) {
      return state.SkipWithError("lost");
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(SpdyFirstHeaders);

// Blocks depend on those before: each round begins anew, outside the clock.
void SpdyInflateHeaders(benchmark::State& state) {
  constexpr int kBlocks = 1000;
  HeaderCompressor compressor;
  std::vector<std::string> blocks(kBlocks);
  for (int i = 0; i < kBlocks; ++i) {
    if (!compressor.Append(StreamHeaders(i), &blocks[i]).ok()) {
      return state.SkipWithError("not compressed");
    }
  }
  const AllocationCount allocations(state);
  size_t next = 0;
  HeaderDecompressor* decompressor = nullptr;
  std::unique_ptr<HeaderDecompressor> owner;
  for (auto _ : state) {
    if (next == 0) {
      state.PauseTiming();
      owner = std::make_unique<HeaderDecompressor>();
      decompressor = owner.get();
      state.ResumeTiming();
    }
    absl::StatusOr<net::http::Headers> headers =
        decompressor->Parse(blocks[next]);
    if (!headers.ok()) return state.SkipWithError("not inflated");
    next = (next + 1) % blocks.size();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(SpdyInflateHeaders);

}  // namespace
}  // namespace fairway::bench::micro
