// SPDX-License-Identifier: Apache-2.0
// api/json with a pod.
#include "api/json.h"

#include <benchmark/benchmark.h>

#include <string>

#include "bench/micro/allocations.h"
#include "bench/micro/pod.h"

namespace fairway::bench::micro {
namespace {

void JsonParsePod(benchmark::State& state) {
  const std::string text = PodJson();
  {
    const AllocationCount allocations(state);
    for (auto _ : state) {
      absl::StatusOr<nlohmann::json> pod = api::ParseJson(text);
      if (!pod.ok()) return state.SkipWithError("no JSON");
      benchmark::DoNotOptimize(*pod);
    }
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(text.size()));
}
BENCHMARK(JsonParsePod);

void JsonDumpPod(benchmark::State& state) {
  absl::StatusOr<nlohmann::json> pod = api::ParseJson(PodJson());
  if (!pod.ok()) return state.SkipWithError("no JSON");
  size_t bytes = 0;
  {
    const AllocationCount allocations(state);
    for (auto _ : state) bytes += api::DumpJson(*pod).size();
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}
BENCHMARK(JsonDumpPod);

}  // namespace
}  // namespace fairway::bench::micro
