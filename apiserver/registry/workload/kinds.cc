// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/apis/{apps,batch,core}/v1/defaults.go (v1.20.2)
#include "apiserver/registry/workload/kinds.h"

#include <utility>

namespace fairway::apiserver::registry::workload {
namespace {

WorkloadKind ReplicationController() {
  WorkloadKind kind;
  kind.info = {
      "ReplicationController", "replicationcontrollers", true, {"rc"}, {"all"}};
  kind.key_root = "/registry/controllers";
  kind.selector = SelectorForm::kMap;
  kind.spec_defaults = {{"replicas", 1}};
  kind.initial_status = {{"replicas", 0}};
  kind.status_label = "status.replicas";
  kind.status_field = "replicas";
  kind.pod_owner = "ReplicationController";
  kind.restart_policies = {"Always"};
  kind.labels_from_template = true;
  return kind;
}

WorkloadKind Deployment() {
  WorkloadKind kind;
  kind.info = {"Deployment", "deployments", true, {"deploy"}, {"all"}, "apps"};
  kind.key_root = "/registry/deployments";
  kind.selector = SelectorForm::kLabelSelector;
  kind.spec_defaults = {{"replicas", 1},
                        {"revisionHistoryLimit", 10},
                        {"progressDeadlineSeconds", 600},
                        {"strategy", {{"type", "RollingUpdate"}}}};
  kind.strategy_field = "strategy";
  kind.rolling_update = {{"maxUnavailable", "25%"}, {"maxSurge", "25%"}};
  kind.strategy_types = {"Recreate", "RollingUpdate"};
  kind.initial_status = Json::object();
  kind.pod_owner = "ReplicaSet";  // whose template it is, to upstream
  kind.restart_policies = {"Always"};
  kind.empty_selector = "deployment";
  kind.immutable = {"selector"};
  kind.annotations_bump_generation = true;
  return kind;
}

WorkloadKind ReplicaSet() {
  WorkloadKind kind;
  kind.info = {"ReplicaSet", "replicasets", true, {"rs"}, {"all"}, "apps"};
  kind.key_root = "/registry/replicasets";
  kind.selector = SelectorForm::kLabelSelector;
  kind.spec_defaults = {{"replicas", 1}};
  kind.initial_status = {{"replicas", 0}};
  kind.pod_owner = "ReplicaSet";
  kind.restart_policies = {"Always"};
  kind.empty_selector = "deployment";  // upstream's words
  kind.immutable = {"selector"};
  return kind;
}

WorkloadKind StatefulSet() {
  WorkloadKind kind;
  kind.info = {"StatefulSet", "statefulsets", true, {"sts"}, {"all"}, "apps"};
  kind.key_root = "/registry/statefulsets";
  kind.selector = SelectorForm::kLabelSelector;
  kind.spec_defaults = {{"replicas", 1},
                        {"revisionHistoryLimit", 10},
                        {"podManagementPolicy", "OrderedReady"},
                        {"serviceName", ""},
                        {"updateStrategy", {{"type", "RollingUpdate"}}}};
  kind.strategy_field = "updateStrategy";
  kind.rolling_update = {{"partition", 0}};
  kind.strategy_types = {"OnDelete", "RollingUpdate"};
  kind.initial_status = {{"replicas", 0}};
  kind.pod_owner = "StatefulSet";
  kind.restart_policies = {"Always"};
  kind.empty_selector = "statefulset";
  kind.mutable_only = {"replicas", "template", "updateStrategy"};
  return kind;
}

WorkloadKind DaemonSet() {
  WorkloadKind kind;
  kind.info = {"DaemonSet", "daemonsets", true, {"ds"}, {"all"}, "apps"};
  kind.key_root = "/registry/daemonsets";
  kind.selector = SelectorForm::kLabelSelector;
  kind.spec_defaults = {{"revisionHistoryLimit", 10},
                        {"updateStrategy", {{"type", "RollingUpdate"}}}};
  kind.strategy_field = "updateStrategy";
  kind.rolling_update = {{"maxUnavailable", 1}};
  kind.strategy_types = {"OnDelete", "RollingUpdate"};
  kind.initial_status = {{"currentNumberScheduled", 0},
                         {"numberMisscheduled", 0},
                         {"desiredNumberScheduled", 0},
                         {"numberReady", 0}};
  kind.pod_owner = "DaemonSet";
  kind.restart_policies = {"Always"};
  kind.empty_selector = "daemonset";
  kind.immutable = {"selector"};
  return kind;
}

WorkloadKind Job() {
  WorkloadKind kind;
  kind.info = {"Job", "jobs", true, {}, {"all"}, "batch"};
  kind.key_root = "/registry/jobs";
  kind.selector = SelectorForm::kGenerated;
  kind.spec_defaults = {{"parallelism", 1}, {"backoffLimit", 6}};
  kind.initial_status = Json::object();
  kind.status_label = "status.successful";
  kind.status_field = "succeeded";
  kind.restart_policies = {"OnFailure", "Never"};
  kind.immutable = {"completions", "selector", "template"};
  kind.has_generation = false;
  kind.labels_from_template = true;
  return kind;
}

}  // namespace

const std::vector<WorkloadKind>& Kinds() {
  static const auto* const kKinds = new std::vector<WorkloadKind>{
      ReplicationController(), Deployment(), ReplicaSet(),
      StatefulSet(),           DaemonSet(),  Job()};
  return *kKinds;
}

}  // namespace fairway::apiserver::registry::workload
