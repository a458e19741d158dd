// SPDX-License-Identifier: Apache-2.0
#include "api/object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "api/json.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kPod[] = R"({
  "kind": "Pod", "apiVersion": "v1",
  "metadata": {
    "name": "web-0", "namespace": "default",
    "uid": "1e2d6f5a-0000-4b7e-9d3c-8a4f6b1c2d3e", "resourceVersion": "4711",
    "creationTimestamp": "2021-01-14T09:00:00Z",
    "labels": {"app": "web"}, "annotations": {"a/b": "c"},
    "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:x": {}}}]
  },
  "spec": {
    "nodeName": "node-1", "hostNetwork": true, "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "containers": [{
      "name": "web", "image": "nginx:1.19", "command": ["nginx"],
      "args": ["-g", "daemon off;"], "workingDir": "/srv",
      "env": [{"name": "A", "value": "1"},
              {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}],
      "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}],
      "resources": {}
    }]
  },
  "status": {
    "phase": "Running", "podIP": "10.0.0.7", "podIPs": [{"ip": "10.0.0.7"}],
    "hostIP": "192.168.0.2", "startTime": "2021-01-14T09:00:01Z",
    "conditions": [{"type": "Ready", "status": "True",
                    "lastProbeTime": null,
                    "lastTransitionTime": "2021-01-14T09:00:03Z"}],
    "containerStatuses": [
      {"name": "web", "image": "nginx:1.19", "imageID": "docker-pullable://x",
       "containerID": "docker://abc", "ready": true, "restartCount": 2,
       "state": {"running": {"startedAt": "2021-01-14T09:00:02Z"}},
       "lastState": {}},
      {"name": "job", "image": "busybox", "ready": false, "restartCount": 0,
       "state": {"terminated": {"exitCode": 3, "reason": "Error",
                                "startedAt": "s", "finishedAt": "f"}}},
      {"name": "late", "image": "x", "ready": false, "restartCount": 0,
       "state": {"waiting": {"reason": "ImagePullBackOff",
                             "message": "m"}}}]
  }
})";

void ExpectWholePod(const Pod& pod) {
  EXPECT_EQ(pod.metadata.name, "web-0");
  EXPECT_EQ(pod.metadata.namespace_, "default");
  EXPECT_EQ(pod.metadata.uid, "1e2d6f5a-0000-4b7e-9d3c-8a4f6b1c2d3e");
  EXPECT_EQ(pod.metadata.resource_version, "4711");
  EXPECT_EQ(pod.metadata.creation_timestamp, "2021-01-14T09:00:00Z");
  EXPECT_EQ(pod.metadata.deletion_timestamp, "");
  EXPECT_EQ(pod.metadata.labels.at("app"), "web");
  EXPECT_EQ(pod.metadata.annotations.at("a/b"), "c");
  EXPECT_EQ(pod.node_name, "node-1");
  EXPECT_TRUE(pod.host_network);
  EXPECT_EQ(pod.restart_policy, "Always");
  ASSERT_EQ(pod.containers.size(), 1u);
  const Container& container = pod.containers[0];
  EXPECT_EQ(container.image, "nginx:1.19");
  EXPECT_THAT(container.command, ElementsAre("nginx"));
  EXPECT_THAT(container.args, ElementsAre("-g", "daemon off;"));
  EXPECT_EQ(container.working_dir, "/srv");
  ASSERT_EQ(container.env.size(), 2u);
  EXPECT_EQ(container.env[0].value, "1");
  EXPECT_EQ(container.env[1].value, "");
  ASSERT_EQ(container.ports.size(), 1u);
  EXPECT_EQ(container.ports[0].container_port, 80);
  EXPECT_EQ(pod.phase, kPodRunning);
  EXPECT_EQ(pod.pod_ip, "10.0.0.7");
  EXPECT_EQ(pod.host_ip, "192.168.0.2");
  ASSERT_EQ(pod.conditions.size(), 1u);
  EXPECT_EQ(pod.conditions[0].status, "True");
  EXPECT_EQ(pod.conditions[0].last_transition_time, "2021-01-14T09:00:03Z");
  ASSERT_EQ(pod.container_statuses.size(), 3u);
  EXPECT_EQ(pod.container_statuses[0].state, "running");
  EXPECT_EQ(pod.container_statuses[0].container_id, "docker://abc");
  EXPECT_EQ(pod.container_statuses[0].restart_count, 2);
  EXPECT_EQ(pod.container_statuses[1].state, "terminated");
  EXPECT_EQ(pod.container_statuses[1].exit_code, 3);
  EXPECT_EQ(pod.container_statuses[2].reason, "ImagePullBackOff");
}

TEST(ObjectTest, ReadsPodAndIgnoresUnknownFields) {
  absl::StatusOr<Pod> pod = PodFromJson(kPod);
  ASSERT_THAT(pod, IsOk());
  ExpectWholePod(*pod);
}

TEST(ObjectTest, PodSurvivesWritingAndReading) {
  absl::StatusOr<Pod> pod = PodFromJson(kPod);
  ASSERT_THAT(pod, IsOk());
  absl::StatusOr<Pod> again = PodFromJson(ToJson(*pod));
  ASSERT_THAT(again, IsOk());
  ExpectWholePod(*again);
}

TEST(ObjectTest, NodeSurvivesWritingAndReading) {
  absl::StatusOr<Node> node = NodeFromJson(R"({"kind":"Node",
    "metadata":{"name":"n"},"status":{
    "addresses":[{"type":"Hostname","address":"n.local"}],
    "conditions":[{"type":"MemoryPressure","status":"False"},
                  {"type":"Ready","status":"True"}],
    "daemonEndpoints":{"kubeletEndpoint":{"Port":10250}}}})");
  ASSERT_THAT(node, IsOk());
  absl::StatusOr<Node> again = NodeFromJson(ToJson(*node));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->metadata.name, "n");
  ASSERT_EQ(again->addresses.size(), 1u);
  EXPECT_EQ(again->addresses[0].address, "n.local");
  EXPECT_EQ(again->kubelet_port, 10250);
  EXPECT_TRUE(again->ready);
}

TEST(ObjectTest, ListItemsNeedNoKind) {
  absl::StatusOr<PodList> list = PodListFromJson(
      R"({"kind":"PodList","metadata":{"resourceVersion":"9"},
          "items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]})");
  ASSERT_THAT(list, IsOk());
  EXPECT_EQ(list->resource_version, "9");
  ASSERT_EQ(list->items.size(), 2u);
  EXPECT_EQ(list->items[1].metadata.name, "b");
  EXPECT_THAT(NodeListFromJson(R"({"kind":"PodList","items":[]})"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "kind: want NodeList, got \"PodList\""));
}

TEST(ObjectTest, StatusSurvivesWritingAndReading) {
  const ApiStatus status{404, "NotFound", "pods \"x\" not found"};
  EXPECT_EQ(ToJson(status), R"({"apiVersion":"v1","code":404,"kind":"Status",)"
                            R"("message":"pods \"x\" not found","metadata":{},)"
                            R"("reason":"NotFound","status":"Failure"})");
  absl::StatusOr<ApiStatus> again = StatusFromJson(ToJson(status));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->code, 404);
  EXPECT_EQ(again->reason, "NotFound");
  ApiStatus invalid{422, "Invalid", "no"};
  invalid.kind = "Pod";
  invalid.name = "x";
  invalid.causes = {{"spec.a", "Required value"}, {"spec.b", "Forbidden: no"}};
  again = StatusFromJson(ToJson(invalid));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->kind, "Pod");
  EXPECT_EQ(again->name, "x");
  ASSERT_EQ(again->causes.size(), 2u);
  EXPECT_EQ(again->causes[1].field, "spec.b");
  EXPECT_EQ(again->causes[1].message, "Forbidden: no");
  EXPECT_THAT(StatusFromJson("{}"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

struct BadCase {
  const char* json;
  const char* message;
};

class BadPodTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadPodTest, NamesWhatIsWrong) {
  EXPECT_THAT(PodFromJson(GetParam().json),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadPodTest,
    ::testing::Values(
        BadCase{"", "not valid JSON"}, BadCase{"{", "not valid JSON"},
        BadCase{"[]", "document: want object, got array"},
        BadCase{"null x", "not valid JSON"},
        BadCase{"\"\xff\"", "not valid JSON"},
        BadCase{R"({"kind":"Node"})", "kind: want Pod, got \"Node\""},
        BadCase{R"({"kind":5})", "kind"},
        BadCase{R"({"metadata":{"name":5}})",
                "metadata.name: want string, got number"},
        BadCase{R"({"metadata":{"labels":{"a":[]}}})",
                "metadata.labels.a: want string, got array"},
        BadCase{R"({"spec":{"containers":{}}})",
                "spec.containers: want array, got object"},
        BadCase{R"({"spec":{"containers":[{},"x"]}})",
                "spec.containers[1]: want object, got string"},
        BadCase{R"({"spec":{"containers":[{"command":["a",1]}]}})",
                "spec.containers[0].command[1]: want string, got number"},
        BadCase{
            R"({"spec":{"containers":[{"ports":[{"containerPort":1.5}]}]}})",
            "spec.containers[0].ports[0].containerPort: want 32-bit integer"},
        BadCase{R"({"status":{"containerStatuses":[
                    {"restartCount":4294967296}]}})",
                "restartCount: want 32-bit integer"},
        BadCase{R"({"status":{"containerStatuses":[
                    {"restartCount":18446744073709551615}]}})",
                "restartCount: want 32-bit integer"},
        BadCase{R"({"spec":{"hostNetwork":"yes"}})",
                "spec.hostNetwork: want boolean, got string"}));

TEST(ObjectTest, DeepJsonIsRefused) {
  const std::string deep(1000000, '[');
  EXPECT_THAT(PodFromJson(deep), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("nested deeper")));
  // Brackets inside of a string are no depth.
  const std::string text =
      "{\"metadata\":{\"name\":\"\\\"" + std::string(1000, '[') + "\"}}";
  EXPECT_THAT(PodFromJson(text), IsOk());
}

TEST(ObjectTest, OversizedJsonIsRefused) {
  const std::string text(kMaxJsonBytes + 1, ' ');
  EXPECT_THAT(ParseJson(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("want at most")));
}

TEST(ObjectTest, BytesThatAreNoUtf8AreReplacedOnWriting) {
  Pod pod;
  pod.metadata.name = "a\xff";
  absl::StatusOr<Pod> again = PodFromJson(ToJson(pod));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->metadata.name, "a\xef\xbf\xbd");
}

TEST(WatchEventTest, ReadsOneLine) {
  absl::StatusOr<WatchEvent> event = WatchEventFromJson(
      R"({"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"x"}}})");
  ASSERT_THAT(event, IsOk());
  EXPECT_EQ(event->type, "ADDED");
  EXPECT_THAT(PodFromJson(event->object_json), IsOk());
}

TEST(WatchEventTest, RefusesWhatIsNoEvent) {
  for (const char* line :
       {"", "[]", "{}", R"({"type":"ADDED"})", R"({"type":1,"object":{}})",
        R"({"type":"ADDED","object":[]})"}) {
    EXPECT_THAT(WatchEventFromJson(line),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << line;
  }
}

}  // namespace
}  // namespace fairway::api
