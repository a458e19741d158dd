// SPDX-License-Identifier: Apache-2.0
// A pod for tests: a network namespace with //runtime/testing:pod_server in it.
#ifndef RUNTIME_NETNS_TESTING_POD_FIXTURE_H_
#define RUNTIME_NETNS_TESTING_POD_FIXTURE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/process/subprocess.h"
#include "base/task/task.h"
#include "runtime/netns/pod_netns.h"

namespace fairway::runtime::netns {

struct TestPod {
  std::unique_ptr<PodNetns> netns;
  std::unique_ptr<Subprocess> server;
};

// Gives the server `arguments`, separated by spaces. Returns when it listens on
// all its ports. Errors: of PodNetns::Create, and of starting the server.
Task<absl::StatusOr<TestPod>> StartTestPod(std::string arguments);

// Why this kernel, or this user's rights, let no test make a namespace; empty
// if they do.
std::string NamespacesForbiddenBecause();

// The descriptors and the children of this process.
int CountDescriptors();
int CountChildren();

}  // namespace fairway::runtime::netns

#endif  // RUNTIME_NETNS_TESTING_POD_FIXTURE_H_
