// SPDX-License-Identifier: Apache-2.0
#include "client/polymorphichelpers/helpers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/status/testing/status_matchers.h"

namespace fairway::polymorphichelpers {
namespace {

struct Case {
  const char* name;
  std::map<std::string, std::string> labels;
  std::vector<api::LabelSelectorRequirement> expressions;
  const char* want;
  const char* error;  // null: none
};

TEST(SelectorsForObjectTest, WritesAWorkloadsSelector) {
  const Case cases[] = {
      {"one label", {{"app", "web"}}, {}, "app=web", nullptr},
      {"labels by key", {{"b", ""}, {"a", "1"}}, {}, "a=1,b=", nullptr},
      {"every expression",
       {{"m", "1"}},
       {{"z", "In", {"b", "a"}},
        {"n", "NotIn", {"x"}},
        {"e", "Exists", {}},
        {"a/b", "DoesNotExist", {}}},
       "!a/b,e,m=1,n notin (x),z in (a,b)",
       nullptr},
      {"a key twice", {{"k", "v"}}, {{"k", "Exists", {}}}, "k=v,k", nullptr},
      {"everything", {}, {}, "", nullptr},
      {"no such operator",
       {},
       {{"k", "Gt", {"1"}}},
       "",
       "invalid label selector: \"Gt\" is not a valid pod selector operator"},
      {"in nothing",
       {},
       {{"k", "In", {}}},
       "",
       "invalid label selector: for 'in', 'notin' operators, values set can't "
       "be empty"},
      {"exists as",
       {},
       {{"k", "Exists", {"v"}}},
       "",
       "invalid label selector: values set must be empty for exists and does "
       "not exist"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    api::Workload workload;
    workload.selector = api::LabelSelector{c.labels, c.expressions};
    const absl::StatusOr<std::string> got = SelectorsForObject(workload);
    if (c.error == nullptr) {
      ASSERT_THAT(got, IsOk());
      EXPECT_EQ(*got, c.want);
    } else {
      EXPECT_THAT(got, StatusIs(absl::StatusCode::kInvalidArgument, c.error));
    }
  }
}

TEST(SelectorsForObjectTest, AWorkloadWithoutOneIsAnError) {
  api::Workload workload;
  workload.metadata.name = "web";
  EXPECT_THAT(SelectorsForObject(workload),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "invalid label selector: 'web' is defined without a "
                       "selector"));
}

TEST(SelectorsForObjectTest, WritesAServicesSelector) {
  api::Service service;
  service.metadata.name = "web";
  EXPECT_THAT(SelectorsForObject(service),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "invalid service 'web': Service is defined without a "
                       "selector"));
  service.selector = {{"tier", "front"}, {"app", "web"}};
  const absl::StatusOr<std::string> got = SelectorsForObject(service);
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(*got, "app=web,tier=front");
}

TEST(CannotAttachTest, HasUpstreamsWords) {
  EXPECT_EQ(CannotAttach("Node", SelectorNotImplemented("Node")).message(),
            "cannot attach to *v1.Node: selector for *v1.Node not implemented");
}

}  // namespace
}  // namespace fairway::polymorphichelpers
