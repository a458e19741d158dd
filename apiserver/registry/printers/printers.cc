// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/printers/internalversion/printers.go (v1.20.2)
#include "apiserver/registry/printers/printers.h"

#include <map>
#include <utility>

#include "apiserver/registry/printers/cells.h"
#include "apiserver/registry/printers/core_rows.h"
#include "apiserver/registry/printers/workload_rows.h"

namespace fairway::apiserver::printers {
namespace {

struct Column {
  const char* name;
  const char* type;
  const char* format;
  const char* description;
  int priority;
};

// A kind's columns, and the cells of a row.
struct KindTable {
  std::vector<Column> columns;
  Json (*row)(const Json& object, absl::Time now);
};

constexpr char kNameText[] =
    "Name must be unique within a namespace. Is required when creating "
    "resources, although some resources may allow a client to request the "
    "generation of an appropriate name automatically.";
constexpr char kAgeText[] =
    "CreationTimestamp is a timestamp representing the server time when this "
    "object was created.";
constexpr char kContainersText[] = "Names of each container in the template.";
constexpr char kImagesText[] =
    "Images referenced by each container in the template.";

constexpr Column kName = {"Name", "string", "name", kNameText, 0};
constexpr Column kAge = {"Age", "string", "", kAgeText, 0};
constexpr Column kContainers = {"Containers", "string", "", kContainersText, 1};
constexpr Column kImages = {"Images", "string", "", kImagesText, 1};

constexpr Column Text(const char* name, const char* description,
                      int priority = 0) {
  return {name, "string", "", description, priority};
}

constexpr Column Number(const char* name, const char* description) {
  return {name, "integer", "", description, 0};
}

Column Selector() {
  return Text("Selector", "Label selector of the pods it is about.", 1);
}

Json NameAndAge(const Json& object, absl::Time now) {
  Json row = Json::array();
  row.push_back(NameOf(object));
  row.push_back(Age(object, now));
  return row;
}

void AddCoreTables(std::map<std::string, KindTable>* tables) {
  (*tables)["Pod"] = {
      {kName,
       Text("Ready",
            "The aggregate readiness state of this pod for accepting traffic."),
       Text("Status", "The aggregate status of the containers in this pod."),
       Number("Restarts",
              "The number of times the containers in this pod have been "
              "restarted."),
       kAge, Text("IP", "IP address allocated to the pod.", 1),
       Text("Node",
            "NodeName is a request to schedule this pod onto a specific node.",
            1),
       Text("Nominated Node",
            "nominatedNodeName is set only when this pod preempts other pods "
            "on the node.",
            1),
       Text("Readiness Gates",
            "If specified, all readiness gates will be evaluated for pod "
            "readiness.",
            1)},
      &PodRow};
  (*tables)["Node"] = {
      {kName, Text("Status", "The status of the node"),
       Text("Roles", "The roles of the node"), kAge,
       Text("Version", "Kubelet Version reported by the node."),
       Text("Internal-IP", "List of addresses reachable to the node.", 1),
       Text("External-IP", "List of addresses reachable to the node.", 1),
       Text("OS-Image", "OS Image reported by the node.", 1),
       Text("Kernel-Version",
            "Kernel Version reported by the node from 'uname -r'.", 1),
       Text("Container-Runtime",
            "ContainerRuntime Version reported by the "
            "node.",
            1)},
      &NodeRow};
  (*tables)["Namespace"] = {
      {kName, Text("Status", "The status of the namespace"), kAge},
      &NamespaceRow};
  (*tables)["Service"] = {
      {kName, Text("Type", "How the service is exposed."),
       Text("Cluster-IP", "The service's address in the cluster."),
       Text("External-IP", "Addresses that reach it from outside."),
       Text("Port(s)", "The ports that are exposed by this service."), kAge,
       Selector()},
      &ServiceRow};
  (*tables)["Endpoints"] = {
      {kName, Text("Endpoints", "The set of all endpoints."), kAge},
      &EndpointsRow};
}

void AddWorkloadTables(std::map<std::string, KindTable>* tables) {
  const Column desired = Number("Desired", "The number of wanted pods.");
  const Column current = Number("Current", "The number of pods there are.");
  const Column ready = Number("Ready", "The number of ready pods.");
  const Column ready_text = Text("Ready", "Number of the pod with ready state");
  const Column up_to_date =
      Number("Up-to-date", "The number of pods of the current template.");
  const Column available =
      Number("Available", "The number of pods that have been ready for long.");
  (*tables)["ReplicaSet"] = {
      {kName, desired, current, ready, kAge, kContainers, kImages, Selector()},
      &ReplicaSetRow};
  (*tables)["ReplicationController"] = {
      {kName, desired, current, ready, kAge, kContainers, kImages, Selector()},
      &ReplicationControllerRow};
  (*tables)["Deployment"] = {{kName, ready_text, up_to_date, available, kAge,
                              kContainers, kImages, Selector()},
                             &DeploymentRow};
  (*tables)["StatefulSet"] = {{kName, ready_text, kAge, kContainers, kImages},
                              &StatefulSetRow};
  (*tables)["DaemonSet"] = {
      {kName, desired, current, ready, up_to_date, available,
       Text("Node Selector", "What a node must have to run a pod."), kAge,
       kContainers, kImages, Selector()},
      &DaemonSetRow};
  (*tables)["Job"] = {
      {kName, Text("Completions", "The number of pods that succeeded."),
       Text("Duration", "Time required to complete the job."), kAge,
       kContainers, kImages, Selector()},
      &JobRow};
}

const KindTable& TableOf(const std::string& kind) {
  static const auto* const kTables = [] {
    auto* tables = new std::map<std::string, KindTable>;
    AddCoreTables(tables);
    AddWorkloadTables(tables);
    return tables;
  }();
  static const auto* const kOther = new KindTable{{kName, kAge}, &NameAndAge};
  auto found = kTables->find(kind);
  return found == kTables->end() ? *kOther : found->second;
}

}  // namespace

Json ColumnDefinitions(const std::string& kind) {
  Json definitions = Json::array();
  for (const Column& column : TableOf(kind).columns) {
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
  Json row;
  row["cells"] = TableOf(kind).row(object, now);
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
