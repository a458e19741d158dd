// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/api/core/v1/types.go, k8s.io/apimachinery/pkg/apis/meta/v1
// Kubernetes' objects as far as Fairway reads them. The API server stores whole
// documents; these are the views of those who only need part.
#ifndef API_OBJECT_H_
#define API_OBJECT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fairway::api {

struct ObjectMeta {
  std::string name;
  std::string namespace_;
  std::string uid;
  std::string resource_version;
  std::string creation_timestamp;  // RFC 3339; empty if unset
  std::string deletion_timestamp;
  int32_t deletion_grace_period_seconds = 0;  // with deletion_timestamp
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
};

struct EnvVar {
  std::string name;
  std::string value;
};

struct ContainerPort {
  std::string name;
  int32_t container_port = 0;
  std::string protocol;  // "TCP" if empty
};

struct Container {
  std::string name;
  std::string image;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::string working_dir;
  std::vector<EnvVar> env;
  std::vector<ContainerPort> ports;
};

struct ContainerStatus {
  std::string name;
  std::string image;
  std::string container_id;  // "docker://..."
  bool ready = false;
  int32_t restart_count = 0;
  // One of "waiting", "running", "terminated".
  std::string state;
  std::string reason;
  std::string message;
  int32_t exit_code = 0;
  std::string started_at;
  std::string finished_at;
};

struct PodCondition {
  std::string type;
  std::string status;                // "True", "False", "Unknown"
  std::string last_transition_time;  // RFC 3339; empty if unset
};

struct Pod {
  ObjectMeta metadata;
  std::string node_name;
  bool host_network = false;
  std::string restart_policy;
  int32_t termination_grace_period_seconds = 30;
  std::vector<Container> containers;
  // status
  std::string phase;  // "Pending", "Running", "Succeeded", "Failed", "Unknown"
  std::string pod_ip;
  std::string host_ip;
  std::string start_time;
  std::string reason;
  std::string message;
  std::vector<PodCondition> conditions;
  std::vector<ContainerStatus> container_statuses;
};

inline constexpr absl::string_view kPodPending = "Pending";
inline constexpr absl::string_view kPodRunning = "Running";
inline constexpr absl::string_view kPodSucceeded = "Succeeded";
inline constexpr absl::string_view kPodFailed = "Failed";

struct NodeAddress {
  std::string type;  // "Hostname", "InternalIP", ...
  std::string address;
};

struct Node {
  ObjectMeta metadata;
  std::vector<NodeAddress> addresses;
  int32_t kubelet_port = 0;  // status.daemonEndpoints.kubeletEndpoint.Port
  bool ready = false;        // the condition "Ready" is "True"
};

// A failure as the API writes it (metav1.Status).
struct ApiStatusCause {
  std::string field;    // "spec.ports"
  std::string message;  // "Required value"
};

struct ApiStatus {
  int code = 0;
  std::string reason;   // "NotFound"
  std::string message;  // "pods \"x\" not found"
  // The details: what the failure is about, and why each of its faults is one.
  std::string kind = {};
  std::string name = {};
  std::vector<ApiStatusCause> causes = {};
};

// Errors: kInvalidArgument for what is no JSON of the kind asked for; a field
// of a wrong type is named.
absl::StatusOr<Pod> PodFromJson(absl::string_view json);
absl::StatusOr<Node> NodeFromJson(absl::string_view json);
absl::StatusOr<ApiStatus> StatusFromJson(absl::string_view json);

std::string ToJson(const Pod& pod);
std::string ToJson(const Node& node);
std::string ToJson(const ApiStatus& status);

// A list's items ("PodList"), and its metadata.resourceVersion.
struct PodList {
  std::string resource_version;
  std::vector<Pod> items;
};
absl::StatusOr<PodList> PodListFromJson(absl::string_view json);
struct NodeList {
  std::string resource_version;
  std::vector<Node> items;
};
absl::StatusOr<NodeList> NodeListFromJson(absl::string_view json);

// One line of a watch: {"type":"ADDED","object":{...}}.
struct WatchEvent {
  std::string type;  // "ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"
  std::string object_json;
};
absl::StatusOr<WatchEvent> WatchEventFromJson(absl::string_view line);

// YAML (one document) to JSON text, as kubectl reads manifests. Errors:
// kInvalidArgument with line and column.
absl::StatusOr<std::string> YamlToJson(absl::string_view yaml);
// The documents of a multi-document YAML or JSON text, each as JSON.
absl::StatusOr<std::vector<std::string>> ManifestsToJson(
    absl::string_view text);
// JSON text to YAML as kubectl prints it (keys sorted, two spaces).
absl::StatusOr<std::string> JsonToYaml(absl::string_view json);

}  // namespace fairway::api

#endif  // API_OBJECT_H_
