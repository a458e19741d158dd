// SPDX-License-Identifier: Apache-2.0
#include "base/process/testing/as_root.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern char** environ;

namespace fairway {
namespace {

std::vector<std::string> OwnArguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(file)),
                        std::istreambuf_iterator<char>());
  std::vector<std::string> arguments;
  for (size_t start = 0; start < all.size();) {
    const size_t end = all.find('\0', start);
    arguments.push_back(all.substr(start, end - start));
    start = end == std::string::npos ? all.size() : end + 1;
  }
  return arguments;
}

}  // namespace

bool RunAsRoot() {
  if (geteuid() == 0) return true;
  // sudo clears the environment: hand it over by name.
  std::vector<std::string> argv = {"/usr/bin/sudo", "-n", "--", "/usr/bin/env"};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    argv.emplace_back(*entry);
  }
  for (std::string& argument : OwnArguments()) {
    argv.push_back(std::move(argument));
  }
  std::vector<char*> pointers;
  for (std::string& argument : argv) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execv(pointers[0], pointers.data());
  std::perror("this test starts dockerd, so it needs root, or sudo");
  std::_Exit(1);
}

}  // namespace fairway
