// SPDX-License-Identifier: Apache-2.0
#include "runtime/dockershim/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"
#include "runtime/dockershim/naming.h"

namespace fairway::runtime::dockershim {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

runtimeapi::PodSandboxConfig Sandbox() {
  runtimeapi::PodSandboxConfig sandbox;
  sandbox.mutable_metadata()->set_name("web");
  sandbox.mutable_metadata()->set_namespace_("default");
  sandbox.mutable_metadata()->set_uid("4711-ab");
  sandbox.mutable_metadata()->set_attempt(2);
  return sandbox;
}

TEST(NamingTest, SandboxNamesCarryTheirMetadata) {
  const std::string name = MakeSandboxName(Sandbox());
  EXPECT_EQ(name, "k8s_POD_web_default_4711-ab_2");
  absl::StatusOr<runtimeapi::PodSandboxMetadata> metadata =
      ParseSandboxName("/" + name);
  ASSERT_THAT(metadata, IsOk());
  EXPECT_EQ(metadata->SerializeAsString(),
            Sandbox().metadata().SerializeAsString());
}

TEST(NamingTest, ContainerNamesCarryTheirMetadata) {
  runtimeapi::ContainerConfig container;
  container.mutable_metadata()->set_name("server");
  container.mutable_metadata()->set_attempt(3);
  const std::string name = MakeContainerName(Sandbox(), container);
  EXPECT_EQ(name, "k8s_server_web_default_4711-ab_3");
  absl::StatusOr<runtimeapi::ContainerMetadata> metadata =
      ParseContainerName(name);
  ASSERT_THAT(metadata, IsOk());
  EXPECT_EQ(metadata->name(), "server");
  EXPECT_EQ(metadata->attempt(), 3u);
}

TEST(NamingTest, RandomSuffixIsTolerated) {
  EXPECT_THAT(ParseSandboxName("k8s_POD_web_default_4711_0_1a2b3c4d"), IsOk());
}

TEST(NamingTest, StrangersNamesAreRefused) {
  EXPECT_THAT(ParseSandboxName("/hungry_curie"),
              StatusIs(StatusCode::kInvalidArgument,
                       "failed to parse the sandbox name: \"hungry_curie\""));
  EXPECT_THAT(ParseContainerName("x_c_web_default_4711_0"),
              StatusIs(StatusCode::kInvalidArgument,
                       "container is not managed by kubernetes: "
                       "\"x_c_web_default_4711_0\""));
  EXPECT_THAT(
      ParseSandboxName("k8s_POD_web_default_4711_x"),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("attempt \"x\"")));
}

TEST(LabelsTest, AnnotationsGoThroughLabelsAndBack) {
  ProtoMap labels;
  labels["app"] = "web";
  ProtoMap annotations;
  annotations["note"] = "n";
  libdocker::StringMap merged = MakeLabels(labels, annotations);
  EXPECT_THAT(merged, UnorderedElementsAre(Pair("app", "web"),
                                           Pair("annotation.note", "n")));
  merged[kContainerTypeLabelKey] = kContainerTypeLabelSandbox;
  merged[kSandboxIDLabelKey] = "id";
  merged[kContainerLogPathLabelKey] = "/l";
  merged[kKubernetesContainerNameLabel] = "POD";
  ProtoMap labels_back;
  ProtoMap annotations_back;
  ExtractLabels(merged, labels_back, annotations_back);
  EXPECT_EQ(labels_back.size(), 1u);
  EXPECT_EQ(labels_back.at("app"), "web");
  EXPECT_EQ(annotations_back.size(), 1u);
  EXPECT_EQ(annotations_back.at("note"), "n");
}

TEST(LabelsTest, ContainersKeepTheirNameLabel) {
  libdocker::StringMap input;
  input[kContainerTypeLabelKey] = kContainerTypeLabelContainer;
  input[kKubernetesContainerNameLabel] = "server";
  ProtoMap labels;
  ProtoMap annotations;
  ExtractLabels(input, labels, annotations);
  EXPECT_EQ(labels.at(kKubernetesContainerNameLabel), "server");
}

TEST(TimestampTest, EnginesZeroIsNever) {
  absl::StatusOr<absl::Time> never =
      ParseDockerTimestamp("0001-01-01T00:00:00Z");
  ASSERT_THAT(never, IsOk());
  EXPECT_EQ(*never, absl::InfinitePast());
  absl::StatusOr<absl::Time> time =
      ParseDockerTimestamp("2021-02-03T04:05:06.789012345Z");
  ASSERT_THAT(time, IsOk());
  EXPECT_EQ(absl::ToUnixNanos(*time), 1612325106789012345);
  EXPECT_THAT(ParseDockerTimestamp("yesterday"),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST(MountsTest, BecomeBindings) {
  google::protobuf::RepeatedPtrField<runtimeapi::Mount> mounts;
  runtimeapi::Mount& plain = *mounts.Add();
  plain.set_host_path("/h");
  plain.set_container_path("/c");
  runtimeapi::Mount& shared = *mounts.Add();
  shared = plain;
  shared.set_readonly(true);
  shared.set_propagation(runtimeapi::PROPAGATION_BIDIRECTIONAL);
  EXPECT_THAT(GenerateMountBindings(mounts),
              ElementsAre("/h:/c", "/h:/c:ro,rshared"));
}

TEST(ImageTest, PullableIdNeedsADigest) {
  libdocker::Image image;
  EXPECT_EQ(ToPullableImageId("sha256:1", image), "docker://sha256:1");
  image.repo_digests.push_back("n@sha256:2");
  EXPECT_EQ(ToPullableImageId("sha256:1", image),
            "docker-pullable://n@sha256:2");
}

}  // namespace
}  // namespace fairway::runtime::dockershim
