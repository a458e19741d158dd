// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/cli-runtime/pkg/printers/tableprinter.go,
// k8s.io/apimachinery/pkg/util/duration/duration.go,
// pkg/printers/internalversion/printers.go (v0.20.2)
#include "client/cmd/printers.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "api/json.h"
#include "base/time/go_time.h"

namespace fairway::cmd {
namespace {

using api::FieldReader;

constexpr size_t kColumnPadding = 3;
constexpr size_t kColumnMinWidth = 6;

std::string OrNone(const std::string& text) {
  return text.empty() ? "<none>" : text;
}

std::string Age(const FieldReader& metadata, absl::Time now) {
  absl::Time created;
  if (!absl::ParseTime(absl::RFC3339_full, metadata.String("creationTimestamp"),
                       &created, nullptr)) {
    return "<unknown>";
  }
  return HumanDuration(now - created);
}

struct PodSummary {
  std::string reason;
  int ready = 0;
  int total = 0;
  int restarts = 0;
};

// Mirrors: printPod. What the containers' states say of the pod.
PodSummary SummaryOf(const FieldReader& pod) {
  const FieldReader status = pod.Object("status");
  PodSummary summary;
  summary.reason = status.String("phase");
  const std::string own_reason = status.String("reason");
  if (!own_reason.empty()) summary.reason = own_reason;
  summary.total =
      static_cast<int>(pod.Object("spec").Objects("containers").size());
  bool has_running = false;
  std::vector<FieldReader> containers = status.Objects("containerStatuses");
  // The first container's word counts most.
  std::reverse(containers.begin(), containers.end());
  for (const FieldReader& container : containers) {
    summary.restarts += container.Int("restartCount");
    const FieldReader state = container.Object("state");
    const FieldReader terminated = state.Object("terminated");
    const std::string waiting = state.Object("waiting").String("reason");
    if (!waiting.empty()) {
      summary.reason = waiting;
    } else if (state.Has("terminated")) {
      summary.reason = terminated.String("reason");
      if (summary.reason.empty()) {
        const int signal = terminated.Int("signal");
        summary.reason =
            signal != 0 ? absl::StrCat("Signal:", signal)
                        : absl::StrCat("ExitCode:", terminated.Int("exitCode"));
      }
    } else if (container.Bool("ready") && state.Has("running")) {
      has_running = true;
      ++summary.ready;
    }
  }
  if (summary.reason == "Completed" && has_running) {
    summary.reason = "NotReady";
    for (const FieldReader& condition : status.Objects("conditions")) {
      if (condition.String("type") == "Ready" &&
          condition.String("status") == "True") {
        summary.reason = "Running";
      }
    }
  }
  if (pod.Object("metadata").Has("deletionTimestamp")) {
    summary.reason = own_reason == "NodeLost" ? "Unknown" : "Terminating";
  }
  return summary;
}

Row PodRow(const FieldReader& pod, TableWidth width, absl::Time now) {
  const PodSummary summary = SummaryOf(pod);
  const FieldReader metadata = pod.Object("metadata");
  const FieldReader status = pod.Object("status");
  Row row = {metadata.String("name"),
             absl::StrCat(summary.ready, "/", summary.total), summary.reason,
             absl::StrCat(summary.restarts), Age(metadata, now)};
  if (width == TableWidth::kWide) {
    row.push_back(OrNone(status.String("podIP")));
    row.push_back(OrNone(pod.Object("spec").String("nodeName")));
    row.push_back(OrNone(status.String("nominatedNodeName")));
    row.push_back("<none>");
  }
  return row;
}

std::string NodeStatus(const FieldReader& node) {
  std::string state = "Unknown";
  for (const FieldReader& condition :
       node.Object("status").Objects("conditions")) {
    if (condition.String("type") != "Ready") continue;
    state = condition.String("status") == "True" ? "Ready" : "NotReady";
  }
  if (node.Object("spec").Bool("unschedulable")) {
    absl::StrAppend(&state, ",SchedulingDisabled");
  }
  return state;
}

std::string NodeRoles(const FieldReader& metadata) {
  constexpr absl::string_view kPrefix = "node-role.kubernetes.io/";
  std::vector<std::string> roles;
  for (const auto& [label, value] : metadata.StringMap("labels")) {
    absl::string_view role = label;
    if (absl::ConsumePrefix(&role, kPrefix)) {
      if (!role.empty()) roles.emplace_back(role);
    } else if (label == "kubernetes.io/role" && !value.empty()) {
      roles.push_back(value);
    }
  }
  return OrNone(absl::StrJoin(roles, ","));
}

std::string NodeAddress(const FieldReader& status, const char* type) {
  for (const FieldReader& address : status.Objects("addresses")) {
    if (address.String("type") == type) return address.String("address");
  }
  return "<none>";
}

std::string OrUnknown(const std::string& text) {
  return text.empty() ? "<unknown>" : text;
}

Row NodeRow(const FieldReader& node, TableWidth width, absl::Time now) {
  const FieldReader metadata = node.Object("metadata");
  const FieldReader status = node.Object("status");
  const FieldReader info = status.Object("nodeInfo");
  Row row = {metadata.String("name"), NodeStatus(node), NodeRoles(metadata),
             Age(metadata, now), info.String("kubeletVersion")};
  if (width == TableWidth::kWide) {
    row.push_back(NodeAddress(status, "InternalIP"));
    row.push_back(NodeAddress(status, "ExternalIP"));
    row.push_back(OrUnknown(info.String("osImage")));
    row.push_back(OrUnknown(info.String("kernelVersion")));
    row.push_back(OrUnknown(info.String("containerRuntimeVersion")));
  }
  return row;
}

Row NamespaceRow(const FieldReader& ns, absl::Time now) {
  const FieldReader metadata = ns.Object("metadata");
  return {metadata.String("name"), ns.Object("status").String("phase"),
          Age(metadata, now)};
}

Row ServiceRow(const FieldReader& service, absl::Time now) {
  const FieldReader metadata = service.Object("metadata");
  const FieldReader spec = service.Object("spec");
  std::vector<std::string> ports;
  for (const FieldReader& port : spec.Objects("ports")) {
    const std::string protocol = port.String("protocol");
    ports.push_back(absl::StrCat(port.Int("port"), "/",
                                 protocol.empty() ? "TCP" : protocol));
  }
  return {metadata.String("name"),           spec.String("type"),
          OrNone(spec.String("clusterIP")),  "<none>",
          OrNone(absl::StrJoin(ports, ",")), Age(metadata, now)};
}

}  // namespace

std::string FormatTable(const std::vector<Row>& rows) {
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    if (widths.size() < row.size()) widths.resize(row.size(), 0);
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(
          {widths[i], row[i].size() + kColumnPadding, kColumnMinWidth});
    }
  }
  std::string out;
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - row[i].size(), ' ');
    }
    out += "\n";
  }
  return out;
}

Row TableHeader(const ResourceKind& kind, TableWidth width) {
  const bool wide = width == TableWidth::kWide;
  Row header;
  if (kind.kind == "Pod") {
    header = {"NAME", "READY", "STATUS", "RESTARTS", "AGE"};
    if (wide) {
      header.insert(header.end(),
                    {"IP", "NODE", "NOMINATED NODE", "READINESS GATES"});
    }
  } else if (kind.kind == "Node") {
    header = {"NAME", "STATUS", "ROLES", "AGE", "VERSION"};
    if (wide) {
      header.insert(header.end(), {"INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE",
                                   "KERNEL-VERSION", "CONTAINER-RUNTIME"});
    }
  } else if (kind.kind == "Service") {
    header = {"NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"};
  } else {
    header = {"NAME", "STATUS", "AGE"};
  }
  return header;
}

absl::StatusOr<Row> TableRow(const ResourceKind& kind, absl::string_view json,
                             TableWidth width, absl::Time now) {
  absl::StatusOr<nlohmann::json> value = api::ParseJson(json);
  if (!value.ok()) return value.status();
  absl::Status error;
  const FieldReader object(*value, "", &error);
  Row row;
  if (kind.kind == "Pod") {
    row = PodRow(object, width, now);
  } else if (kind.kind == "Node") {
    row = NodeRow(object, width, now);
  } else if (kind.kind == "Service") {
    row = ServiceRow(object, now);
  } else {
    row = NamespaceRow(object, now);
  }
  if (!error.ok()) return error;
  // Control bytes of a server's text do not reach the terminal.
  for (std::string& cell : row) {
    for (char& c : cell) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
  }
  return row;
}

}  // namespace fairway::cmd
