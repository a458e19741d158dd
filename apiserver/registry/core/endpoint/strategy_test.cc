// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/core/endpoint/strategy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/json.h"
#include "apiserver/registry/generic/object_meta.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::apiserver::registry::endpoint {
namespace {

using ::testing::HasSubstr;

absl::Status Create(const char* subsets, Json* endpoints) {
  (*endpoints)["metadata"]["name"] = "e";
  (*endpoints)["subsets"] = *api::ParseJson(subsets);
  return generic::BeforeCreate(EndpointsStrategy(), "ns",
                               absl::FromUnixSeconds(1600000000), *endpoints);
}

TEST(EndpointsStrategyTest, PortsAreTcpByDefault) {
  Json endpoints;
  ASSERT_THAT(
      Create(R"([{"addresses":[{"ip":"10.0.0.1"}],"ports":[{"port":80}]}])",
             &endpoints),
      IsOk());
  EXPECT_EQ(endpoints["subsets"][0]["ports"][0]["protocol"], "TCP");
  EXPECT_EQ(StringAt(endpoints, {"kind"}), "Endpoints");
}

struct InvalidCase {
  const char* name;
  const char* subsets;
  const char* message;
};

class InvalidEndpointsTest : public ::testing::TestWithParam<InvalidCase> {};

TEST_P(InvalidEndpointsTest, AreRefusedInUpstreamsWords) {
  Json endpoints;
  EXPECT_THAT(Create(GetParam().subsets, &endpoints),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, InvalidEndpointsTest,
    ::testing::Values(
        InvalidCase{"nothing", "[{}]",
                    "Endpoints \"e\" is invalid: subsets[0]: Required value: "
                    "must specify `addresses` or `notReadyAddresses`"},
        InvalidCase{"ip", R"([{"notReadyAddresses":[{"ip":"x"}]}])",
                    "subsets[0].notReadyAddresses[0].ip: Invalid value: \"x\": "
                    "must be a valid IP address, (e.g. 10.9.8.7)"},
        InvalidCase{"port",
                    R"([{"addresses":[{"ip":"::1"}],"ports":[{"port":0}]}])",
                    "subsets[0].ports[0].port: Invalid value: 0: must be "
                    "between 1 and 65535, inclusive"},
        InvalidCase{"names",
                    R"([{"addresses":[{"ip":"::1"}],
                         "ports":[{"port":1},{"name":"b","port":2}]}])",
                    "subsets[0].ports[0].name: Required value"},
        InvalidCase{"shape", R"([{"addresses":[1]}])",
                    "subsets[0].addresses[0]: want an object"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(EndpointsStrategyTest, AnUpdateIsCheckedToo) {
  Json old;
  ASSERT_THAT(Create(R"([{"addresses":[{"ip":"10.0.0.1"}]}])", &old), IsOk());
  Json object = old;
  object["subsets"][0]["addresses"][0]["ip"] = "x";
  EXPECT_THAT(generic::BeforeUpdate(EndpointsStrategy(), old, object),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("subsets[0].addresses[0].ip")));
}

}  // namespace
}  // namespace fairway::apiserver::registry::endpoint
