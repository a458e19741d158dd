// SPDX-License-Identifier: Apache-2.0
// The forwards of one command line: each on its own, told of together.
#ifndef CLIENT_CMD_PORTFORWARD_FORWARD_GROUP_H_
#define CLIENT_CMD_PORTFORWARD_FORWARD_GROUP_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "client/cmd/io_streams.h"
#include "client/cmd/portforward/console.h"
#include "client/cmd/portforward/forward_run.h"
#include "client/cmd/portforward/ports_file.h"
#include "client/cmd/portforward/ready_fd.h"
#include "client/cmd/portforward/stats_reporter.h"

namespace fairway::cmd {

struct GroupOptions {
  OutputFormat format = OutputFormat::kText;
  bool stats = false;
  StatsPeriods stats_periods;
  std::string ports_file;     // empty: none
  int ready_fd = kNoReadyFd;  // becomes the group's
};

// Threads:  on `executor`.
// Lifetime: Run() has returned before it dies.
class ForwardGroup {
 public:
  ForwardGroup(Executor executor, const IOStreams& streams,
               GroupOptions options, std::vector<ForwardPlan> plans);

  // Runs all of them until each has ended, or until SIGINT, SIGTERM or, unless
  // it is ignored, SIGHUP (OK).
  // When none is starting any more and one at least listens, the ports file is
  // written and the descriptor told. Call it once.
  // Errors: of the one forward; where there are several, each one's error was
  // written as it ended, and this is "1 of 2 forwards failed". When the ports
  // file cannot be written, all are stopped: "open /x: permission denied".
  Task<absl::Status> Run();

 private:
  Task<absl::Status> RunOne(ForwardRun* run);
  Task<absl::Status> StopAtSignal();
  Task<absl::Status> TellWhenReady();
  void StopAll();
  // Whether no forward is starting any more.
  bool Settled() const;

  const Executor executor_;
  const GroupOptions options_;
  Console console_;
  PortsFile ports_file_;
  Condition changed_;
  std::vector<std::unique_ptr<ForwardRun>> runs_;
  size_t failed_ = 0;
  absl::Status first_failure_;
  absl::Status untold_;  // why the ports file could not be written
};

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_FORWARD_GROUP_H_
