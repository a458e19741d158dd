// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/core/service/strategy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/json.h"
#include "apiserver/registry/generic/object_meta.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::apiserver::registry::service {
namespace {

using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1600000000);

Json ServiceJson(const char* spec, const char* name = "s") {
  Json service;
  service["metadata"]["name"] = name;
  service["spec"] = *api::ParseJson(spec);
  return service;
}

absl::Status Create(Json& service) {
  return generic::BeforeCreate(ServiceStrategy(), "ns", kNow, service);
}

Json Stored(const char* spec) {
  Json service = ServiceJson(spec);
  EXPECT_THAT(Create(service), IsOk());
  return service;
}

struct DefaultCase {
  const char* name;
  const char* spec;
  const char* want;
};

class ServiceDefaultsTest : public ::testing::TestWithParam<DefaultCase> {};

TEST_P(ServiceDefaultsTest, AreUpstreams) {
  const Json service = Stored(GetParam().spec);
  EXPECT_EQ(service["spec"], *api::ParseJson(GetParam().want));
  EXPECT_EQ(service["status"], *api::ParseJson(R"({"loadBalancer":{}})"));
  EXPECT_EQ(StringAt(service, {"apiVersion"}), "v1");
}

INSTANTIATE_TEST_SUITE_P(
    All, ServiceDefaultsTest,
    ::testing::Values(
        DefaultCase{"port", R"({"ports":[{"port":80}]})",
                    R"({"type":"ClusterIP","sessionAffinity":"None",
                        "ports":[{"port":80,"protocol":"TCP",
                                  "targetPort":80}]})"},
        DefaultCase{"named_target",
                    R"({"ports":[{"port":80,"targetPort":"http",
                                  "protocol":"UDP"}]})",
                    R"({"type":"ClusterIP","sessionAffinity":"None",
                        "ports":[{"port":80,"protocol":"UDP",
                                  "targetPort":"http"}]})"},
        DefaultCase{"headless", R"({"clusterIP":"None"})",
                    R"({"type":"ClusterIP","sessionAffinity":"None",
                        "clusterIP":"None","clusterIPs":["None"]})"},
        DefaultCase{"node_port",
                    R"({"type":"NodePort","ports":[{"port":80,"targetPort":0,
                        "nodePort":30080}],"sessionAffinity":"ClientIP"})",
                    R"({"type":"NodePort","externalTrafficPolicy":"Cluster",
                        "sessionAffinity":"ClientIP","sessionAffinityConfig":
                        {"clientIP":{"timeoutSeconds":10800}},
                        "ports":[{"port":80,"protocol":"TCP","targetPort":80,
                                  "nodePort":30080}]})"},
        DefaultCase{"external_name",
                    R"({"type":"ExternalName","externalName":"a.example."})",
                    R"({"type":"ExternalName","externalName":"a.example.",
                        "sessionAffinity":"None"})"}),
    [](const auto& info) { return std::string(info.param.name); });

struct InvalidCase {
  const char* name;
  const char* spec;
  const char* message;
};

class InvalidServiceTest : public ::testing::TestWithParam<InvalidCase> {};

TEST_P(InvalidServiceTest, IsRefusedInUpstreamsWords) {
  Json service = ServiceJson(GetParam().spec);
  const absl::Status status = Create(service);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, InvalidServiceTest,
    ::testing::Values(
        InvalidCase{"no_ports", "{}",
                    "Service \"s\" is invalid: spec.ports: Required value"},
        InvalidCase{"port_zero", R"({"ports":[{"port":0}]})",
                    "spec.ports[0].port: Invalid value: 0: must be between 1 "
                    "and 65535, inclusive"},
        InvalidCase{"port_large", R"({"ports":[{"port":65536}]})",
                    "spec.ports[0].port: Invalid value: 65536: must be between "
                    "1 and 65535, inclusive"},
        InvalidCase{"no_names", R"({"ports":[{"port":1},{"port":2}]})",
                    "[spec.ports[0].name: Required value, spec.ports[1].name: "
                    "Required value]"},
        InvalidCase{"same_names",
                    R"({"ports":[{"name":"a","port":1},
                                 {"name":"a","port":2}]})",
                    "spec.ports[1].name: Duplicate value: \"a\""},
        InvalidCase{"same_ports",
                    R"({"ports":[{"name":"a","port":1},
                                 {"name":"b","port":1}]})",
                    "spec.ports[1]: Duplicate value: core.ServicePort{Name:"
                    "\"\", Protocol:\"TCP\", AppProtocol:(*string)(nil), "
                    "Port:1, TargetPort:intstr.IntOrString{Type:0, IntVal:0, "
                    "StrVal:\"\"}, NodePort:0}"},
        InvalidCase{"protocol", R"({"ports":[{"port":1,"protocol":"X"}]})",
                    "spec.ports[0].protocol: Unsupported value: \"X\": "
                    "supported values: \"SCTP\", \"TCP\", \"UDP\""},
        InvalidCase{"target", R"({"ports":[{"port":1,"targetPort":"A_b"}]})",
                    "spec.ports[0].targetPort: Invalid value: \"A_b\": must "
                    "contain only alpha-numeric characters (a-z, 0-9), and "
                    "hyphens (-)"},
        InvalidCase{"target_range", R"({"ports":[{"port":1,"targetPort":-1}]})",
                    "spec.ports[0].targetPort: Invalid value: -1: must be "
                    "between 1 and 65535, inclusive"},
        InvalidCase{"type", R"({"type":"X","ports":[{"port":1}]})",
                    "spec.type: Unsupported value: \"X\": supported values: "
                    "\"ClusterIP\", \"ExternalName\", \"LoadBalancer\", "
                    "\"NodePort\""},
        InvalidCase{"affinity", R"({"sessionAffinity":"X",
                                    "ports":[{"port":1}]})",
                    "spec.sessionAffinity: Unsupported value: \"X\": supported "
                    "values: \"ClientIP\", \"None\""},
        InvalidCase{"selector", R"({"selector":{"a":"-"},
                                    "ports":[{"port":1}]})",
                    "spec.selector: Invalid value: \"-\": a valid label must "
                    "be an empty string or consist of"},
        InvalidCase{"address", R"({"clusterIP":"x","ports":[{"port":1}]})",
                    "spec.clusterIPs[0]: Invalid value: \"x\": must be a valid "
                    "IP address, (e.g. 10.9.8.7)"},
        InvalidCase{"headless_node_port",
                    R"({"clusterIP":"None","type":"NodePort",
                        "ports":[{"port":1}]})",
                    "spec.clusterIPs[0]: Invalid value: \"None\": may not be "
                    "set to 'None' for NodePort services"},
        InvalidCase{"external_name", R"({"type":"ExternalName"})",
                    "spec.externalName: Required value"},
        InvalidCase{"ports_no_list", R"({"ports":{}})",
                    "Service in version \"v1\" cannot be handled as a Service: "
                    "spec.ports: want a list"},
        InvalidCase{"port_no_number", R"({"ports":[{"port":"80"}]})",
                    "spec.ports[0].port: want an integer"},
        InvalidCase{"port_null", R"({"ports":[null]})",
                    "spec.ports[0]: want an object"},
        InvalidCase{"selector_no_strings", R"({"selector":{"a":1}})",
                    "spec.selector: want an object of strings"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ServiceStrategyTest, NamesAreDns1035Labels) {
  Json service = ServiceJson(R"({"ports":[{"port":1}]})", "1a");
  EXPECT_THAT(Create(service),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("metadata.name: Invalid value: \"1a\": a "
                                 "DNS-1035 label must consist of")));
}

TEST(ServiceStrategyTest, AClusterIpStays) {
  const Json old = Stored(R"({"clusterIP":"None","ports":[{"port":1}]})");
  // Who leaves it out keeps it.
  Json silent = old;
  silent["spec"].erase("clusterIP");
  ASSERT_THAT(generic::BeforeUpdate(ServiceStrategy(), old, silent), IsOk());
  EXPECT_EQ(silent, old);
  Json other = old;
  other["spec"]["clusterIP"] = "10.0.0.1";
  EXPECT_THAT(
      generic::BeforeUpdate(ServiceStrategy(), old, other),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "Service \"s\" is invalid: spec.clusterIPs[0]: Invalid "
               "value: []string{\"10.0.0.1\"}: may not change once set"));
}

TEST(ServiceStrategyTest, EachSubresourceKeepsTheOthersPart) {
  const Json old = Stored(R"({"ports":[{"port":1}]})");
  Json changed = old;
  changed["status"]["loadBalancer"]["ingress"] = {{{"ip", "10.0.0.1"}}};
  changed["spec"]["ports"][0]["port"] = 2;
  Json by_spec = changed;
  ASSERT_THAT(generic::BeforeUpdate(ServiceStrategy(), old, by_spec), IsOk());
  EXPECT_EQ(by_spec["status"], old["status"]);
  EXPECT_EQ(by_spec["spec"]["ports"][0]["port"], 2);
  Json by_status = changed;
  ASSERT_THAT(generic::BeforeUpdate(ServiceStatusStrategy(), old, by_status),
              IsOk());
  EXPECT_EQ(by_status["spec"], old["spec"]);
  EXPECT_EQ(by_status["status"], changed["status"]);
}

}  // namespace
}  // namespace fairway::apiserver::registry::service
