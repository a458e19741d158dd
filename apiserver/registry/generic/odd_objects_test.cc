// SPDX-License-Identifier: Apache-2.0
// Whatever a client puts where something else is wanted, an object is taken or
// refused: no strategy and no printer throws.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "api/json.h"
#include "apiserver/registry/core/endpoint/strategy.h"
#include "apiserver/registry/core/pod/strategy.h"
#include "apiserver/registry/core/service/strategy.h"
#include "apiserver/registry/generic/object_meta.h"
#include "apiserver/registry/printers/printers.h"
#include "apiserver/registry/workload/kinds.h"
#include "apiserver/registry/workload/strategy.h"

namespace fairway::apiserver::registry::generic {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1600000000);

constexpr char kPodSpec[] =
    R"({"nodeSelector":{"a":"b"},"containers":[{"name":"c","image":"i",)"
    R"("ports":[{"name":"p","containerPort":80}]}]})";

// One with every field that is read.
Json Object(const std::string& kind) {
  Json object = *api::ParseJson(
      R"({"metadata":{"name":"x","labels":{"a":"b"},"annotations":{"a":"b"},)"
      R"("finalizers":["f"]},"spec":{},"status":{}})");
  Json& spec = object["spec"];
  if (kind == "Service") {
    spec = *api::ParseJson(
        R"({"type":"LoadBalancer","clusterIP":"10.0.0.1","selector":)"
        R"({"a":"b"},"externalIPs":["1.2.3.4"],"sessionAffinity":"ClientIP",)"
        R"("sessionAffinityConfig":{"clientIP":{"timeoutSeconds":1}},)"
        R"("ports":[{"name":"p","port":80,"targetPort":"p","nodePort":1}]})");
    object["status"] = *api::ParseJson(
        R"({"loadBalancer":{"ingress":[{"ip":"1.2.3.4","hostname":"h"}]}})");
  } else if (kind == "Endpoints") {
    object["subsets"] = *api::ParseJson(
        R"([{"addresses":[{"ip":"10.0.0.1"}],"notReadyAddresses":)"
        R"([{"ip":"10.0.0.2"}],"ports":[{"name":"p","port":80}]}])");
  } else if (kind == "Pod") {
    spec = *api::ParseJson(kPodSpec);
  } else {
    spec = *api::ParseJson(
        R"({"replicas":1,"completions":1,"parallelism":1,)"
        R"("strategy":{"type":"RollingUpdate","rollingUpdate":{}},)"
        R"("updateStrategy":{"type":"RollingUpdate","rollingUpdate":{}},)"
        R"("template":{"metadata":{"labels":{"a":"b"}}}})");
    spec["template"]["spec"] = *api::ParseJson(kPodSpec);
    spec["selector"] = *api::ParseJson(
        kind == "ReplicationController"
            ? R"({"a":"b"})"
            : R"({"matchLabels":{"a":"b"},"matchExpressions":)"
              R"([{"key":"a","operator":"In","values":["b"]}]})");
    if (kind == "Job") {
      spec.erase("selector");
      spec["template"]["spec"]["restartPolicy"] = "Never";
    }
    object["status"] = *api::ParseJson(
        R"({"replicas":1,"readyReplicas":1,"succeeded":1,)"
        R"("startTime":"2020-09-13T12:26:40Z","conditions":[{}]})");
  }
  return object;
}

void AddPointers(const Json& value, const Json::json_pointer& at,
                 std::vector<Json::json_pointer>* pointers) {
  pointers->push_back(at);
  if (value.is_object()) {
    for (const auto& [key, field] : value.items()) {
      AddPointers(field, at / key, pointers);
    }
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) {
      AddPointers(value[i], at / i, pointers);
    }
  }
}

std::vector<std::unique_ptr<Strategy>> Strategies() {
  std::vector<std::unique_ptr<Strategy>> all;
  all.push_back(std::make_unique<pod::PodStrategy>());
  all.push_back(std::make_unique<service::ServiceStrategy>());
  all.push_back(std::make_unique<service::ServiceStatusStrategy>());
  all.push_back(std::make_unique<endpoint::EndpointsStrategy>());
  for (const workload::WorkloadKind& kind : workload::Kinds()) {
    all.push_back(std::make_unique<workload::WorkloadStrategy>(kind));
    all.push_back(std::make_unique<workload::WorkloadStatusStrategy>(kind));
  }
  return all;
}

TEST(OddObjectsTest, AreTakenOrRefused) {
  const Json odd = *api::ParseJson(
      R"([null,true,18446744073709551615,"",[null],[1],{},{"x":null}])");
  size_t taken = 0;
  size_t refused = 0;
  for (const auto& strategy : Strategies()) {
    const std::string kind = strategy->info().kind;
    const Json whole = Object(kind);
    Json stored = whole;
    ASSERT_TRUE(BeforeCreate(*strategy, "ns", kNow, stored).ok()) << kind;
    std::vector<Json::json_pointer> pointers;
    AddPointers(whole, Json::json_pointer(), &pointers);
    for (const Json::json_pointer& pointer : pointers) {
      for (const Json& value : odd) {
        SCOPED_TRACE(kind + pointer.to_string() + " = " + value.dump());
        Json object = whole;
        object[pointer] = value;
        Json update = object;
        printers::Row(kind, object, kNow, printers::IncludeObject::kMetadata);
        strategy->Fields(object);
        const bool created = BeforeCreate(*strategy, "ns", kNow, object).ok();
        if (created) {
          printers::Row(kind, object, kNow, printers::IncludeObject::kObject);
        }
        ++(created ? taken : refused);
        ++(BeforeUpdate(*strategy, stored, update).ok() ? taken : refused);
      }
    }
  }
  EXPECT_GT(taken, 1000u);
  EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace fairway::apiserver::registry::generic
