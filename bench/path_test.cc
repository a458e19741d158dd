// SPDX-License-Identifier: Apache-2.0
#include "bench/path.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/testing/try_path.h"

namespace fairway::bench {
namespace {

// path_beside_test has what else each has to do.
TEST(PathTest, EachNameOpensAPath) {
  Yard yard({});
  for (const std::string& name : yard.names()) {
    EXPECT_EQ(yard.Open(name)->name(), name);
  }
  for (const char* name : {"Fairway", "Fairway, SPDY",
                           "Fairway, a session each", "kubectl 1.20.2"}) {
    std::unique_ptr<Path> path = yard.Open(name);
    const std::vector<Hop> hops =
        TryPath(*path, {"kubectl", "kube-apiserver", "kubelet"});
    path.reset();
    ExpectEnd(hops[0]);
  }
  EXPECT_THROW(yard.Open("nobody"), std::runtime_error);
}

}  // namespace
}  // namespace fairway::bench
