// SPDX-License-Identifier: Apache-2.0
// Which processes a runtime has started, on disk: so that the next run ends
// those that a killed one left. One file a container, named by its id:
// "BOOT_ID PID START_TIME\n"; the process leads a session.
#ifndef RUNTIME_PROCESS_LEFTOVERS_H_
#define RUNTIME_PROCESS_LEFTOVERS_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fairway::runtime::process {

class Leftovers {
 public:
  // `directory` is made if needed by Open().
  explicit Leftovers(std::string directory)
      : directory_(std::move(directory)) {}

  // Errors: of making the directory.
  absl::Status Open();

  absl::Status Record(absl::string_view container_id, pid_t pid);
  void Forget(absl::string_view container_id);

  // Kills the sessions that are recorded and still there, and forgets all.
  // Returns how many processes were killed.
  int KillAll();

 private:
  std::string PathOf(absl::string_view container_id) const;

  const std::string directory_;
};

}  // namespace fairway::runtime::process

#endif  // RUNTIME_PROCESS_LEFTOVERS_H_
