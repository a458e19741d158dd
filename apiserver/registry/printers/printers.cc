// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/printers/internalversion/printers.go (v1.20.2)
#include "apiserver/registry/printers/printers.h"

#include <cstdint>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/time/go_time.h"

namespace fairway::apiserver::printers {
namespace {

constexpr char kNone[] = "<none>";
constexpr char kUnknown[] = "<unknown>";

struct Column {
  const char* name;
  const char* type;
  const char* format;
  const char* description;
  int priority;
};

const std::vector<Column>& Columns(const std::string& kind) {
  static const char kName[] =
      "Name must be unique within a namespace. Is required when creating "
      "resources, although some resources may allow a client to request the "
      "generation of an appropriate name automatically.";
  static const char kAge[] =
      "CreationTimestamp is a timestamp representing the server time when this "
      "object was created.";
  static const auto* const kPod = new std::vector<Column>{
      {"Name", "string", "name", kName, 0},
      {"Ready", "string", "",
       "The aggregate readiness state of this pod for accepting traffic.", 0},
      {"Status", "string", "",
       "The aggregate status of the containers in this pod.", 0},
      {"Restarts", "integer", "",
       "The number of times the containers in this pod have been restarted.",
       0},
      {"Age", "string", "", kAge, 0},
      {"IP", "string", "", "IP address allocated to the pod.", 1},
      {"Node", "string", "",
       "NodeName is a request to schedule this pod onto a specific node.", 1},
      {"Nominated Node", "string", "",
       "nominatedNodeName is set only when this pod preempts other pods on the "
       "node.",
       1},
      {"Readiness Gates", "string", "",
       "If specified, all readiness gates will be evaluated for pod readiness.",
       1},
  };
  static const auto* const kNode = new std::vector<Column>{
      {"Name", "string", "name", kName, 0},
      {"Status", "string", "", "The status of the node", 0},
      {"Roles", "string", "", "The roles of the node", 0},
      {"Age", "string", "", kAge, 0},
      {"Version", "string", "", "Kubelet Version reported by the node.", 0},
      {"Internal-IP", "string", "", "List of addresses reachable to the node.",
       1},
      {"External-IP", "string", "", "List of addresses reachable to the node.",
       1},
      {"OS-Image", "string", "", "OS Image reported by the node.", 1},
      {"Kernel-Version", "string", "",
       "Kernel Version reported by the node from 'uname -r'.", 1},
      {"Container-Runtime", "string", "",
       "ContainerRuntime Version reported by the node.", 1},
  };
  static const auto* const kNamespace = new std::vector<Column>{
      {"Name", "string", "name", kName, 0},
      {"Status", "string", "", "The status of the namespace", 0},
      {"Age", "string", "", kAge, 0},
  };
  static const auto* const kOther = new std::vector<Column>{
      {"Name", "string", "name", kName, 0},
      {"Age", "string", "", kAge, 0},
  };
  if (kind == "Pod") return *kPod;
  if (kind == "Node") return *kNode;
  return kind == "Namespace" ? *kNamespace : *kOther;
}

std::string OrElse(std::string text, const char* otherwise) {
  return text.empty() ? otherwise : text;
}

// Mirrors: translateTimestampSince.
std::string Age(const Json& object, absl::Time now) {
  absl::Time created;
  if (!absl::ParseTime(absl::RFC3339_full,
                       StringAt(object, {"metadata", "creationTimestamp"}),
                       &created, nullptr)) {
    return kUnknown;
  }
  return HumanDuration(now - created);
}

struct PodCells {
  int64_t ready = 0;
  int64_t restarts = 0;
  std::string reason;
};

std::string TerminatedReason(const Json& terminated) {
  std::string reason = StringAt(terminated, {"reason"});
  if (!reason.empty()) return reason;
  const int64_t signal = IntAt(terminated, {"signal"}).value_or(0);
  if (signal != 0) return absl::StrCat("Signal:", signal);
  return absl::StrCat("ExitCode:", IntAt(terminated, {"exitCode"}).value_or(0));
}

// True if an init container is what the pod waits for.
bool InitReason(const Json& pod, PodCells* cells) {
  const Json& statuses = ArrayAt(pod, {"status", "initContainerStatuses"});
  const size_t total = ArrayAt(pod, {"spec", "initContainers"}).size();
  for (size_t i = 0; i < statuses.size(); ++i) {
    const Json& status = statuses[i];
    cells->restarts += IntAt(status, {"restartCount"}).value_or(0);
    const Json* terminated = At(status, {"state", "terminated"});
    if (terminated != nullptr &&
        IntAt(*terminated, {"exitCode"}).value_or(0) == 0) {
      continue;
    }
    const std::string waiting =
        StringAt(status, {"state", "waiting", "reason"});
    if (terminated != nullptr) {
      cells->reason = "Init:" + TerminatedReason(*terminated);
    } else if (!waiting.empty() && waiting != "PodInitializing") {
      cells->reason = "Init:" + waiting;
    } else {
      cells->reason = absl::StrCat("Init:", i, "/", total);
    }
    return true;
  }
  return false;
}

bool HasReadyCondition(const Json& pod) {
  for (const Json& condition : ArrayAt(pod, {"status", "conditions"})) {
    if (StringAt(condition, {"type"}) == "Ready" &&
        StringAt(condition, {"status"}) == "True") {
      return true;
    }
  }
  return false;
}

void ContainerReasons(const Json& pod, PodCells* cells) {
  const Json& statuses = ArrayAt(pod, {"status", "containerStatuses"});
  cells->restarts = 0;
  bool has_running = false;
  for (size_t i = statuses.size(); i-- > 0;) {
    const Json& status = statuses[i];
    cells->restarts += IntAt(status, {"restartCount"}).value_or(0);
    const std::string waiting =
        StringAt(status, {"state", "waiting", "reason"});
    const Json* terminated = At(status, {"state", "terminated"});
    if (!waiting.empty()) {
      cells->reason = waiting;
    } else if (terminated != nullptr) {
      cells->reason = TerminatedReason(*terminated);
    } else if (BoolAt(status, {"ready"}) &&
               At(status, {"state", "running"}) != nullptr) {
      has_running = true;
      ++cells->ready;
    }
  }
  if (cells->reason == "Completed" && has_running) {
    cells->reason = HasReadyCondition(pod) ? "Running" : "NotReady";
  }
}

Json PodRow(const Json& pod, absl::Time now) {
  PodCells cells;
  cells.reason = OrElse(StringAt(pod, {"status", "reason"}),
                        StringAt(pod, {"status", "phase"}).c_str());
  if (!InitReason(pod, &cells)) ContainerReasons(pod, &cells);
  if (!StringAt(pod, {"metadata", "deletionTimestamp"}).empty()) {
    cells.reason = StringAt(pod, {"status", "reason"}) == "NodeLost"
                       ? "Unknown"
                       : "Terminating";
  }
  std::string ip = StringAt(pod, {"status", "podIP"});
  const Json& ips = ArrayAt(pod, {"status", "podIPs"});
  if (!ips.empty()) ip = StringAt(ips[0], {"ip"});
  Json row = Json::array();
  row.push_back(StringAt(pod, {"metadata", "name"}));
  row.push_back(absl::StrCat(cells.ready, "/",
                             ArrayAt(pod, {"spec", "containers"}).size()));
  row.push_back(cells.reason);
  row.push_back(cells.restarts);
  row.push_back(Age(pod, now));
  row.push_back(OrElse(ip, kNone));
  row.push_back(OrElse(StringAt(pod, {"spec", "nodeName"}), kNone));
  row.push_back(OrElse(StringAt(pod, {"status", "nominatedNodeName"}), kNone));
  row.push_back(kNone);
  return row;
}

std::string NodeStatus(const Json& node) {
  std::vector<std::string> status;
  for (const Json& condition : ArrayAt(node, {"status", "conditions"})) {
    if (StringAt(condition, {"type"}) != "Ready") continue;
    status.push_back(StringAt(condition, {"status"}) == "True" ? "Ready"
                                                               : "NotReady");
  }
  if (status.empty()) status.push_back("Unknown");
  if (BoolAt(node, {"spec", "unschedulable"})) {
    status.push_back("SchedulingDisabled");
  }
  return absl::StrJoin(status, ",");
}

// Mirrors: findNodeRoles.
std::string NodeRoles(const Json& node) {
  constexpr char kPrefix[] = "node-role.kubernetes.io/";
  std::set<std::string> roles;
  const Json* labels = At(node, {"metadata", "labels"});
  if (labels != nullptr && labels->is_object()) {
    for (const auto& [key, value] : labels->items()) {
      if (absl::StartsWith(key, kPrefix) && key.size() > sizeof kPrefix - 1) {
        roles.insert(key.substr(sizeof kPrefix - 1));
      } else if (key == "kubernetes.io/role" && value.is_string()) {
        roles.insert(value.get<std::string>());
      }
    }
  }
  return roles.empty() ? kNone : absl::StrJoin(roles, ",");
}

std::string NodeAddress(const Json& node, const char* type) {
  for (const Json& address : ArrayAt(node, {"status", "addresses"})) {
    if (StringAt(address, {"type"}) == type) {
      return StringAt(address, {"address"});
    }
  }
  return kNone;
}

Json NodeRow(const Json& node, absl::Time now) {
  auto info = [&node](const char* field, const char* otherwise) {
    return OrElse(StringAt(node, {"status", "nodeInfo", field}), otherwise);
  };
  Json row = Json::array();
  row.push_back(StringAt(node, {"metadata", "name"}));
  row.push_back(NodeStatus(node));
  row.push_back(NodeRoles(node));
  row.push_back(Age(node, now));
  row.push_back(info("kubeletVersion", ""));
  row.push_back(NodeAddress(node, "InternalIP"));
  row.push_back(NodeAddress(node, "ExternalIP"));
  row.push_back(info("osImage", kUnknown));
  row.push_back(info("kernelVersion", kUnknown));
  row.push_back(info("containerRuntimeVersion", kUnknown));
  return row;
}

}  // namespace

Json ColumnDefinitions(const std::string& kind) {
  Json definitions = Json::array();
  for (const Column& column : Columns(kind)) {
    Json definition;
    definition["name"] = column.name;
    definition["type"] = column.type;
    definition["format"] = column.format;
    definition["description"] = column.description;
    definition["priority"] = column.priority;
    definitions.push_back(std::move(definition));
  }
  return definitions;
}

Json Row(const std::string& kind, const Json& object, absl::Time now,
         IncludeObject include) {
  Json cells = Json::array();
  if (kind == "Pod") {
    cells = PodRow(object, now);
  } else if (kind == "Node") {
    cells = NodeRow(object, now);
  } else {
    cells.push_back(StringAt(object, {"metadata", "name"}));
    if (kind == "Namespace") {
      cells.push_back(StringAt(object, {"status", "phase"}));
    }
    cells.push_back(Age(object, now));
  }
  Json row;
  row["cells"] = std::move(cells);
  if (include == IncludeObject::kObject) {
    row["object"] = object;
  } else if (include == IncludeObject::kMetadata) {
    Json partial;
    partial["kind"] = "PartialObjectMetadata";
    partial["apiVersion"] = "meta.k8s.io/v1";
    const Json* metadata = At(object, {"metadata"});
    partial["metadata"] = metadata == nullptr ? Json::object() : *metadata;
    row["object"] = std::move(partial);
  } else {
    row["object"] = nullptr;
  }
  return row;
}

}  // namespace fairway::apiserver::printers
