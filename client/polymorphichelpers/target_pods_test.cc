// SPDX-License-Identifier: Apache-2.0
#include "client/polymorphichelpers/target_pods.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "client/polymorphichelpers/testing/fake_pods_api.h"

namespace fairway::polymorphichelpers {
namespace {

using portforward::Target;
using portforward::TargetPod;
using ::testing::ElementsAre;

constexpr char kService[] = R"({"kind": "Service",
  "metadata": {"name": "web"},
  "spec": {"clusterIP": "10.0.0.1", "selector": {"app": "web"},
    "ports": [{"name": "http", "port": 80, "targetPort": "http"},
              {"name": "dns", "port": 53, "protocol": "UDP"}]}})";

std::string WorkloadJson(const std::string& kind) {
  return absl::StrCat(R"({"kind": ")", kind, R"(", "spec": {"selector": {)",
                      kind == "ReplicationController"
                          ? R"("app": "web")"
                          : R"("matchLabels": {"app": "web"})",
                      "}}}");
}

// What a target is to a forwarder: "a:u1[8080] b:u1[0]-", where "-" is not
// usable.
std::string PodsString(const std::vector<TargetPod>& pods) {
  return absl::StrJoin(pods, " ", [](std::string* out, const TargetPod& pod) {
    absl::StrAppend(out, pod.name, ":", pod.uid, "[",
                    absl::StrJoin(pod.remote_ports, ","), "]",
                    pod.usable ? "" : "-");
  });
}

// The pods of what was typed.
struct Rig {
  Rig(Executor executor, const std::string& kind, const std::string& name,
      std::function<void(TargetPodsOptions*)> change = nullptr)
      : api(executor), client(api.NewClient()) {
    TargetPodsOptions options;
    options.kind = cmd::FindKind(kind);
    options.name = name;
    options.namespace_ = "ns";
    options.ports = {"80:http"};
    options.times.first_pause = absl::Milliseconds(1);
    options.times.early_pause = absl::Milliseconds(4);
    if (change != nullptr) change(&options);
    pods = std::make_unique<TargetPods>(
        executor, client.get(),
        [this](const std::string& pod) {
          dialled.push_back(pod);
          return std::unique_ptr<httpstream::Dialer>();
        },
        options);
  }

  Task<absl::StatusOr<std::string>> Resolve() {
    absl::StatusOr<Target> target = co_await pods->Resolve();
    if (!target.ok()) co_return target.status();
    co_return absl::StrCat(target->name, " ",
                           portforward::PortsString(target->ports), " ",
                           PodsString(target->pods));
  }

  Task<absl::StatusOr<std::string>> WaitChange() {
    absl::StatusOr<std::vector<TargetPod>> now = co_await pods->WaitChange();
    if (!now.ok()) co_return now.status();
    co_return PodsString(*now);
  }

  FakePodsApi api;
  std::vector<std::string> dialled;
  std::unique_ptr<rest::RESTClient> client;
  std::unique_ptr<TargetPods> pods;
};

#define EXPECT_RESOLVES(rig, want)                                      \
  do {                                                                  \
    absl::StatusOr<std::string> resolved_to = co_await (rig).Resolve(); \
    if (!resolved_to.ok()) co_return resolved_to.status();              \
    EXPECT_EQ(*resolved_to, want);                                      \
  } while (false)

#define EXPECT_CHANGE(rig, want)                                          \
  do {                                                                    \
    absl::StatusOr<std::string> changed_to = co_await (rig).WaitChange(); \
    if (!changed_to.ok()) co_return changed_to.status();                  \
    EXPECT_EQ(*changed_to, want);                                         \
  } while (false)

#define EXPECT_NO_TARGET(rig, want)                                     \
  do {                                                                  \
    absl::StatusOr<std::string> resolved_to = co_await (rig).Resolve(); \
    EXPECT_EQ(resolved_to.status().message(), want);                    \
    EXPECT_FALSE(resolved_to.ok());                                     \
  } while (false)

api::Pod PendingPod(const std::string& name, const std::string& uid = "u1") {
  api::Pod pod = RunningPod(name, uid);
  pod.phase = "Pending";
  pod.container_statuses[0].state = "waiting";
  return pod;
}

api::Pod ReadyPod(const std::string& name) {
  api::Pod pod = RunningPod(name);
  pod.conditions = {{"Ready", "True", "2021-01-01T00:00:00Z"}};
  return pod;
}

TEST(TargetPodsTest, APodTakesOneRequest) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, "Pod", "x");
    rig.api.Put(RunningPod("x"));
    EXPECT_RESOLVES(rig, "pod/x [{80 8080}] x:u1[8080]");
    EXPECT_THAT(rig.api.log, ElementsAre("get pods/x"));
    co_return absl::OkStatus();
  });
}

TEST(TargetPodsTest, EachOtherKindTakesTwo) {
  const struct {
    const char* kind;
    const char* path;
    const char* name;
  } kinds[] = {
      {"Deployment", "/apis/apps/v1/namespaces/ns/deployments/web",
       "deployment"},
      {"ReplicaSet", "/apis/apps/v1/namespaces/ns/replicasets/web",
       "replicaset"},
      {"StatefulSet", "/apis/apps/v1/namespaces/ns/statefulsets/web",
       "statefulset"},
      {"DaemonSet", "/apis/apps/v1/namespaces/ns/daemonsets/web", "daemonset"},
      {"Job", "/apis/batch/v1/namespaces/ns/jobs/web", "job"},
      {"ReplicationController",
       "/api/v1/namespaces/ns/replicationcontrollers/web",
       "replicationcontroller"},
      {"Service", "/api/v1/namespaces/ns/services/web", "service"},
  };
  for (const auto& kind : kinds) {
    SCOPED_TRACE(kind.kind);
    RunTest([&kind](Executor executor) -> Task<absl::Status> {
      Rig rig(executor, kind.kind, "web");
      const bool service = std::string(kind.kind) == "Service";
      rig.api.objects[kind.path] = service ? kService : WorkloadJson(kind.kind);
      rig.api.Put(RunningPod("a"));
      EXPECT_RESOLVES(rig,
                      absl::StrCat(kind.name, "/web [{80 8080}] a:u1[8080]"));
      EXPECT_THAT(rig.api.log,
                  ElementsAre(absl::StrCat("get ", kind.name, "s/web"),
                              "list labelSelector=app=web"));
      co_return absl::OkStatus();
    });
  }
}

// A service "web" and a deployment "web", whose pods are all there are.
void PutWeb(FakePodsApi* api) {
  api->objects["/api/v1/namespaces/ns/services/web"] = kService;
  api->objects["/apis/apps/v1/namespaces/ns/deployments/web"] =
      WorkloadJson("Deployment");
}

TEST(TargetPodsTest, ANamedPortHasANumberInEachPod) {
  for (const char* kind : {"Deployment", "Service"}) {
    RunTest([kind](Executor executor) -> Task<absl::Status> {
      Rig rig(executor, kind, "web");
      PutWeb(&rig.api);
      rig.api.Put(RunningPod("a"));
      api::Pod other = RunningPod("b");
      other.containers[0].ports[0].container_port = 9090;
      rig.api.Put(other);
      api::Pod without = RunningPod("c");
      without.containers[0].ports.clear();
      rig.api.Put(without);
      absl::StatusOr<Target> target = co_await rig.pods->Resolve();
      if (!target.ok()) co_return target.status();
      EXPECT_EQ(PodsString(target->pods), "a:u1[8080] b:u1[9090] c:u1[0]-");
      co_return absl::OkStatus();
    });
  }
}

struct ErrorCase {
  const char* name;
  const char* kind;
  const char* object;  // its name
  std::vector<std::string> ports;
  const char* phase;
  bool reconnect;
  const char* want;
};

TEST(TargetPodsTest, WhatCannotBeForwardedToIsToldAtOnce) {
  const ErrorCase cases[] = {
      {"no such pod",
       "Pod",
       "y",
       {"80"},
       "Running",
       true,
       "pods \"y\" not found"},
      {"a node",
       "Node",
       "n",
       {"80"},
       "Running",
       true,
       "cannot attach to *v1.Node: selector for *v1.Node not implemented"},
      {"no selector",
       "Service",
       "bare",
       {"80"},
       "Running",
       true,
       "cannot attach to *v1.Service: invalid service 'bare': Service is "
       "defined without a selector"},
      {"a service's port",
       "Service",
       "web",
       {"81"},
       "Running",
       true,
       "Service web does not have a service port 81"},
      {"a service's port by name",
       "Service",
       "web",
       {"x"},
       "Running",
       true,
       "Service 'web' does not have a named port 'x'"},
      {"UDP of a service",
       "Service",
       "web",
       {"80", "dns"},
       "Running",
       true,
       "UDP protocol is not supported for dns"},
      {"a pod's port by name",
       "Deployment",
       "web",
       {"8080:x"},
       "Running",
       true,
       "Pod 'x' does not have a named port 'x'"},
      {"UDP of a pod",
       "Pod",
       "x",
       {"53"},
       "Running",
       true,
       "UDP protocol is not supported for 53"},
      {"no port",
       "Pod",
       "x",
       {"80:"},
       "Running",
       true,
       "Pod 'x' does not have a named port ''"},
      {"a bad port",
       "Pod",
       "x",
       {"80:99999"},
       "Pending",
       true,
       "error parsing remote port '99999': strconv.ParseUint: parsing "
       "\"99999\": value out of range"},
      {"upstream does not wait",
       "Pod",
       "x",
       {"80"},
       "Pending",
       false,
       "unable to forward port because pod is not running. Current "
       "status=Pending"},
      {"what has ended runs no more",
       "Pod",
       "x",
       {"80"},
       "Succeeded",
       true,
       "unable to forward port because pod is not running. Current "
       "status=Succeeded"},
  };
  for (const ErrorCase& c : cases) {
    SCOPED_TRACE(c.name);
    RunTest([&c](Executor executor) -> Task<absl::Status> {
      Rig rig(executor, c.kind, c.object, [&c](TargetPodsOptions* options) {
        options->ports = c.ports;
        options->reconnect = c.reconnect;
      });
      PutWeb(&rig.api);
      rig.api.objects["/api/v1/nodes/n"] = R"({"kind": "Node"})";
      rig.api.objects["/api/v1/namespaces/ns/services/bare"] =
          R"({"kind": "Service", "metadata": {"name": "bare"}})";
      rig.api.objects["/api/v1/namespaces/ns"] = R"({"kind": "Namespace"})";
      api::Pod pod = RunningPod("x");
      pod.phase = c.phase;
      pod.containers[0].ports.push_back({"dns", 53, "UDP"});
      rig.api.Put(pod);
      EXPECT_NO_TARGET(rig, c.want);
      EXPECT_EQ(rig.api.watches(), 0u);
      co_return absl::OkStatus();
    });
  }
}

TEST(TargetPodsTest, AFailedRequestIsAnErrorAtFirst) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, "Deployment", "web");
    PutWeb(&rig.api);
    rig.api.forbidden = {"list"};
    EXPECT_NO_TARGET(rig, "pods is forbidden: no right to list");
    rig.api.down = absl::UnavailableError("no way");
    EXPECT_NO_TARGET(rig,
                     "Get \"http://server/apis/apps/v1/namespaces/ns/"
                     "deployments/web\": no way");
    co_return absl::OkStatus();
  });
}

// Resolves, and does `then` once the pods are watched.
Task<absl::StatusOr<std::string>> ResolveMeanwhile(Rig* rig, Executor executor,
                                                   std::function<void()> then) {
  TaskGroup group(executor);
  group.Spawn([rig, &then]() -> Task<absl::Status> {
    while (rig->api.log.empty() || rig->api.log.back().rfind("watch", 0) != 0) {
      absl::Status asked =
          co_await rig->api.WaitForRequests(rig->api.log.size() + 1);
      if (!asked.ok()) co_return asked;
    }
    then();
    co_return absl::OkStatus();
  });
  absl::StatusOr<std::string> resolved = co_await rig->Resolve();
  absl::Status joined = co_await group.Join();
  joined.IgnoreError();
  co_return resolved;
}

TEST(TargetPodsTest, APodThatDoesNotRunYetIsWaitedFor) {
  for (const char* kind : {"Pod", "Deployment", "Service"}) {
    RunTest([kind](Executor executor) -> Task<absl::Status> {
      Rig rig(executor, kind, kind[0] == 'P' ? "x" : "web");
      PutWeb(&rig.api);
      rig.api.Put(PendingPod("x"));
      std::function<void()> then = [&rig] {
        rig.api.Put(PendingPod("x"));
        api::Pod running = RunningPod("x");
        running.container_statuses[0].state = "waiting";
        rig.api.Put(running);
        rig.api.Put(RunningPod("x"));
      };
      absl::StatusOr<std::string> resolved =
          co_await ResolveMeanwhile(&rig, executor, then);
      if (!resolved.ok()) co_return resolved.status();
      EXPECT_THAT(*resolved, ::testing::EndsWith(" [{80 8080}] x:u1[8080]"));
      co_return absl::OkStatus();
    });
  }
}

TEST(TargetPodsTest, WithoutReconnectOnlyASelectorsPodIsWaitedFor) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, "Deployment", "web",
            [](TargetPodsOptions* options) { options->reconnect = false; });
    PutWeb(&rig.api);
    std::function<void()> then = [&rig] {
      rig.api.Put(PendingPod("x"));
      rig.api.Put(RunningPod("x"));
    };
    absl::StatusOr<std::string> resolved =
        co_await ResolveMeanwhile(&rig, executor, then);
    if (!resolved.ok()) co_return resolved.status();
    EXPECT_EQ(*resolved, "deployment/web [{80 8080}] x:u1[8080]");
    EXPECT_EQ(rig.api.watches(), 0u);
    co_return absl::OkStatus();
  });
}

TEST(TargetPodsTest, TheWaitForAPodEnds) {
  const struct {
    const char* name;
    const char* kind;
    const char* phase;  // empty: there is no pod
    const char* want;
  } cases[] = {
      {"none comes", "Deployment", "", "timed out waiting for the condition"},
      {"none runs", "Deployment", "Pending",
       "unable to forward port because pod is not running. Current "
       "status=Pending"},
      {"all have ended", "Deployment", "Failed",
       "unable to forward port because pod is not running. Current "
       "status=Failed"},
      {"it does not run", "Pod", "Unknown",
       "unable to forward port because pod is not running. Current "
       "status=Unknown"},
      {"no container of it runs", "Pod", "Running",
       "timed out waiting for the condition"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    RunTest([&c](Executor executor) -> Task<absl::Status> {
      Rig rig(executor, c.kind, c.kind[0] == 'P' ? "x" : "web",
              [](TargetPodsOptions* options) {
                options->pod_running_timeout = absl::Milliseconds(20);
              });
      PutWeb(&rig.api);
      if (c.phase[0] != '\0') {
        api::Pod pod = PendingPod("x");
        pod.phase = c.phase;
        rig.api.Put(pod);
      }
      EXPECT_NO_TARGET(rig, c.want);
      EXPECT_EQ(rig.api.watches(), 0u);
      co_return absl::OkStatus();
    });
  }
}

TEST(TargetPodsTest, TheBestPodComesFirst) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, "Deployment", "web");
    PutWeb(&rig.api);
    rig.api.Put(PendingPod("a-pending"));
    api::Pod leaving = ReadyPod("b-leaving");
    leaving.metadata.deletion_timestamp = "2021-01-01T00:00:00Z";
    rig.api.Put(leaving);
    api::Pod crashing = RunningPod("c-crashing");
    crashing.container_statuses[0].state = "waiting";
    rig.api.Put(crashing);
    rig.api.Put(RunningPod("d-running"));
    rig.api.Put(ReadyPod("e-ready"));
    rig.api.Put(ReadyPod("f-ready"));
    api::Pod ended = RunningPod("g-ended");
    ended.phase = "Failed";
    rig.api.Put(ended);
    EXPECT_RESOLVES(rig,
                    "deployment/web [{80 8080}] e-ready:u1[8080] "
                    "f-ready:u1[8080] d-running:u1[8080] b-leaving:u1[8080]- "
                    "c-crashing:u1[8080]- a-pending:u1[8080]-");
    co_return absl::OkStatus();
  });
}

TEST(TargetPodsTest, WhereReadyIsAskedForOthersAreNotUsable) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, "Deployment", "web",
            [](TargetPodsOptions* options) { options->ready_only = true; });
    PutWeb(&rig.api);
    rig.api.Put(RunningPod("a"));
    rig.api.Put(ReadyPod("b"));
    EXPECT_RESOLVES(rig, "deployment/web [{80 8080}] b:u1[8080] a:u1[8080]-");
    rig.api.Put(ReadyPod("a"));
    EXPECT_CHANGE(rig, "a:u1[8080] b:u1[8080]");
    co_return absl::OkStatus();
  });
}

TEST(TargetPodsTest, WithoutReconnectAPodThatRunsIsUsable) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, "Deployment", "web",
            [](TargetPodsOptions* options) { options->reconnect = false; });
    PutWeb(&rig.api);
    api::Pod leaving = ReadyPod("a");
    leaving.metadata.deletion_timestamp = "2021-01-01T00:00:00Z";
    rig.api.Put(leaving);
    rig.api.Put(RunningPod("b"));
    EXPECT_RESOLVES(rig, "deployment/web [{80 8080}] b:u1[8080] a:u1[8080]");
    co_return absl::OkStatus();
  });
}

TEST(TargetPodsTest, WithoutContainerStatusesThePhaseCounts) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, "Pod", "x");
    api::Pod pod = RunningPod("x");
    pod.container_statuses.clear();
    rig.api.Put(pod);
    EXPECT_RESOLVES(rig, "pod/x [{80 8080}] x:u1[8080]");
    co_return absl::OkStatus();
  });
}

TEST(TargetPodsTest, TellsHowThePodsChange) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, "Service", "web");
    PutWeb(&rig.api);
    rig.api.Put(RunningPod("a"));
    EXPECT_RESOLVES(rig, "service/web [{80 8080}] a:u1[8080]");
    rig.api.Put(RunningPod("b"));
    EXPECT_CHANGE(rig, "a:u1[8080] b:u1[8080]");
    // Nothing that counts, then something that does.
    api::Pod same = RunningPod("b");
    same.message = "news";
    rig.api.Put(same);
    api::Pod leaving = RunningPod("a");
    leaving.metadata.deletion_timestamp = "2021-01-01T00:00:00Z";
    rig.api.Put(leaving);
    EXPECT_CHANGE(rig, "b:u1[8080] a:u1[8080]-");
    rig.api.Delete("a");
    EXPECT_CHANGE(rig, "b:u1[8080]");
    api::Pod moved = RunningPod("b");
    moved.containers[0].ports[0].container_port = 9090;
    rig.api.Put(moved);
    EXPECT_CHANGE(rig, "b:u1[9090]");
    moved.containers[0].ports.clear();
    rig.api.Put(moved);
    EXPECT_CHANGE(rig, "b:u1[0]-");
    moved.phase = "Failed";
    rig.api.Put(moved);
    EXPECT_CHANGE(rig, "");
    EXPECT_EQ(rig.api.log.size(), 3u);
    co_return absl::OkStatus();
  });
}

TEST(TargetPodsTest, ASuccessorOfTheSameNameIsAnotherPod) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, "Pod", "x");
    rig.api.Put(RunningPod("x"));
    EXPECT_RESOLVES(rig, "pod/x [{80 8080}] x:u1[8080]");
    rig.api.Delete("x");
    EXPECT_CHANGE(rig, "");
    rig.api.Put(PendingPod("x", "u2"));
    EXPECT_CHANGE(rig, "x:u2[8080]-");
    rig.api.Put(RunningPod("x", "u2"));
    EXPECT_CHANGE(rig, "x:u2[8080]");
    // Told late of what was before.
    rig.api.Send("DELETED", api::ToJson(RunningPod("x", "u1")));
    rig.api.Put(RunningPod("x", "u3"));
    EXPECT_CHANGE(rig, "x:u3[8080]");
    api::Pod ended = RunningPod("x", "u3");
    ended.phase = "Succeeded";
    rig.api.Put(ended);
    EXPECT_CHANGE(rig, "");
    co_return absl::OkStatus();
  });
}

TEST(TargetPodsTest, WhatIsKnownStaysWhileTheServerIsAway) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, "Deployment", "web");
    PutWeb(&rig.api);
    rig.api.Put(RunningPod("a"));
    EXPECT_RESOLVES(rig, "deployment/web [{80 8080}] a:u1[8080]");
    TaskGroup group(executor);
    std::string told;
    group.Spawn([&rig, &told]() -> Task<absl::Status> {
      absl::StatusOr<std::string> now = co_await rig.WaitChange();
      told = now.ok() ? *now : now.status().ToString();
      co_return absl::OkStatus();
    });
    rig.api.down = absl::UnavailableError("connect: connection refused");
    rig.api.BreakWatches();
    absl::Status asked = co_await rig.api.WaitForRequests(8);
    FAIRWAY_CO_RETURN_IF_ERROR(asked);
    // It comes back with a history that begins anew; the pod is the same.
    rig.api.oldest = 100;
    rig.api.down = absl::OkStatus();
    const size_t before = rig.api.log.size();
    asked = co_await rig.api.WaitForRequests(before + 3);
    FAIRWAY_CO_RETURN_IF_ERROR(asked);
    EXPECT_EQ(told, "");
    rig.api.oldest = 0;
    rig.api.Put(RunningPod("a", "u2"));
    absl::Status joined = co_await group.Join();
    EXPECT_EQ(told, "a:u2[8080]");
    co_return joined;
  });
}

TEST(TargetPodsTest, TheUserMayBeRefused) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, "Deployment", "web", [](TargetPodsOptions* options) {
      options->times.poll_period = absl::Milliseconds(1);
      options->times.refused_for = absl::Milliseconds(5);
    });
    PutWeb(&rig.api);
    rig.api.Put(RunningPod("a"));
    EXPECT_RESOLVES(rig, "deployment/web [{80 8080}] a:u1[8080]");
    rig.api.forbidden = {"watch", "list"};
    absl::StatusOr<std::string> now = co_await rig.WaitChange();
    EXPECT_THAT(now, StatusIs(absl::StatusCode::kPermissionDenied));
    co_return absl::OkStatus();
  });
}

TEST(TargetPodsTest, DialsThePodByName) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, "Pod", "x");
    TargetPod pod;
    pod.name = "x";
    EXPECT_THAT(rig.pods->NewDialer(pod).status(), IsOk());
    EXPECT_THAT(rig.dialled, ElementsAre("x"));
    co_return absl::OkStatus();
  });
}

TEST(TargetPodsTest, ManyPodsAreBounded) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    Rig rig(executor, "Deployment", "web");
    PutWeb(&rig.api);
    api::Pod ended = RunningPod("a");
    ended.phase = "Failed";
    rig.api.Put(ended);
    for (size_t i = 0; i <= TargetPods::kMaxPods; ++i) {
      rig.api.Put(RunningPod(absl::StrCat("p", i)));
    }
    absl::StatusOr<Target> target = co_await rig.pods->Resolve();
    if (!target.ok()) co_return target.status();
    EXPECT_EQ(target->pods.size(), TargetPods::kMaxPods);
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::polymorphichelpers
