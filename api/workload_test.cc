// SPDX-License-Identifier: Apache-2.0
#include "api/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::api {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(ServiceTest, ReadsPortsAndSelector) {
  absl::StatusOr<Service> service = ServiceFromJson(R"({
    "kind": "Service", "apiVersion": "v1",
    "metadata": {"name": "web", "namespace": "ns", "uid": "u"},
    "spec": {"type": "NodePort", "clusterIP": "10.1.2.3",
      "selector": {"app": "web", "tier": "front"},
      "ports": [
        {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP",
         "nodePort": 30080},
        {"name": "dns", "port": 53, "targetPort": "named", "protocol": "UDP"},
        {"port": 81}],
      "sessionAffinity": "None"},
    "status": {"loadBalancer": {}}})");
  ASSERT_THAT(service, IsOk());
  EXPECT_EQ(service->metadata.name, "web");
  EXPECT_EQ(service->metadata.namespace_, "ns");
  EXPECT_EQ(service->type, "NodePort");
  EXPECT_EQ(service->cluster_ip, "10.1.2.3");
  EXPECT_THAT(service->selector,
              ElementsAre(Pair("app", "web"), Pair("tier", "front")));
  ASSERT_EQ(service->ports.size(), 3u);
  EXPECT_EQ(service->ports[0].name, "http");
  EXPECT_EQ(service->ports[0].port, 80);
  EXPECT_EQ(service->ports[0].target_port.number, 8080);
  EXPECT_EQ(service->ports[0].target_port.name, "");
  EXPECT_EQ(service->ports[0].node_port, 30080);
  EXPECT_EQ(service->ports[1].target_port.number, 0);
  EXPECT_EQ(service->ports[1].target_port.name, "named");
  EXPECT_EQ(service->ports[1].protocol, "UDP");
  EXPECT_EQ(service->ports[2].target_port.number, 0);
  EXPECT_EQ(service->ports[2].target_port.name, "");
}

TEST(WorkloadTest, ReadsALabelSelector) {
  for (const char* kind :
       {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"}) {
    absl::StatusOr<Workload> workload =
        WorkloadFromJson(kind, absl::StrCat(R"({"kind": ")", kind, R"(",
      "metadata": {"name": "web", "uid": "u"},
      "spec": {"replicas": 3, "selector": {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
          {"key": "tier", "operator": "In", "values": ["a", "b"]},
          {"key": "canary", "operator": "DoesNotExist"}]}}})"));
    ASSERT_THAT(workload, IsOk()) << kind;
    EXPECT_EQ(workload->kind, kind);
    EXPECT_EQ(workload->metadata.name, "web");
    ASSERT_TRUE(workload->selector.has_value());
    EXPECT_THAT(workload->selector->match_labels,
                ElementsAre(Pair("app", "web")));
    const auto& expressions = workload->selector->match_expressions;
    ASSERT_EQ(expressions.size(), 2u);
    EXPECT_EQ(expressions[0].key, "tier");
    EXPECT_EQ(expressions[0].op, "In");
    EXPECT_THAT(expressions[0].values, ElementsAre("a", "b"));
    EXPECT_EQ(expressions[1].op, "DoesNotExist");
    EXPECT_TRUE(expressions[1].values.empty());
  }
}

TEST(WorkloadTest, AReplicationControllersSelectorIsAPlainMap) {
  absl::StatusOr<Workload> workload = WorkloadFromJson(
      "ReplicationController",
      R"({"kind": "ReplicationController", "metadata": {"name": "x"},
          "spec": {"selector": {"app": "web", "matchLabels": "v"}}})");
  ASSERT_THAT(workload, IsOk());
  ASSERT_TRUE(workload->selector.has_value());
  EXPECT_THAT(workload->selector->match_labels,
              ElementsAre(Pair("app", "web"), Pair("matchLabels", "v")));
}

TEST(WorkloadTest, WithoutASelectorThereIsNone) {
  absl::StatusOr<Workload> workload =
      WorkloadFromJson("Job", R"({"kind": "Job", "spec": {}})");
  ASSERT_THAT(workload, IsOk());
  EXPECT_FALSE(workload->selector.has_value());
}

struct BadCase {
  const char* name;
  const char* kind;
  const char* json;
  const char* want;
};

TEST(WorkloadTest, NamesAFieldOfAWrongType) {
  const BadCase cases[] = {
      {"no JSON", "Service", "{", "json: not valid JSON"},
      {"another kind", "Service", R"({"kind": "Pod"})",
       "kind: want Service, got \"Pod\""},
      {"another workload", "Deployment", R"({"kind": "Job"})",
       "kind: want Deployment, got \"Job\""},
      {"selector of a service", "Service",
       R"({"spec": {"selector": {"app": 1}}})",
       "spec.selector.app: want string, got number"},
      {"ports", "Service", R"({"spec": {"ports": {}}})",
       "spec.ports: want array, got object"},
      {"port", "Service", R"({"spec": {"ports": [{}, {"port": "80"}]}})",
       "spec.ports[1].port: want 32-bit integer, got string"},
      {"targetPort", "Service", R"({"spec": {"ports": [{"targetPort": []}]}})",
       "spec.ports[0].targetPort: want 32-bit integer, got array"},
      {"matchLabels", "Deployment",
       R"({"spec": {"selector": {"matchLabels": []}}})",
       "spec.selector.matchLabels: want object, got array"},
      {"values", "Deployment",
       R"({"spec": {"selector": {"matchExpressions": [{"values": [1]}]}}})",
       "spec.selector.matchExpressions[0].values[0]: want string, got number"},
      {"selector", "Job", R"({"spec": {"selector": "app=web"}})",
       "spec.selector: want object, got string"},
  };
  for (const BadCase& c : cases) {
    SCOPED_TRACE(c.name);
    const absl::Status status = absl::string_view(c.kind) == "Service"
                                    ? ServiceFromJson(c.json).status()
                                    : WorkloadFromJson(c.kind, c.json).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, c.want));
  }
}

}  // namespace
}  // namespace fairway::api
