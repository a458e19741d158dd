// SPDX-License-Identifier: Apache-2.0
#include "bench/micro/allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<uint64_t> allocations{0};

void* Allocate(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
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

namespace fairway::bench::micro {

AllocationCount::AllocationCount(benchmark::State& state)
    : state_(state), start_(allocations.load()) {}

AllocationCount::~AllocationCount() {
  state_.counters["allocs_per_op"] =
      benchmark::Counter(static_cast<double>(allocations.load() - start_),
                         benchmark::Counter::kAvgIterations);
}

}  // namespace fairway::bench::micro
