// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/printers/printers.h"

#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "api/json.h"

namespace fairway::apiserver::printers {
namespace {

struct Case {
  const char* name;
  const char* kind;
  const char* object;   // but name and creationTimestamp
  const char* columns;  // those of -o wide behind the "|"
  const char* cells;
};

class TableTest : public ::testing::TestWithParam<Case> {};

// As kubectl 1.20.2 shows a cluster's own.
TEST_P(TableTest, HasUpstreamsColumnsAndCells) {
  const Case& c = GetParam();
  std::string columns;
  bool wide = false;
  for (const Json& column : ColumnDefinitions(c.kind)) {
    if (!wide && column["priority"] == 1) {
      wide = true;
      columns += "| ";
    }
    columns += absl::AsciiStrToUpper(column["name"].get<std::string>()) + " ";
  }
  EXPECT_EQ(columns, absl::StrCat(c.columns, " "));
  Json object = *api::ParseJson(c.object);
  object["metadata"]["name"] = "x";
  object["metadata"]["creationTimestamp"] = "2020-09-13T12:26:40Z";
  const Json row = Row(c.kind, object, absl::FromUnixSeconds(1600000005),
                       IncludeObject::kNone);
  EXPECT_EQ(row["cells"], *api::ParseJson(c.cells));
}

constexpr char kServiceColumns[] =
    "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE | SELECTOR";
constexpr char kReplicaColumns[] =
    "NAME DESIRED CURRENT READY AGE | CONTAINERS IMAGES SELECTOR";
constexpr char kJobColumns[] =
    "NAME COMPLETIONS DURATION AGE | CONTAINERS IMAGES SELECTOR";
constexpr char kEndpointsColumns[] = "NAME ENDPOINTS AGE";

#define FAIRWAY_TEMPLATE                                           \
  R"("template":{"spec":{"containers":[{"name":"c","image":"i"},)" \
  R"({"name":"d","image":"j"}],"nodeSelector":{"disk":"ssd"}}})"

INSTANTIATE_TEST_SUITE_P(
    All, TableTest,
    ::testing::Values(
        Case{"cluster_ip", "Service",
             R"({"spec":{"type":"ClusterIP","ports":[
                 {"port":80,"protocol":"TCP"},{"port":53,"protocol":"UDP"}],
                 "selector":{"b":"2","a":"1"}}})",
             kServiceColumns,
             R"(["x","ClusterIP","<none>","<none>","80/TCP,53/UDP","5s",
                 "a=1,b=2"])"},
        Case{"headless", "Service",
             R"({"spec":{"type":"ClusterIP","clusterIP":"None"}})",
             kServiceColumns,
             R"(["x","ClusterIP","None","<none>","<none>","5s","<none>"])"},
        Case{"load_balancer", "Service",
             R"({"spec":{"type":"LoadBalancer","clusterIP":"10.0.0.1",
                 "externalIPs":["1.2.3.4"],
                 "ports":[{"port":80,"protocol":"TCP","nodePort":30080}]},
                 "status":{"loadBalancer":{"ingress":[{"hostname":"h"}]}}})",
             kServiceColumns,
             R"(["x","LoadBalancer","10.0.0.1","h,1.2.3.4","80:30080/TCP",
                 "5s","<none>"])"},
        Case{"pending", "Service", R"({"spec":{"type":"LoadBalancer"}})",
             kServiceColumns,
             R"(["x","LoadBalancer","<none>","<pending>","<none>","5s",
                 "<none>"])"},
        Case{"external_name", "Service",
             R"({"spec":{"type":"ExternalName","externalName":"a.b"}})",
             kServiceColumns,
             R"(["x","ExternalName","<none>","a.b","<none>","5s","<none>"])"},
        Case{"endpoints", "Endpoints",
             R"({"subsets":[{"addresses":[{"ip":"10.0.0.1"},{"ip":"::1"}],
                 "ports":[{"port":80},{"port":81}]}]})",
             kEndpointsColumns,
             R"(["x","10.0.0.1:80,[::1]:80,10.0.0.1:81 + 1 more...","5s"])"},
        Case{"no_endpoints", "Endpoints", "{}", kEndpointsColumns,
             R"(["x","<none>","5s"])"},
        Case{"portless_endpoints", "Endpoints",
             R"({"subsets":[{"addresses":[{"ip":"10.0.0.1"}]}]})",
             kEndpointsColumns, R"(["x","10.0.0.1","5s"])"},
        Case{"deployment", "Deployment",
             R"({"spec":{"replicas":3,"selector":{"matchLabels":{"b":"c"},
                 "matchExpressions":[
                   {"key":"a","operator":"In","values":["2","1"]},
                   {"key":"d","operator":"DoesNotExist"}]},)" FAIRWAY_TEMPLATE
             R"(},"status":{"readyReplicas":2,"updatedReplicas":3,
                 "availableReplicas":1}})",
             "NAME READY UP-TO-DATE AVAILABLE AGE | CONTAINERS IMAGES SELECTOR",
             R"(["x","2/3",3,1,"5s","c,d","i,j","a in (1,2),b=c,!d"])"},
        Case{
            "replica_set", "ReplicaSet",
            R"({"spec":{"replicas":3,"selector":{"matchLabels":{"b":"c"}},)" FAIRWAY_TEMPLATE
            R"(},"status":{"replicas":2,"readyReplicas":1}})",
            kReplicaColumns, R"(["x",3,2,1,"5s","c,d","i,j","b=c"])"},
        Case{"replication_controller", "ReplicationController",
             R"({"spec":{"replicas":3,"selector":{"b":"c"},)" FAIRWAY_TEMPLATE
             R"(},"status":{"replicas":0}})",
             kReplicaColumns, R"(["x",3,0,0,"5s","c,d","i,j","b=c"])"},
        Case{"stateful_set", "StatefulSet",
             R"({"spec":{"replicas":1,)" FAIRWAY_TEMPLATE "}}",
             "NAME READY AGE | CONTAINERS IMAGES",
             R"(["x","0/1","5s","c,d","i,j"])"},
        Case{
            "daemon_set", "DaemonSet",
            R"({"spec":{"selector":{"matchLabels":{"b":"c"}},)" FAIRWAY_TEMPLATE
            R"(},"status":{"desiredNumberScheduled":5,
                 "currentNumberScheduled":4,"numberReady":3,
                 "updatedNumberScheduled":2,"numberAvailable":1}})",
            "NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE SELECTOR AGE "
            "| CONTAINERS IMAGES SELECTOR",
            R"(["x",5,4,3,2,1,"disk=ssd","5s","c,d","i,j","b=c"])"},
        Case{"job", "Job",
             R"({"spec":{"completions":2,)" FAIRWAY_TEMPLATE
             R"(},"status":{"succeeded":1,
                 "startTime":"2020-09-13T12:26:42Z"}})",
             kJobColumns, R"(["x","1/2","3s","5s","c,d","i,j","<none>"])"},
        Case{"parallel_job", "Job",
             R"({"spec":{"parallelism":3,)" FAIRWAY_TEMPLATE "}}", kJobColumns,
             R"(["x","0/1 of 3","","5s","c,d","i,j","<none>"])"},
        Case{"other", "Secret", "{}", "NAME AGE", R"(["x","5s"])"}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace fairway::apiserver::printers
