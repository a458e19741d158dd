// SPDX-License-Identifier: Apache-2.0
// The sandboxes and containers of a runtime that keeps its own account of them,
// and what CRI's list filters mean.
#ifndef RUNTIME_CRI_RECORDS_H_
#define RUNTIME_CRI_RECORDS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kubelet/cri/services.h"

namespace fairway::runtime::cri {

struct SandboxRecord {
  runtimeapi::PodSandboxStatus status;  // its id names the record
  runtimeapi::PodSandboxConfig config;
};

struct ContainerRecord {
  std::string pod_sandbox_id;
  runtimeapi::ContainerStatus status;  // its id names the record
  runtimeapi::ContainerConfig config;
};

// What the lists show of a record.
runtimeapi::PodSandbox ToPodSandbox(const SandboxRecord& record);
runtimeapi::Container ToContainer(const ContainerRecord& record);

// Whether all that `filter` sets matches: an ID by its beginning, a state
// exactly, every label of the selector. An empty filter matches all.
bool Matches(const runtimeapi::PodSandboxFilter& filter,
             const runtimeapi::PodSandbox& sandbox);
bool Matches(const runtimeapi::ContainerFilter& filter,
             const runtimeapi::Container& container);

// 64 random hex digits, as runtimes name their things.
std::string NewId();

// Threads:  not thread-safe.
// Lifetime: a pointer to a record is good until that record is removed.
class Records {
 public:
  // Errors: kAlreadyExists when the ID is taken, or a sandbox with the same
  // metadata is there.
  absl::Status AddSandbox(SandboxRecord record);
  // Errors: kAlreadyExists as above (name and attempt within the sandbox);
  // kNotFound when there is no such sandbox.
  absl::Status AddContainer(ContainerRecord record);

  // By the ID or a beginning of it that fits only one.
  // Errors: kNotFound ("sandbox \"x\" not found"); kInvalidArgument for an
  // empty or ambiguous one.
  absl::StatusOr<SandboxRecord*> FindSandbox(absl::string_view id);
  absl::StatusOr<ContainerRecord*> FindContainer(absl::string_view id);

  // Removing what is not there does nothing. The IDs must be whole. A sandbox
  // takes its containers along.
  void RemoveSandbox(absl::string_view id);
  void RemoveContainer(absl::string_view id);

  // The newest first.
  runtimeapi::ListPodSandboxResponse ListPodSandbox(
      const runtimeapi::ListPodSandboxRequest& request) const;
  runtimeapi::ListContainersResponse ListContainers(
      const runtimeapi::ListContainersRequest& request) const;

  // Whole IDs of the containers in a sandbox.
  std::vector<std::string> ContainersOf(absl::string_view sandbox_id) const;

 private:
  std::map<std::string, SandboxRecord> sandboxes_;
  std::map<std::string, ContainerRecord> containers_;
};

}  // namespace fairway::runtime::cri

#endif  // RUNTIME_CRI_RECORDS_H_
