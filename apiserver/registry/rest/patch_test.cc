// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/rest/patch.h"

#include <gtest/gtest.h>

#include "api/errors.h"
#include "api/json.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::apiserver::registry::rest {
namespace {

struct Case {
  const char* name;
  PatchType type;
  const char* object;
  const char* patch;
  const char* want;
};

class PatchTest : public ::testing::TestWithParam<Case> {};

TEST_P(PatchTest, Applies) {
  const Case& c = GetParam();
  auto result =
      ApplyPatch(c.type, *api::ParseJson(c.object), *api::ParseJson(c.patch));
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(*result, *api::ParseJson(c.want));
}

constexpr PatchType kStrategic = PatchType::kStrategicMerge;

INSTANTIATE_TEST_SUITE_P(
    All, PatchTest,
    ::testing::Values(
        Case{"merge_replaces_lists", PatchType::kMerge,
             R"({"a":[1,2],"b":{"c":1,"d":2}})", R"({"a":[3],"b":{"c":null}})",
             R"({"a":[3],"b":{"d":2}})"},
        Case{"json_patch", PatchType::kJson, R"({"a":1})",
             R"([{"op":"add","path":"/b","value":2}])", R"({"a":1,"b":2})"},
        Case{"strategic_merges_containers_by_name", kStrategic,
             R"({"containers":[{"name":"x","image":"i","tty":true},
                               {"name":"y","image":"j"}]})",
             R"({"containers":[{"name":"x","image":"k"}]})",
             R"({"containers":[{"name":"x","image":"k","tty":true},
                               {"name":"y","image":"j"}]})"},
        Case{"strategic_deletes_an_element", kStrategic,
             R"({"containers":[{"name":"x"},{"name":"y"}]})",
             R"({"containers":[{"$patch":"delete","name":"x"}]})",
             R"({"containers":[{"name":"y"}]})"},
        Case{"strategic_replaces_an_object", kStrategic,
             R"({"spec":{"a":1,"b":2}})",
             R"({"spec":{"$patch":"replace","c":3}})", R"({"spec":{"c":3}})"},
        Case{"strategic_orders_elements", kStrategic,
             R"({"conditions":[{"type":"A","status":"x"}]})",
             R"({"$setElementOrder/conditions":[{"type":"B"},{"type":"A"}],
                 "conditions":[{"type":"B","status":"y"}]})",
             R"({"conditions":[{"type":"B","status":"y"},
                               {"type":"A","status":"x"}]})"},
        Case{"strategic_deletes_plain_values", kStrategic,
             R"({"finalizers":["a","b"]})",
             R"({"$deleteFromPrimitiveList/finalizers":["a"]})",
             R"({"finalizers":["b"]})"},
        Case{"strategic_retains_keys", kStrategic,
             R"({"strategy":{"a":1,"b":2}})",
             R"({"strategy":{"$retainKeys":["b","c"],"c":3}})",
             R"({"strategy":{"b":2,"c":3}})"},
        Case{"strategic_containers_ports", kStrategic,
             R"({"ports":[{"containerPort":80,"name":"a"}]})",
             R"({"ports":[{"containerPort":80,"protocol":"TCP"}]})",
             R"({"ports":[{"containerPort":80,"name":"a",
                           "protocol":"TCP"}]})"},
        Case{"strategic_services_ports", kStrategic,
             R"({"ports":[{"port":80,"name":"a"},{"port":81}]})",
             R"({"$setElementOrder/ports":[{"port":82},{"port":80}],
                 "ports":[{"$patch":"delete","port":81},{"port":82},
                          {"port":80,"targetPort":8080}]})",
             R"({"ports":[{"port":82},
                          {"port":80,"name":"a","targetPort":8080}]})"},
        Case{"strategic_null_removes", kStrategic,
             R"({"labels":{"a":"1","b":"2"}})", R"({"labels":{"a":null}})",
             R"({"labels":{"b":"2"}})"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(PatchErrorTest, WhatDoesNotFitIsTheClientsFault) {
  auto missing =
      ApplyPatch(PatchType::kJson, Json::object(),
                 *api::ParseJson(R"([{"op":"remove","path":"/a"}])"));
  EXPECT_EQ(api::StatusOfError(missing.status()).code, 422);
  auto no_list = ApplyPatch(PatchType::kJson, Json::object(), Json::object());
  EXPECT_EQ(api::StatusOfError(no_list.status()).code, 400);
  auto no_object = ApplyPatch(kStrategic, Json::object(), Json::array());
  EXPECT_EQ(api::StatusOfError(no_object.status()).code, 400);
}

}  // namespace
}  // namespace fairway::apiserver::registry::rest
