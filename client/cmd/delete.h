// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/delete/delete.go (v0.20.2)
#ifndef CLIENT_CMD_DELETE_H_
#define CLIENT_CMD_DELETE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "client/cmd/factory.h"

namespace fairway::cmd {

struct DeleteOptions {
  std::vector<std::string> filenames;
  int grace_period = -1;  // seconds; negative: the object's own
  bool now = false;
  bool force = false;
  bool all = false;
  bool ignore_not_found = false;
  bool wait = true;
  std::string output;      // "" or "name"
  absl::Duration timeout;  // of waiting; zero: none
};

// Deletes what `args` or the files name, says so, and waits until it is gone.
Task<absl::Status> RunDelete(Factory* factory, DeleteOptions options,
                             std::vector<std::string> args);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_DELETE_H_
