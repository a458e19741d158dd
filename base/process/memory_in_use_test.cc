// SPDX-License-Identifier: Apache-2.0
#include "base/process/memory_in_use.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <fstream>
#include <list>
#include <memory>
#include <vector>

namespace fairway {
namespace {

size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  size_t size = 0;
  size_t resident = 0;
  statm >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

struct User {
  User() { std::memset(held, 'x', sizeof(held)); }
  char held[16 * 1024];
  MemoryInUse in_use;
};

TEST(MemoryInUseTest, WhatManyHaveHeldIsGivenBack) {
  constexpr int kUsers = 2000;
  const size_t before = ResidentBytes();
  std::list<std::unique_ptr<User>> users;
  std::vector<std::unique_ptr<char[]>> between;
  for (int i = 0; i < kUsers; ++i) {
    users.push_back(std::make_unique<User>());
    // So that what is free is nowhere at the end.
    if (i % 10 == 0) between.emplace_back(new char[64]);
  }
  const size_t held = ResidentBytes() - before;
  EXPECT_GT(held, kUsers * sizeof(User) * 9 / 10);
  users.clear();
  EXPECT_LT(ResidentBytes() - before, held / 2);
}

}  // namespace
}  // namespace fairway
