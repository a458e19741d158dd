// SPDX-License-Identifier: Apache-2.0
#include "runtime/cri/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/status/testing/status_matchers.h"

namespace fairway::runtime::cri {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

SandboxRecord Sandbox(const std::string& id, const std::string& pod,
                      int64_t created_at) {
  SandboxRecord record;
  record.status.set_id(id);
  record.status.set_created_at(created_at);
  record.status.mutable_metadata()->set_name(pod);
  record.status.mutable_metadata()->set_uid("uid-" + pod);
  record.status.mutable_metadata()->set_namespace_("default");
  (*record.status.mutable_labels())["app"] = pod;
  (*record.status.mutable_labels())["tier"] = "front";
  (*record.status.mutable_annotations())["note"] = "n";
  record.status.set_runtime_handler("runc");
  return record;
}

ContainerRecord Container(const std::string& id, const std::string& sandbox,
                          const std::string& name) {
  ContainerRecord record;
  record.pod_sandbox_id = sandbox;
  record.status.set_id(id);
  record.status.mutable_metadata()->set_name(name);
  record.status.mutable_image()->set_image("busybox");
  record.status.set_image_ref("sha256:1");
  (*record.status.mutable_labels())["name"] = name;
  return record;
}

std::vector<std::string> Ids(const runtimeapi::ListPodSandboxResponse& list) {
  std::vector<std::string> ids;
  for (const auto& item : list.items()) ids.push_back(item.id());
  return ids;
}

std::vector<std::string> Ids(const runtimeapi::ListContainersResponse& list) {
  std::vector<std::string> ids;
  for (const auto& item : list.containers()) ids.push_back(item.id());
  return ids;
}

class RecordsTest : public ::testing::Test {
 protected:
  RecordsTest() {
    EXPECT_THAT(records_.AddSandbox(Sandbox("aa11", "one", 1)), IsOk());
    EXPECT_THAT(records_.AddSandbox(Sandbox("aa22", "two", 3)), IsOk());
    EXPECT_THAT(records_.AddSandbox(Sandbox("bb33", "three", 2)), IsOk());
    EXPECT_THAT(records_.AddContainer(Container("c1", "aa11", "web")), IsOk());
    EXPECT_THAT(records_.AddContainer(Container("c2", "aa11", "log")), IsOk());
    EXPECT_THAT(records_.AddContainer(Container("c3", "bb33", "web")), IsOk());
  }

  Records records_;
};

TEST_F(RecordsTest, ListsTheNewestFirst) {
  EXPECT_THAT(Ids(records_.ListPodSandbox({})),
              ElementsAre("aa22", "bb33", "aa11"));
}

TEST_F(RecordsTest, ListShowsWhatTheRecordSays) {
  runtimeapi::ListPodSandboxRequest request;
  request.mutable_filter()->set_id("bb33");
  const runtimeapi::ListPodSandboxResponse list =
      records_.ListPodSandbox(request);
  ASSERT_EQ(list.items_size(), 1);
  EXPECT_EQ(list.items(0).metadata().name(), "three");
  EXPECT_EQ(list.items(0).metadata().namespace_(), "default");
  EXPECT_EQ(list.items(0).created_at(), 2);
  EXPECT_EQ(list.items(0).labels().at("app"), "three");
  EXPECT_EQ(list.items(0).annotations().at("note"), "n");
  EXPECT_EQ(list.items(0).runtime_handler(), "runc");
}

TEST_F(RecordsTest, SandboxFiltersAreCombinedWithAnd) {
  runtimeapi::ListPodSandboxRequest request;
  request.mutable_filter()->set_id("aa");
  EXPECT_THAT(Ids(records_.ListPodSandbox(request)),
              ElementsAre("aa22", "aa11"));
  (*request.mutable_filter()->mutable_label_selector())["tier"] = "front";
  EXPECT_THAT(Ids(records_.ListPodSandbox(request)),
              ElementsAre("aa22", "aa11"));
  (*request.mutable_filter()->mutable_label_selector())["app"] = "one";
  EXPECT_THAT(Ids(records_.ListPodSandbox(request)), ElementsAre("aa11"));
  request.mutable_filter()->mutable_state()->set_state(
      runtimeapi::SANDBOX_NOTREADY);
  EXPECT_THAT(Ids(records_.ListPodSandbox(request)), IsEmpty());
  absl::StatusOr<SandboxRecord*> found = records_.FindSandbox("aa11");
  ASSERT_THAT(found, IsOk());
  (*found)->status.set_state(runtimeapi::SANDBOX_NOTREADY);
  EXPECT_THAT(Ids(records_.ListPodSandbox(request)), ElementsAre("aa11"));
}

TEST_F(RecordsTest, ContainerFiltersAreCombinedWithAnd) {
  runtimeapi::ListContainersRequest request;
  EXPECT_EQ(records_.ListContainers(request).containers_size(), 3);
  request.mutable_filter()->set_pod_sandbox_id("aa11");
  EXPECT_THAT(Ids(records_.ListContainers(request)),
              UnorderedElementsAre("c1", "c2"));
  (*request.mutable_filter()->mutable_label_selector())["name"] = "web";
  EXPECT_THAT(Ids(records_.ListContainers(request)), ElementsAre("c1"));
  request.mutable_filter()->mutable_state()->set_state(
      runtimeapi::CONTAINER_RUNNING);
  EXPECT_THAT(Ids(records_.ListContainers(request)), IsEmpty());
}

TEST_F(RecordsTest, FindsByAnUnambiguousBeginning) {
  absl::StatusOr<SandboxRecord*> found = records_.FindSandbox("b");
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ((*found)->status.id(), "bb33");
  EXPECT_THAT(
      records_.FindSandbox("aa"),
      StatusIs(StatusCode::kInvalidArgument, "sandbox \"aa\" is ambiguous"));
  EXPECT_THAT(records_.FindSandbox("bb333"),
              StatusIs(StatusCode::kNotFound, "sandbox \"bb333\" not found"));
  EXPECT_THAT(records_.FindSandbox(""), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(records_.FindContainer("zz"),
              StatusIs(StatusCode::kNotFound, "container \"zz\" not found"));
}

TEST_F(RecordsTest, WholeIdWinsOverLongerOnes) {
  EXPECT_THAT(records_.AddSandbox(Sandbox("aa1", "short", 9)), IsOk());
  absl::StatusOr<SandboxRecord*> found = records_.FindSandbox("aa1");
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ((*found)->status.id(), "aa1");
}

TEST_F(RecordsTest, NamesAreReserved) {
  EXPECT_THAT(records_.AddSandbox(Sandbox("new", "one", 4)),
              StatusIs(StatusCode::kAlreadyExists));
  EXPECT_THAT(records_.AddSandbox(Sandbox("aa11", "four", 4)),
              StatusIs(StatusCode::kAlreadyExists));
  EXPECT_THAT(records_.AddContainer(Container("c9", "aa11", "web")),
              StatusIs(StatusCode::kAlreadyExists));
  EXPECT_THAT(records_.AddContainer(Container("c9", "zz", "web")),
              StatusIs(StatusCode::kNotFound));
  ContainerRecord again = Container("c9", "aa11", "web");
  again.status.mutable_metadata()->set_attempt(1);
  EXPECT_THAT(records_.AddContainer(again), IsOk());
}

TEST_F(RecordsTest, RemovedSandboxTakesItsContainers) {
  EXPECT_THAT(records_.ContainersOf("aa11"), UnorderedElementsAre("c1", "c2"));
  records_.RemoveSandbox("aa11");
  records_.RemoveSandbox("aa11");
  EXPECT_THAT(records_.FindSandbox("aa11"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Ids(records_.ListContainers({})), ElementsAre("c3"));
  records_.RemoveContainer("c3");
  EXPECT_THAT(Ids(records_.ListContainers({})), IsEmpty());
}

TEST(NewIdTest, Is64HexDigitsAndNew) {
  const std::string id = NewId();
  EXPECT_THAT(id, ::testing::MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(id.size(), 64u);
  EXPECT_NE(id, NewId());
}

}  // namespace
}  // namespace fairway::runtime::cri
