// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/api/core/v1/types.go, k8s.io/apimachinery/pkg/apis/meta/v1
#include "api/object.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "api/document.h"
#include "api/json.h"

namespace fairway::api {
namespace {

using nlohmann::json;

Container ReadContainer(const FieldReader& container) {
  Container out;
  out.name = container.String("name");
  out.image = container.String("image");
  out.command = container.Strings("command");
  out.args = container.Strings("args");
  out.working_dir = container.String("workingDir");
  for (const FieldReader& variable : container.Objects("env")) {
    out.env.push_back({variable.String("name"), variable.String("value")});
  }
  for (const FieldReader& port : container.Objects("ports")) {
    out.ports.push_back({port.String("name"), port.Int("containerPort"),
                         port.String("protocol")});
  }
  return out;
}

ContainerStatus ReadContainerStatus(const FieldReader& status) {
  ContainerStatus out;
  out.name = status.String("name");
  out.image = status.String("image");
  out.container_id = status.String("containerID");
  out.ready = status.Bool("ready");
  out.restart_count = status.Int("restartCount");
  const FieldReader state = status.Object("state");
  for (const char* name : {"running", "terminated", "waiting"}) {
    if (!state.Has(name)) continue;
    const FieldReader details = state.Object(name);
    out.state = name;
    out.reason = details.String("reason");
    out.message = details.String("message");
    out.exit_code = details.Int("exitCode");
    out.started_at = details.String("startedAt");
    out.finished_at = details.String("finishedAt");
    break;
  }
  return out;
}

Pod ReadPod(const FieldReader& document) {
  Pod pod;
  pod.metadata = ReadMeta(document.Object("metadata"));
  const FieldReader spec = document.Object("spec");
  pod.node_name = spec.String("nodeName");
  pod.host_network = spec.Bool("hostNetwork");
  pod.restart_policy = spec.String("restartPolicy");
  if (spec.Has("terminationGracePeriodSeconds")) {
    pod.termination_grace_period_seconds =
        spec.Int("terminationGracePeriodSeconds");
  }
  for (const FieldReader& container : spec.Objects("containers")) {
    pod.containers.push_back(ReadContainer(container));
  }
  const FieldReader status = document.Object("status");
  pod.phase = status.String("phase");
  pod.pod_ip = status.String("podIP");
  pod.host_ip = status.String("hostIP");
  pod.start_time = status.String("startTime");
  pod.reason = status.String("reason");
  pod.message = status.String("message");
  for (const FieldReader& condition : status.Objects("conditions")) {
    pod.conditions.push_back({condition.String("type"),
                              condition.String("status"),
                              condition.String("lastTransitionTime")});
  }
  for (const FieldReader& container : status.Objects("containerStatuses")) {
    pod.container_statuses.push_back(ReadContainerStatus(container));
  }
  return pod;
}

Node ReadNode(const FieldReader& document) {
  Node node;
  node.metadata = ReadMeta(document.Object("metadata"));
  const FieldReader status = document.Object("status");
  for (const FieldReader& address : status.Objects("addresses")) {
    node.addresses.push_back(
        {address.String("type"), address.String("address")});
  }
  node.kubelet_port =
      status.Object("daemonEndpoints").Object("kubeletEndpoint").Int("Port");
  for (const FieldReader& condition : status.Objects("conditions")) {
    if (condition.String("type") == "Ready") {
      node.ready = condition.String("status") == "True";
    }
  }
  return node;
}

void PutIfSet(json& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}

json MetaJson(const ObjectMeta& meta) {
  json out = json::object();
  PutIfSet(out, "name", meta.name);
  PutIfSet(out, "namespace", meta.namespace_);
  PutIfSet(out, "uid", meta.uid);
  PutIfSet(out, "resourceVersion", meta.resource_version);
  PutIfSet(out, "creationTimestamp", meta.creation_timestamp);
  PutIfSet(out, "deletionTimestamp", meta.deletion_timestamp);
  if (meta.deletion_grace_period_seconds != 0) {
    out["deletionGracePeriodSeconds"] = meta.deletion_grace_period_seconds;
  }
  if (!meta.labels.empty()) out["labels"] = meta.labels;
  if (!meta.annotations.empty()) out["annotations"] = meta.annotations;
  return out;
}

json ContainerJson(const Container& container) {
  json out = json::object();
  out["name"] = container.name;
  PutIfSet(out, "image", container.image);
  if (!container.command.empty()) out["command"] = container.command;
  if (!container.args.empty()) out["args"] = container.args;
  PutIfSet(out, "workingDir", container.working_dir);
  for (const EnvVar& variable : container.env) {
    json entry = {{"name", variable.name}};
    PutIfSet(entry, "value", variable.value);
    out["env"].push_back(std::move(entry));
  }
  for (const ContainerPort& port : container.ports) {
    json entry = {{"containerPort", port.container_port}};
    PutIfSet(entry, "name", port.name);
    PutIfSet(entry, "protocol", port.protocol);
    out["ports"].push_back(std::move(entry));
  }
  return out;
}

json ContainerStatusJson(const ContainerStatus& status) {
  json out = {{"name", status.name},
              {"image", status.image},
              {"imageID", ""},
              {"ready", status.ready},
              {"restartCount", status.restart_count},
              {"state", json::object()},
              {"lastState", json::object()}};
  PutIfSet(out, "containerID", status.container_id);
  if (status.state.empty()) return out;
  json details = json::object();
  PutIfSet(details, "reason", status.reason);
  PutIfSet(details, "message", status.message);
  PutIfSet(details, "startedAt", status.started_at);
  PutIfSet(details, "finishedAt", status.finished_at);
  if (status.state == "terminated") details["exitCode"] = status.exit_code;
  out["state"][status.state] = std::move(details);
  return out;
}

void ReadDetails(const FieldReader& details, ApiStatus* status) {
  status->kind = details.String("kind");
  status->name = details.String("name");
  for (const FieldReader& cause : details.Objects("causes")) {
    status->causes.push_back({cause.String("field"), cause.String("message")});
  }
}

}  // namespace

absl::StatusOr<Pod> PodFromJson(absl::string_view text) {
  return FromJson<Pod>(text, "Pod", KindRule::kOptional, ReadPod);
}

absl::StatusOr<Node> NodeFromJson(absl::string_view text) {
  return FromJson<Node>(text, "Node", KindRule::kOptional, ReadNode);
}

absl::StatusOr<ApiStatus> StatusFromJson(absl::string_view text) {
  return FromJson<ApiStatus>(text, "Status", KindRule::kRequired,
                             [](const FieldReader& document) {
                               ApiStatus status;
                               status.code = document.Int("code");
                               status.reason = document.String("reason");
                               status.message = document.String("message");
                               ReadDetails(document.Object("details"), &status);
                               return status;
                             });
}

absl::StatusOr<PodList> PodListFromJson(absl::string_view text) {
  return FromJson<PodList>(
      text, "PodList", KindRule::kRequired, [](const FieldReader& document) {
        PodList list;
        list.resource_version =
            document.Object("metadata").String("resourceVersion");
        for (const FieldReader& item : document.Objects("items")) {
          list.items.push_back(ReadPod(item));
        }
        return list;
      });
}

absl::StatusOr<NodeList> NodeListFromJson(absl::string_view text) {
  return FromJson<NodeList>(
      text, "NodeList", KindRule::kRequired, [](const FieldReader& document) {
        NodeList list;
        list.resource_version =
            document.Object("metadata").String("resourceVersion");
        for (const FieldReader& item : document.Objects("items")) {
          list.items.push_back(ReadNode(item));
        }
        return list;
      });
}

absl::StatusOr<WatchEvent> WatchEventFromJson(absl::string_view line) {
  absl::StatusOr<json> value = ParseJson(line);
  if (!value.ok()) return value.status();
  absl::Status error;
  const FieldReader document(*value, "", &error);
  WatchEvent event;
  event.type = document.String("type");
  if (!error.ok()) return error;
  if (event.type.empty()) {
    return absl::InvalidArgumentError("type: want a watch event's type");
  }
  auto object = value->find("object");
  if (object == value->end() || !object->is_object()) {
    return absl::InvalidArgumentError("object: want object");
  }
  event.object_json = DumpJson(*object);
  return event;
}

std::string ToJson(const Pod& pod) {
  json spec = {{"containers", json::array()}};
  for (const Container& container : pod.containers) {
    spec["containers"].push_back(ContainerJson(container));
  }
  PutIfSet(spec, "nodeName", pod.node_name);
  if (pod.host_network) spec["hostNetwork"] = true;
  PutIfSet(spec, "restartPolicy", pod.restart_policy);
  if (pod.termination_grace_period_seconds != 30) {
    spec["terminationGracePeriodSeconds"] =
        pod.termination_grace_period_seconds;
  }

  json status = json::object();
  PutIfSet(status, "phase", pod.phase);
  PutIfSet(status, "podIP", pod.pod_ip);
  if (!pod.pod_ip.empty()) {
    status["podIPs"] = json::array({{{"ip", pod.pod_ip}}});
  }
  PutIfSet(status, "hostIP", pod.host_ip);
  PutIfSet(status, "startTime", pod.start_time);
  PutIfSet(status, "reason", pod.reason);
  PutIfSet(status, "message", pod.message);
  for (const PodCondition& condition : pod.conditions) {
    json entry = {{"type", condition.type}, {"status", condition.status}};
    PutIfSet(entry, "lastTransitionTime", condition.last_transition_time);
    status["conditions"].push_back(std::move(entry));
  }
  for (const ContainerStatus& container : pod.container_statuses) {
    status["containerStatuses"].push_back(ContainerStatusJson(container));
  }
  return DumpJson({{"apiVersion", "v1"},
                   {"kind", "Pod"},
                   {"metadata", MetaJson(pod.metadata)},
                   {"spec", std::move(spec)},
                   {"status", std::move(status)}});
}

std::string ToJson(const Node& node) {
  json status = {{"conditions",
                  json::array({{{"type", "Ready"},
                                {"status", node.ready ? "True" : "False"}}})}};
  for (const NodeAddress& address : node.addresses) {
    status["addresses"].push_back(
        {{"type", address.type}, {"address", address.address}});
  }
  if (node.kubelet_port != 0) {
    status["daemonEndpoints"]["kubeletEndpoint"]["Port"] = node.kubelet_port;
  }
  return DumpJson({{"apiVersion", "v1"},
                   {"kind", "Node"},
                   {"metadata", MetaJson(node.metadata)},
                   {"spec", json::object()},
                   {"status", std::move(status)}});
}

std::string ToJson(const ApiStatus& status) {
  json out = {{"apiVersion", "v1"},
              {"kind", "Status"},
              {"metadata", json::object()},
              {"status", status.code < 400 ? "Success" : "Failure"}};
  PutIfSet(out, "message", status.message);
  PutIfSet(out, "reason", status.reason);
  if (status.code != 0) out["code"] = status.code;
  json details = json::object();
  PutIfSet(details, "kind", status.kind);
  PutIfSet(details, "name", status.name);
  for (const ApiStatusCause& cause : status.causes) {
    details["causes"].push_back(
        {{"field", cause.field}, {"message", cause.message}});
  }
  if (!details.empty()) out["details"] = std::move(details);
  return DumpJson(out);
}

}  // namespace fairway::api
