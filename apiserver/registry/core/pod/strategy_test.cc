// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/core/pod/strategy.h"

#include <gtest/gtest.h>

#include "api/errors.h"
#include "api/json.h"
#include "apiserver/registry/generic/object_meta.h"
#include "base/status/testing/status_matchers.h"
#include "base/time/go_time.h"

namespace fairway::apiserver::registry::pod {
namespace {

using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1600000000);

Json PodJson(const char* spec) {
  Json pod;
  pod["metadata"]["name"] = "p";
  pod["spec"] = *api::ParseJson(spec);
  return pod;
}

absl::Status Create(Json& pod) {
  return generic::BeforeCreate(PodStrategy(), "ns", kNow, pod);
}

TEST(PodStrategyTest, CreateSetsWhatClientsLeaveOut) {
  Json pod = PodJson(R"({"containers":[
      {"name":"c","image":"nginx","ports":[{"containerPort":80}]},
      {"name":"d","image":"nginx:1.19"}]})");
  pod["status"]["phase"] = "Running";
  ASSERT_THAT(Create(pod), IsOk());
  EXPECT_EQ(StringAt(pod, {"metadata", "namespace"}), "ns");
  EXPECT_EQ(StringAt(pod, {"metadata", "creationTimestamp"}),
            "2020-09-13T12:26:40Z");
  EXPECT_EQ(StringAt(pod, {"metadata", "uid"}).size(), 36u);
  EXPECT_EQ(StringAt(pod, {"spec", "restartPolicy"}), "Always");
  EXPECT_EQ(StringAt(pod, {"spec", "dnsPolicy"}), "ClusterFirst");
  EXPECT_EQ(IntAt(pod, {"spec", "terminationGracePeriodSeconds"}), 30);
  EXPECT_EQ(StringAt(pod, {"status", "phase"}), "Pending");
  EXPECT_EQ(StringAt(pod, {"status", "qosClass"}), "BestEffort");
  const Json& containers = ArrayAt(pod, {"spec", "containers"});
  EXPECT_EQ(StringAt(containers[0], {"imagePullPolicy"}), "Always");
  EXPECT_EQ(StringAt(containers[1], {"imagePullPolicy"}), "IfNotPresent");
  EXPECT_EQ(StringAt(ArrayAt(containers[0], {"ports"})[0], {"protocol"}),
            "TCP");
}

struct InvalidCase {
  const char* name;
  const char* spec;
  const char* message;
};

class InvalidPodTest : public ::testing::TestWithParam<InvalidCase> {};

TEST_P(InvalidPodTest, IsRefusedInUpstreamsWords) {
  Json pod = PodJson(GetParam().spec);
  absl::Status status = Create(pod);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
  EXPECT_FALSE(status.ok());
}

INSTANTIATE_TEST_SUITE_P(
    All, InvalidPodTest,
    ::testing::Values(
        InvalidCase{"no_containers", "{}",
                    "Pod \"p\" is invalid: spec.containers: Required value"},
        InvalidCase{"no_image", R"({"containers":[{"name":"c"}]})",
                    "spec.containers[0].image: Required value"},
        InvalidCase{"twice", R"({"containers":[{"name":"c","image":"i"},
                                               {"name":"c","image":"i"}]})",
                    "spec.containers[1].name: Duplicate value: \"c\""},
        InvalidCase{"bad_name", R"({"containers":[{"name":"C","image":"i"}]})",
                    "spec.containers[0].name: Invalid value: \"C\": a "
                    "lowercase RFC 1123 label must consist of"},
        InvalidCase{"restart_policy",
                    R"({"restartPolicy":"x",
                        "containers":[{"name":"c","image":"i"}]})",
                    "spec.restartPolicy: Unsupported value: \"x\": supported "
                    "values: \"Always\", \"Never\", \"OnFailure\""},
        InvalidCase{"port", R"({"containers":[{"name":"c","image":"i",
                                "ports":[{"containerPort":70000}]}]})",
                    "spec.containers[0].ports[0].containerPort: Invalid "
                    "value: 70000: must be between 1 and 65535, inclusive"},
        InvalidCase{"no_list", R"({"containers":"x"})",
                    "Pod in version \"v1\" cannot be handled as a Pod: "}),
    [](const auto& info) { return std::string(info.param.name); });

Json Stored(const char* node, const char* phase) {
  Json pod = PodJson(R"({"containers":[{"name":"c","image":"i"}]})");
  EXPECT_THAT(Create(pod), IsOk());
  pod["spec"]["nodeName"] = node;
  pod["status"]["phase"] = phase;
  return pod;
}

TEST(PodStrategyTest, SpecIsFixedButForImages) {
  const Json old = Stored("n", "Running");
  Json image = old;
  image["spec"]["containers"][0]["image"] = "j";
  EXPECT_THAT(generic::BeforeUpdate(PodStrategy(), old, image), IsOk());
  Json node = old;
  node["spec"]["nodeName"] = "m";
  EXPECT_THAT(generic::BeforeUpdate(PodStrategy(), old, node),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("pod updates may not change fields other "
                                 "than `spec.containers[*].image`")));
}

TEST(PodStrategyTest, EachSubresourceKeepsTheOthersPart) {
  const Json old = Stored("n", "Pending");
  Json changed = old;
  changed["status"]["phase"] = "Running";
  Json by_pods = changed;
  ASSERT_THAT(generic::BeforeUpdate(PodStrategy(), old, by_pods), IsOk());
  EXPECT_EQ(StringAt(by_pods, {"status", "phase"}), "Pending");
  Json by_status = changed;
  by_status["spec"]["nodeName"] = "m";
  ASSERT_THAT(generic::BeforeUpdate(PodStatusStrategy(), old, by_status),
              IsOk());
  EXPECT_EQ(StringAt(by_status, {"status", "phase"}), "Running");
  EXPECT_EQ(StringAt(by_status, {"spec", "nodeName"}), "n");
}

TEST(PodStrategyTest, StaleVersionIsAConflict) {
  Json old = Stored("n", "Running");
  generic::SetResourceVersion(old, 7);
  Json object = old;
  generic::SetResourceVersion(object, 6);
  EXPECT_THAT(generic::BeforeUpdate(PodStrategy(), old, object),
              StatusIs(absl::StatusCode::kAborted,
                       "Operation cannot be fulfilled on pods \"p\": the "
                       "object has been modified; please apply your changes "
                       "to the latest version and try again"));
}

struct DeleteCase {
  const char* name;
  const char* node;
  const char* phase;
  std::optional<int64_t> grace;
  generic::DeleteStep step;
  int64_t seconds;
};

class DeletePodTest : public ::testing::TestWithParam<DeleteCase> {};

TEST_P(DeletePodTest, WaitsForTheKubelet) {
  const DeleteCase& c = GetParam();
  Json pod = Stored(c.node, c.phase);
  rest::DeleteOptions options;
  options.grace_period_seconds = c.grace;
  auto step = generic::BeforeDelete(PodStrategy(), options, kNow, pod);
  ASSERT_THAT(step, IsOk());
  EXPECT_EQ(*step, c.step);
  if (c.step != generic::DeleteStep::kMark) return;
  EXPECT_EQ(IntAt(pod, {"metadata", "deletionGracePeriodSeconds"}), c.seconds);
  EXPECT_EQ(StringAt(pod, {"metadata", "deletionTimestamp"}),
            FormatRFC3339(kNow + absl::Seconds(c.seconds)));
  // The kubelet's own deletion ends it.
  options.grace_period_seconds = 0;
  auto last = generic::BeforeDelete(PodStrategy(), options, kNow, pod);
  EXPECT_EQ(*last, generic::DeleteStep::kRemove);
  // The same grace again changes nothing.
  options.grace_period_seconds = c.seconds;
  auto again = generic::BeforeDelete(PodStrategy(), options, kNow, pod);
  EXPECT_EQ(*again, generic::DeleteStep::kPending);
}

INSTANTIATE_TEST_SUITE_P(
    All, DeletePodTest,
    ::testing::Values(DeleteCase{"bound", "n", "Running", std::nullopt,
                                 generic::DeleteStep::kMark, 30},
                      DeleteCase{"asked", "n", "Running", 5,
                                 generic::DeleteStep::kMark, 5},
                      DeleteCase{"forced", "n", "Running", 0,
                                 generic::DeleteStep::kRemove, 0},
                      DeleteCase{"unbound", "", "Pending", std::nullopt,
                                 generic::DeleteStep::kRemove, 0},
                      DeleteCase{"ended", "n", "Succeeded", std::nullopt,
                                 generic::DeleteStep::kRemove, 0}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(PodQosTest, FollowsRequestsAndLimits) {
  EXPECT_EQ(GetPodQos(PodJson(R"({"containers":[{"resources":
      {"limits":{"cpu":"1","memory":"1Gi"}}}]})")),
            "Guaranteed");
  EXPECT_EQ(GetPodQos(PodJson(R"({"containers":[{"resources":
      {"requests":{"cpu":"1"}}}]})")),
            "Burstable");
  EXPECT_EQ(GetPodQos(PodJson(R"({"containers":[{}]})")), "BestEffort");
}

}  // namespace
}  // namespace fairway::apiserver::registry::pod
