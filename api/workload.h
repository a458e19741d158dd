// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/api/{core,apps,batch}/v1/types.go, k8s.io/apimachinery/pkg/
// apis/meta/v1/types.go: LabelSelector (v0.20.2)
// The objects that stand for a set of pods, as far as Fairway reads them.
#ifndef API_WORKLOAD_H_
#define API_WORKLOAD_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "api/object.h"

namespace fairway::api {

// A port by number, or by the name that a container gives it.
struct IntOrString {
  int32_t number = 0;  // 0 and no name: left out
  std::string name;
};

struct ServicePort {
  std::string name;
  int32_t port = 0;
  IntOrString target_port;
  std::string protocol;  // "TCP" if empty
  int32_t node_port = 0;
};

inline constexpr absl::string_view kClusterIpNone = "None";

struct Service {
  ObjectMeta metadata;
  std::string type;        // "ClusterIP", "NodePort", ...
  std::string cluster_ip;  // kClusterIpNone: headless
  std::map<std::string, std::string> selector;
  std::vector<ServicePort> ports;
};

struct LabelSelectorRequirement {
  std::string key;
  std::string op;  // "In", "NotIn", "Exists", "DoesNotExist"
  std::vector<std::string> values;
};

struct LabelSelector {
  std::map<std::string, std::string> match_labels;
  std::vector<LabelSelectorRequirement> match_expressions;
};

// A Deployment, ReplicaSet, StatefulSet, DaemonSet, Job or
// ReplicationController.
struct Workload {
  std::string kind;
  ObjectMeta metadata;
  // Of its pods; nothing where it has none. A ReplicationController's plain map
  // is in match_labels.
  absl::optional<LabelSelector> selector;
};

// Errors: kInvalidArgument for what is no JSON of the kind asked for; a field
// of a wrong type is named.
absl::StatusOr<Service> ServiceFromJson(absl::string_view json);
// `kind` is one of Workload's.
absl::StatusOr<Workload> WorkloadFromJson(absl::string_view kind,
                                          absl::string_view json);

}  // namespace fairway::api

#endif  // API_WORKLOAD_H_
