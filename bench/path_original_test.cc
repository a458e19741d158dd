// SPDX-License-Identifier: Apache-2.0
// What can be tested without Kubernetes' own programs.
#include "bench/path_original.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "e2e/harness/process.h"

namespace fairway::bench {
namespace {

std::string ErrorOf(const std::string& folder) {
  try {
    OpenOriginal(folder);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "";
}

TEST(PathOriginalTest, AMissingProgramIsNamed) {
  const std::string folder = e2e::MakeShortFolder();
  EXPECT_EQ(ErrorOf(folder), "kube-apiserver: not in " + folder);
  const std::string apiserver = folder + "/kube-apiserver";
  e2e::WriteFile(apiserver, "#!/bin/sh\n");
  EXPECT_EQ(ErrorOf(folder), "kube-apiserver: not in " + folder)
      << "it cannot be executed";
  std::filesystem::permissions(apiserver, std::filesystem::perms::owner_all);
  EXPECT_EQ(ErrorOf(folder), "kubelet: not in " + folder);
  e2e::RemoveFolder(folder);
}

}  // namespace
}  // namespace fairway::bench
