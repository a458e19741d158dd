// SPDX-License-Identifier: Apache-2.0
// Mirrors: the defaults of pkg/apis/{apps,batch,core}/v1/defaults.go and what
// differs between pkg/registry/{core/replicationcontroller,apps/*,batch/job}
// (v1.20.2)
// The kinds that describe pods by a template, and what differs between them.
#ifndef APISERVER_REGISTRY_WORKLOAD_KINDS_H_
#define APISERVER_REGISTRY_WORKLOAD_KINDS_H_

#include <string>
#include <vector>

#include "apiserver/registry/rest/json_path.h"
#include "apiserver/registry/rest/rest.h"

namespace fairway::apiserver::registry::workload {

enum class SelectorForm {
  kMap,  // spec.selector is a map of labels; by default the template's
  kLabelSelector,  // required of the client
  kGenerated,      // made by the server, unless spec.manualSelector
};

struct WorkloadKind {
  rest::ResourceInfo info;
  std::string key_root;  // "/registry/deployments"
  SelectorForm selector;
  Json spec_defaults;  // fields of the spec that may be left out
  // Where the update strategy is; empty: there is none. `rolling_update` is
  // what its rollingUpdate has where its type is RollingUpdate.
  std::string strategy_field;
  Json rolling_update;
  std::vector<std::string> strategy_types;
  Json initial_status;
  // What a field selector calls a number of the status ("status.successful"),
  // and which that is; empty: none.
  std::string status_label;
  std::string status_field;
  // Whose words "activeDeadlineSeconds in X is not Supported" are; empty: it
  // may be set.
  std::string pod_owner;
  std::vector<std::string> restart_policies;
  std::string empty_selector;  // "empty selector is invalid for X"
  // Fields of the spec that an update may not change.
  std::vector<std::string> immutable;
  // If not empty, all other fields are immutable.
  std::vector<std::string> mutable_only;
  bool has_generation = true;
  bool annotations_bump_generation = false;
  bool labels_from_template = false;
};

// replicationcontrollers, the kinds of apps/v1, jobs. Lives forever.
const std::vector<WorkloadKind>& Kinds();

}  // namespace fairway::apiserver::registry::workload

#endif  // APISERVER_REGISTRY_WORKLOAD_KINDS_H_
