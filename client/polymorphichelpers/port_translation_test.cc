// SPDX-License-Identifier: Apache-2.0
// The cases are those of portforward_test.go of k8s.io/kubectl (0.36), and the
// words of its errors.
#include "client/polymorphichelpers/port_translation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/status/testing/status_matchers.h"

namespace fairway::polymorphichelpers {
namespace {

using api::ContainerPort;
using api::ServicePort;
using Ports = std::vector<std::string>;

api::Pod PodWith(std::vector<ContainerPort> ports) {
  api::Pod pod;
  pod.metadata.name = "pod-1";
  // Names are looked for in every container.
  pod.containers.resize(2);
  pod.containers[1].ports = std::move(ports);
  return pod;
}

api::Service ServiceWith(std::vector<ServicePort> ports,
                         std::string cluster_ip = "10.0.0.1") {
  api::Service service;
  service.metadata.name = "web";
  service.cluster_ip = std::move(cluster_ip);
  service.ports = std::move(ports);
  return service;
}

struct Case {
  const char* name;
  api::Service service;  // of TranslateServicePortToTargetPort
  api::Pod pod;
  Ports ports;
  Ports want;
  const char* error;  // null: none
};

template <typename Run>
void ExpectAll(const std::vector<Case>& cases, Run run) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const absl::StatusOr<Ports> got = run(c);
    if (c.error == nullptr) {
      ASSERT_THAT(got, IsOk());
      EXPECT_EQ(*got, c.want);
    } else {
      EXPECT_EQ(got.status().message(), c.error);
      EXPECT_FALSE(got.ok());
    }
  }
}

TEST(TranslateServicePortToTargetPortTest, TakesUpstreamsCases) {
  const api::Pod http = PodWith({{"http", 8080}});
  const api::Pod both = PodWith({{"http", 8080}, {"https", 8443}});
  const api::Pod unnamed = PodWith({{"", 8080}, {"", 8443}});
  const api::Service number = ServiceWith({{"", 80, {8080, ""}}});
  const api::Service same = ServiceWith({{"", 8080, {8080, ""}}});
  const api::Service headless = ServiceWith({{"", 80, {8080, ""}}}, "None");
  const api::Service to_names =
      ServiceWith({{"", 80, {0, "http"}}, {"", 443, {0, "https"}}});
  const api::Service by_names =
      ServiceWith({{"http", 80, {8080, ""}}, {"https", 443, {8443, ""}}});
  const api::Service omitted = ServiceWith({{"", 80, {}}});
  const std::vector<Case> cases = {
      {"a number", number, http, {"80"}, {"80:8080"}, nullptr},
      {"any local port", number, http, {":80"}, {":8080"}, nullptr},
      {"a local port", same, http, {"8000:8080"}, {"8000:8080"}, nullptr},
      {"headless", headless, http, {"80"}, {"80"}, nullptr},
      {"headless, any local port", headless, http, {":80"}, {":80"}, nullptr},
      {"to a name",
       to_names,
       both,
       {"80", "443"},
       {"80:8080", "443:8443"},
       nullptr},
      {"to a name, any local port",
       to_names,
       both,
       {":80", ":443"},
       {":8080", ":8443"},
       nullptr},
      {"by name",
       by_names,
       unnamed,
       {"http", "https"},
       {"80:8080", "443:8443"},
       nullptr},
      {"by name, any local port",
       by_names,
       unnamed,
       {":http", ":https"},
       {":8080", ":8443"},
       nullptr},
      {"by name to the same name",
       ServiceWith({{"http", 80, {0, "http"}}}),
       PodWith({{"http", 80}}),
       {"http"},
       {"80"},
       nullptr},
      {"no targetPort", omitted, http, {"80"}, {"80"}, nullptr},
      {"no targetPort, any local port",
       omitted,
       http,
       {":80"},
       {":80"},
       nullptr},
      {"a targetPort that the pod does not name",
       ServiceWith({{"", 80, {0, "http"}}}),
       PodWith({{"https", 443}}),
       {"80"},
       {},
       "Pod 'pod-1' does not have a named port 'http'"},
      {"a name that the service has not",
       ServiceWith({{"", 80, {0, "http"}}}),
       http,
       {"https"},
       {},
       "Service 'web' does not have a named port 'https'"},
      {"a port that the service has not",
       ServiceWith({{"", 80, {0, "http"}}}),
       PodWith({{"https", 443}}),
       {"443"},
       {},
       "Service web does not have a service port 443"},
  };
  ExpectAll(cases, [](const Case& c) {
    return TranslateServicePortToTargetPort(c.ports, c.service, c.pod);
  });
}

TEST(TranslateServicePortToTargetPortTest, TakesWhatUpstreamDoesNotTest) {
  const api::Pod pod = PodWith({{"http", 8080}});
  const api::Service service = ServiceWith({{"http", 80, {8080, ""}}});
  const std::vector<Case> cases = {
      {"by name with a local port",
       service,
       pod,
       {"9000:http"},
       {"9000:8080"},
       nullptr},
      {"the local port is the target's",
       service,
       pod,
       {"8080:80"},
       {"8080"},
       nullptr},
      {"a Unix socket",
       service,
       pod,
       {"unix:/run/a:b.sock:http"},
       {"unix:/run/a:b.sock:8080"},
       nullptr},
      {"headless by name",
       ServiceWith({{"http", 80, {0, "gone"}}}, "None"),
       pod,
       {"http"},
       {"80"},
       nullptr},
      // 1 << 32 more than 80.
      {"a number beyond 32 bits",
       service,
       pod,
       {"4294967376"},
       {},
       "Service web does not have a service port 4294967376"},
      {"a number beyond 64 bits is a name",
       service,
       pod,
       {"80000000000000000000"},
       {},
       "Service 'web' does not have a named port '80000000000000000000'"},
      {"two colons", service, pod, {"80:80:80"}, {"80:8080"}, nullptr},
  };
  ExpectAll(cases, [](const Case& c) {
    return TranslateServicePortToTargetPort(c.ports, c.service, c.pod);
  });
}

TEST(ConvertPodNamedPortToNumberTest, TakesUpstreamsCases) {
  const api::Pod http = PodWith({{"http", 80}});
  const api::Pod https = PodWith({{"https", 443}});
  const api::Pod unnamed = PodWith({{"", 27017}});
  const char* missing = "Pod 'pod-1' does not have a named port 'http'";
  const std::vector<Case> cases = {
      {"a number", {}, http, {"80"}, {"80"}, nullptr},
      {"with a local port", {}, http, {"8000:80"}, {"8000:80"}, nullptr},
      {"with any local port", {}, http, {":80"}, {":80"}, nullptr},
      {"a name", {}, http, {"http"}, {"80"}, nullptr},
      {"a name, a local port", {}, http, {"8000:http"}, {"8000:80"}, nullptr},
      {"a name, any local port", {}, http, {":http"}, {":80"}, nullptr},
      {"no such name", {}, https, {"http"}, {}, missing},
      {"one of two is not there", {}, https, {"https", "http"}, {}, missing},
      {"nothing behind the colon",
       {},
       unnamed,
       {"28015:"},
       {},
       "remote port cannot be empty"},
  };
  ExpectAll(cases, [](const Case& c) {
    return ConvertPodNamedPortToNumber(c.ports, c.pod);
  });
}

TEST(ConvertPodNamedPortToNumberTest, TakesWhatUpstreamDoesNotTest) {
  const api::Pod http = PodWith({{"http", 80}});
  const std::vector<Case> cases = {
      {"a port that nobody declared", {}, http, {"5432"}, {"5432"}, nullptr},
      {"the local port is the number",
       {},
       http,
       {"80:http"},
       {"80:80"},
       nullptr},
      {"Go's integers are numbers",
       {},
       http,
       {"+80", "-1"},
       {"+80", "-1"},
       nullptr},
      {"a Unix socket",
       {},
       http,
       {"unix:/run/x.sock:http"},
       {"unix:/run/x.sock:80"},
       nullptr},
      {"two colons are passed on", {}, http, {"80:1:2"}, {"80"}, nullptr},
  };
  ExpectAll(cases, [](const Case& c) {
    return ConvertPodNamedPortToNumber(c.ports, c.pod);
  });
}

struct UdpCase {
  const char* name;
  std::vector<ContainerPort> of_pod;
  std::vector<ServicePort> of_service;
  Ports ports;
  const char* error;  // null: none
};

void ExpectUdp(const std::vector<UdpCase>& cases) {
  for (const UdpCase& c : cases) {
    SCOPED_TRACE(c.name);
    const absl::Status got =
        c.of_service.empty()
            ? CheckUDPPortInPod(c.ports, PodWith(c.of_pod))
            : CheckUDPPortInService(c.ports, ServiceWith(c.of_service));
    if (c.error == nullptr) {
      EXPECT_THAT(got, IsOk());
    } else {
      EXPECT_EQ(got.message(), c.error);
      EXPECT_FALSE(got.ok());
    }
  }
}

TEST(CheckUDPPortTest, TakesUpstreamsCases) {
  const ContainerPort udp = {"dns", 53, "UDP"};
  const ContainerPort tcp = {"dns-tcp", 53, "TCP"};
  const ServicePort service_udp = {"dns", 53, {}, "UDP"};
  const ServicePort service_tcp = {"dns-tcp", 53, {}, "TCP"};
  const char* no_53 = "UDP protocol is not supported for 53";
  const char* no_dns = "UDP protocol is not supported for dns";
  ExpectUdp({
      {"of a pod", {udp}, {}, {"53"}, no_53},
      {"of a pod, by name", {udp}, {}, {"dns"}, no_dns},
      {"of a pod, UDP and TCP", {udp, tcp}, {}, {":53"}, nullptr},
      {"of a pod, TCP and UDP", {tcp, udp}, {}, {":53"}, nullptr},
      {"of a service", {}, {service_udp}, {"53"}, no_53},
      {"of a service, by name", {}, {service_udp}, {"10053:dns"}, no_dns},
      {"of a service, UDP and TCP",
       {},
       {service_udp, service_tcp},
       {"53"},
       nullptr},
      {"of a service, TCP and UDP",
       {},
       {service_tcp, service_udp},
       {"53"},
       nullptr},
  });
}

TEST(CheckUDPPortTest, TakesWhatUpstreamDoesNotTest) {
  ExpectUdp({
      {"another port",
       {{"dns", 53, "UDP"}},
       {},
       {"54", "80:53x"},
       "Pod 'pod-1' does not have a named port '53x'"},
      {"a name of a service",
       {},
       {{"dns", 53, {}, "UDP"}},
       {"web"},
       "Service 'web' does not have a named port 'web'"},
      {"SCTP", {{"sig", 99, "SCTP"}}, {}, {"99"}, nullptr},
      {"no protocol is TCP",
       {{"dns", 53, "UDP"}, {"dns-tcp", 53, ""}},
       {},
       {"53"},
       nullptr},
      {"one of several",
       {{"dns", 53, "UDP"}},
       {},
       {"80", "unix:/x:53"},
       "UDP protocol is not supported for 53"},
  });
}

}  // namespace
}  // namespace fairway::polymorphichelpers
