// SPDX-License-Identifier: Apache-2.0
#include "base/process/memory_in_use.h"

#include <malloc.h>

#include <atomic>

namespace fairway {
namespace {

// Fewer are not worth it: what they held, 2 MiB, the next ones take. Giving
// back what so many held takes 0.1 ms, to make them 40 ms; 4,000 take 4 to 8
// ms. So who makes and ends them again and again needs no pause between.
constexpr int kMany = 128;

std::atomic<int> users{0};
// As many as there were at a time since memory was given back.
std::atomic<int> most{0};

}  // namespace

MemoryInUse::MemoryInUse() {
  const int now = ++users;
  int before = most;
  while (before < now && !most.compare_exchange_weak(before, now)) {
  }
}

MemoryInUse::~MemoryInUse() {
  const int left = --users;
  int before = most;
  if (before < kMany || left > before / 4) return;
  if (most.compare_exchange_strong(before, left)) malloc_trim(0);
}

}  // namespace fairway
