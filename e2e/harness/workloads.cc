// SPDX-License-Identifier: Apache-2.0
#include "e2e/harness/workloads.h"

#include <string>
#include <vector>

namespace fairway::e2e {
namespace {

struct Kind {
  const char* api_version;
  const char* kind;
  const char* label;
};

constexpr Kind kKinds[] = {{"apps/v1", "Deployment", "deployment"},
                           {"apps/v1", "ReplicaSet", "replicaset"},
                           {"apps/v1", "StatefulSet", "statefulset"},
                           {"apps/v1", "DaemonSet", "daemonset"},
                           {"batch/v1", "Job", "job"},
                           {"v1", "ReplicationController", "rc"}};

std::string Template(const std::string& label) {
  return "  template:\n"
         "    metadata: {labels: {app: " +
         label +
         "}}\n"
         "    spec:\n"
         "      restartPolicy: " +
         (label == "job" ? "Never" : "Always") +
         "\n"
         "      containers: [{name: server, image: pod-server}]\n";
}

std::string Workload(const Kind& kind, const std::string& name,
                     const std::string& label) {
  const std::string k = kind.kind;
  std::string selector = "  selector: {matchLabels: {app: " + label + "}}\n";
  if (k == "ReplicationController")
    selector = "  selector: {app: " + label + "}\n";
  if (k == "Job") selector += "  manualSelector: true\n";
  if (k == "StatefulSet") selector += "  serviceName: web\n";
  return "---\napiVersion: " + std::string(kind.api_version) + "\nkind: " + k +
         "\nmetadata: {name: " + name + "}\nspec:\n" + selector +
         Template(label);
}

constexpr char kServices[] = R"(---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: service}
  ports:
  - {name: number, port: 80, targetPort: 8080}
  - {name: name, port: 81, targetPort: page}
  - {name: tongue, port: 82, targetPort: 7001}
---
apiVersion: v1
kind: Service
metadata: {name: headless}
spec:
  clusterIP: None
  selector: {app: service}
  ports: [{name: page, port: 8080, targetPort: 1}]
---
apiVersion: v1
kind: Service
metadata: {name: udp}
spec:
  selector: {app: service}
  ports: [{name: dns, port: 53, protocol: UDP}]
---
apiVersion: v1
kind: Service
metadata: {name: selectorless}
spec:
  ports: [{port: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: empty}
spec:
  selector: {app: nobody}
  ports: [{port: 80}]
)";

PodSpec Pod(const std::string& name, const std::string& label) {
  return {.name = name,
          .servers = {"http:" + std::to_string(kPagePort),
                      "echo:" + std::to_string(kEchoPort)},
          .labels = {{"app", label}},
          .ports = {{"page", kPagePort}, {"echo", kEchoPort}}};
}

}  // namespace

void CreateWorkloads(Cluster& cluster) {
  std::string manifest =
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n";
  manifest += kServices;
  std::vector<PodSpec> running = {Pod("web", "web"), Pod("elsewhere", "web"),
                                  Pod("service-0", "service"),
                                  Pod("service-1", "service")};
  running[1].namespace_ = "other";
  for (const Kind& kind : kKinds) {
    manifest += Workload(kind, "web", kind.label);
    running.push_back(Pod(std::string(kind.label) + "-0", kind.label));
  }
  manifest += Workload(kKinds[0], "empty", "nobody");
  cluster.Create(manifest);
  std::vector<PodSpec> pending = {Pod("deployment-pending", "deployment"),
                                  Pod("pending", "pending")};
  for (PodSpec& pod : pending) {
    pod.node = "nowhere";
    cluster.StartPod(pod);
  }
  for (const PodSpec& pod : running) cluster.StartPod(pod);
  for (const PodSpec& pod : running) cluster.WaitPod(pod);
  // Ready for a shorter time than the first, by whole seconds.
  NapMilliseconds(1100);
  const PodSpec young = Pod("deployment-young", "deployment");
  cluster.StartPod(young);
  cluster.WaitPod(young);
}

}  // namespace fairway::e2e
