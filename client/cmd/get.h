// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/get/get.go (v0.20.2)
#ifndef CLIENT_CMD_GET_H_
#define CLIENT_CMD_GET_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "client/cmd/factory.h"

namespace fairway::cmd {

struct GetOptions {
  std::string output;  // "", "wide", "name", "json", "yaml"
  bool all_namespaces = false;
  bool no_headers = false;
  bool ignore_not_found = false;
  std::string label_selector;
  std::string field_selector;
};

// Prints what `args` name.
Task<absl::Status> RunGet(Factory* factory, GetOptions options,
                          std::vector<std::string> args);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_GET_H_
