// SPDX-License-Identifier: Apache-2.0
// The embedded runtime: a pod is a network namespace of its own, with only a
// loopback in it; a container is a host process in that namespace. For a demo,
// tests and measurements on one machine, without images or an engine.
//
// - A container's `image` is only a name; `command` is needed and looked up on
//   PATH. It sees the host's files.
// - A pod has no address that others could reach. It reports one of 198.18.0.0
//   /15 (set apart for benchmarks by RFC 2544), which is made from its UID and
//   is on the pod's loopback too; a pod on the node's network reports
//   `host_ip`.
// - Nothing survives the process: its containers die with it, and what a killed
//   process left is ended at the next Start() (by pid and start time, as
//   recorded under `root_directory`).
// - Without root the process lives in a user namespace of its own
//   (EnterUserNamespaceIfNeeded); where namespaces are forbidden, pods share
//   the host's network, which the log and the runtime's status say.
#ifndef RUNTIME_PROCESS_PROCESS_RUNTIME_H_
#define RUNTIME_PROCESS_PROCESS_RUNTIME_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "runtime/embedded.h"
#include "runtime/process/user_namespace.h"

namespace fairway::runtime::process {

struct ProcessRuntimeOptions {
  std::string root_directory = "/var/lib/fairway/process";
  PortForwardDial port_forward_dial = PortForwardDial::kNetns;
  std::string host_ip = "127.0.0.1";
  StreamingOptions streaming;
};

// Whoever may run as an ordinary user calls EnterUserNamespaceIfNeeded() first
// thing in main().
// Errors: kInvalidArgument for streaming options that cannot be parsed.
// `root_directory` is made by Start().
absl::StatusOr<std::unique_ptr<EmbeddedRuntime>> NewProcessRuntime(
    Executor executor, ProcessRuntimeOptions options);

}  // namespace fairway::runtime::process

#endif  // RUNTIME_PROCESS_PROCESS_RUNTIME_H_
