// SPDX-License-Identifier: Apache-2.0
#include "kubelet/pod/pod_manager.h"

#include <gtest/gtest.h>

namespace fairway::kubelet::pod {
namespace {

api::Pod MakePod(std::string name, std::string uid) {
  api::Pod pod;
  pod.metadata.name = std::move(name);
  pod.metadata.namespace_ = "default";
  pod.metadata.uid = std::move(uid);
  return pod;
}

api::Pod MakeMirrorPod(std::string name, std::string uid) {
  api::Pod pod = MakePod(std::move(name), std::move(uid));
  pod.metadata.annotations[kConfigMirrorAnnotationKey] = "hash";
  return pod;
}

TEST(PodManagerTest, FindsPodByNameFullNameAndUid) {
  Manager manager;
  manager.AddPod(MakePod("web", "u1"));
  ASSERT_NE(manager.GetPodByName("default", "web"), nullptr);
  EXPECT_EQ(manager.GetPodByName("default", "web")->metadata.uid, "u1");
  ASSERT_NE(manager.GetPodByFullName("web_default"), nullptr);
  ASSERT_NE(manager.GetPodByUID("u1"), nullptr);
  EXPECT_EQ(manager.GetPodByName("other", "web"), nullptr);
  EXPECT_EQ(manager.GetPodByUID("u2"), nullptr);
}

TEST(PodManagerTest, MirrorPodIsFoundOnlyByItsStaticPod) {
  Manager manager;
  manager.AddPod(MakePod("static", "static-uid"));
  manager.AddPod(MakeMirrorPod("static", "mirror-uid"));
  EXPECT_EQ(manager.GetPodByUID("mirror-uid"), nullptr);
  EXPECT_EQ(manager.GetPods().size(), 1u);
  EXPECT_EQ(manager.GetPodByName("default", "static")->metadata.uid,
            "static-uid");
  const api::Pod* mirror =
      manager.GetMirrorPodByPod(MakePod("static", "static-uid"));
  ASSERT_NE(mirror, nullptr);
  EXPECT_EQ(mirror->metadata.uid, "mirror-uid");
}

TEST(PodManagerTest, TranslatesMirrorUidWhicheverCameFirst) {
  Manager manager;
  manager.AddPod(MakeMirrorPod("a", "mirror-a"));
  EXPECT_EQ(manager.TranslatePodUID("mirror-a"), "mirror-a");
  manager.AddPod(MakePod("a", "static-a"));
  EXPECT_EQ(manager.TranslatePodUID("mirror-a"), "static-a");
  EXPECT_EQ(manager.TranslatePodUID("static-a"), "static-a");
  EXPECT_EQ(manager.TranslatePodUID(""), "");
  manager.DeletePod(MakeMirrorPod("a", "mirror-a"));
  EXPECT_EQ(manager.TranslatePodUID("mirror-a"), "mirror-a");
}

TEST(PodManagerTest, DeletingPredecessorKeepsSuccessorOfItsName) {
  Manager manager;
  manager.AddPod(MakePod("web", "old"));
  manager.AddPod(MakePod("web", "new"));
  manager.DeletePod(MakePod("web", "old"));
  ASSERT_NE(manager.GetPodByName("default", "web"), nullptr);
  EXPECT_EQ(manager.GetPodByName("default", "web")->metadata.uid, "new");
  EXPECT_EQ(manager.GetPodByUID("old"), nullptr);
}

TEST(PodManagerTest, UpdateReplacesPod) {
  Manager manager;
  manager.SetPods({MakePod("web", "u1"), MakePod("db", "u2")});
  api::Pod pod = MakePod("web", "u1");
  pod.node_name = "n1";
  manager.UpdatePod(pod);
  EXPECT_EQ(manager.GetPodByUID("u1")->node_name, "n1");
  EXPECT_EQ(manager.GetPods().size(), 2u);
}

}  // namespace
}  // namespace fairway::kubelet::pod
