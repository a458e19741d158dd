// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/printers/internalversion/printers.go (v1.20.2)
#include "apiserver/registry/printers/core_rows.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apiserver/registry/printers/cells.h"

namespace fairway::apiserver::printers {
namespace {

constexpr size_t kMaxEndpoints = 3;

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

// Mirrors: loadBalancerStatusStringer.
std::vector<std::string> LoadBalancerAddresses(const Json& service) {
  std::set<std::string> addresses;
  for (const Json& ingress :
       ArrayAt(service, {"status", "loadBalancer", "ingress"})) {
    const std::string ip = StringAt(ingress, {"ip"});
    const std::string address =
        ip.empty() ? StringAt(ingress, {"hostname"}) : ip;
    if (!address.empty()) addresses.insert(address);
  }
  return {addresses.begin(), addresses.end()};
}

// Mirrors: getServiceExternalIP.
std::string ExternalIp(const Json& service) {
  const std::string type = StringAt(service, {"spec", "type"});
  if (type == "ExternalName") {
    return StringAt(service, {"spec", "externalName"});
  }
  std::vector<std::string> addresses;
  if (type == "LoadBalancer") addresses = LoadBalancerAddresses(service);
  for (const Json& ip : ArrayAt(service, {"spec", "externalIPs"})) {
    if (ip.is_string()) addresses.push_back(ip.get<std::string>());
  }
  return OrElse(absl::StrJoin(addresses, ","),
                type == "LoadBalancer" ? "<pending>" : kNone);
}

// Mirrors: makePortString.
std::string PortString(const Json& service) {
  std::vector<std::string> ports;
  for (const Json& port : ArrayAt(service, {"spec", "ports"})) {
    const int64_t node_port = IntAt(port, {"nodePort"}).value_or(0);
    ports.push_back(
        absl::StrCat(IntAt(port, {"port"}).value_or(0),
                     node_port > 0 ? absl::StrCat(":", node_port) : "", "/",
                     StringAt(port, {"protocol"})));
  }
  return OrElse(absl::StrJoin(ports, ","), kNone);
}

// Mirrors: net.JoinHostPort.
std::string HostPort(const std::string& host, int64_t port) {
  return absl::StrContains(host, ":") ? absl::StrCat("[", host, "]:", port)
                                      : absl::StrCat(host, ":", port);
}

// Mirrors: formatEndpoints.
std::string FormatEndpoints(const Json& endpoints) {
  std::vector<std::string> texts;
  size_t count = 0;
  auto add = [&](std::string text) {
    if (texts.size() < kMaxEndpoints) texts.push_back(std::move(text));
    ++count;
  };
  for (const Json& subset : ArrayAt(endpoints, {"subsets"})) {
    const Json& ports = ArrayAt(subset, {"ports"});
    const Json& addresses = ArrayAt(subset, {"addresses"});
    for (const Json& port : ports) {
      const int64_t number = IntAt(port, {"port"}).value_or(0);
      for (const Json& address : addresses) {
        add(HostPort(StringAt(address, {"ip"}), number));
      }
    }
    if (!ports.empty()) continue;
    for (const Json& address : addresses) add(StringAt(address, {"ip"}));
  }
  if (ArrayAt(endpoints, {"subsets"}).empty()) return kNone;
  std::string text = absl::StrJoin(texts, ",");
  if (count > kMaxEndpoints) {
    absl::StrAppend(&text, " + ", count - kMaxEndpoints, " more...");
  }
  return text;
}

}  // namespace

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

Json NamespaceRow(const Json& ns, absl::Time now) {
  Json row = Json::array();
  row.push_back(NameOf(ns));
  row.push_back(StringAt(ns, {"status", "phase"}));
  row.push_back(Age(ns, now));
  return row;
}

Json ServiceRow(const Json& service, absl::Time now) {
  Json row = Json::array();
  row.push_back(NameOf(service));
  row.push_back(StringAt(service, {"spec", "type"}));
  row.push_back(OrElse(StringAt(service, {"spec", "clusterIP"}), kNone));
  row.push_back(ExternalIp(service));
  row.push_back(PortString(service));
  row.push_back(Age(service, now));
  row.push_back(FormatLabels(At(service, {"spec", "selector"})));
  return row;
}

Json EndpointsRow(const Json& endpoints, absl::Time now) {
  Json row = Json::array();
  row.push_back(NameOf(endpoints));
  row.push_back(FormatEndpoints(endpoints));
  row.push_back(Age(endpoints, now));
  return row;
}

}  // namespace fairway::apiserver::printers
