// SPDX-License-Identifier: Apache-2.0
// A container runtime in memory.
#ifndef KUBELET_KUBERUNTIME_TESTING_FAKE_RUNTIME_H_
#define KUBELET_KUBERUNTIME_TESTING_FAKE_RUNTIME_H_

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "kubelet/cri/services.h"

namespace fairway::kubelet::kuberuntime {

// Keeps sandboxes and containers as a runtime does, and notes what was called:
// "RunPodSandbox web 0", "StartContainer web/main 0", "StopContainer web/main
// 30", "PullImage busybox". Its clock stands still but for Advance().
class FakeRuntime : public cri::RuntimeService,
                    public cri::ImageManagerService {
 public:
  // What the test does to the node.
  void ExitContainer(const std::string& pod, const std::string& container,
                     int exit_code);
  void KillSandbox(const std::string& pod);
  void Advance(absl::Duration by) { now_ += by; }
  absl::Time now() const { return now_; }
  // The next call of `method` fails with `status`.
  void FailNext(const std::string& method, absl::Status status) {
    failures_[method].push_back(std::move(status));
  }
  // Forgets what was called.
  std::vector<std::string> TakeCalls();

  std::vector<std::string> calls;
  std::set<std::string> images;
  // By ID, in the order of their making.
  std::map<std::string, runtimeapi::PodSandboxStatus> sandboxes;
  std::map<std::string, runtimeapi::ContainerStatus> containers;
  std::map<std::string, std::string> sandbox_of;  // by container ID
  std::vector<runtimeapi::CreateContainerRequest> create_requests;
  std::vector<runtimeapi::RunPodSandboxRequest> run_requests;
  std::vector<runtimeapi::PortForwardRequest> port_forward_requests;
  std::string ip = "10.88.0.7";

  Task<absl::StatusOr<runtimeapi::VersionResponse>> Version(
      runtimeapi::VersionRequest request) override;
  Task<absl::StatusOr<runtimeapi::RunPodSandboxResponse>> RunPodSandbox(
      runtimeapi::RunPodSandboxRequest request) override;
  Task<absl::StatusOr<runtimeapi::StopPodSandboxResponse>> StopPodSandbox(
      runtimeapi::StopPodSandboxRequest request) override;
  Task<absl::StatusOr<runtimeapi::RemovePodSandboxResponse>> RemovePodSandbox(
      runtimeapi::RemovePodSandboxRequest request) override;
  Task<absl::StatusOr<runtimeapi::PodSandboxStatusResponse>> PodSandboxStatus(
      runtimeapi::PodSandboxStatusRequest request) override;
  Task<absl::StatusOr<runtimeapi::ListPodSandboxResponse>> ListPodSandbox(
      runtimeapi::ListPodSandboxRequest request) override;
  Task<absl::StatusOr<runtimeapi::CreateContainerResponse>> CreateContainer(
      runtimeapi::CreateContainerRequest request) override;
  Task<absl::StatusOr<runtimeapi::StartContainerResponse>> StartContainer(
      runtimeapi::StartContainerRequest request) override;
  Task<absl::StatusOr<runtimeapi::StopContainerResponse>> StopContainer(
      runtimeapi::StopContainerRequest request) override;
  Task<absl::StatusOr<runtimeapi::RemoveContainerResponse>> RemoveContainer(
      runtimeapi::RemoveContainerRequest request) override;
  Task<absl::StatusOr<runtimeapi::ListContainersResponse>> ListContainers(
      runtimeapi::ListContainersRequest request) override;
  Task<absl::StatusOr<runtimeapi::ContainerStatusResponse>> ContainerStatus(
      runtimeapi::ContainerStatusRequest request) override;
  Task<absl::StatusOr<runtimeapi::PortForwardResponse>> PortForward(
      runtimeapi::PortForwardRequest request) override;
  Task<absl::StatusOr<runtimeapi::StatusResponse>> Status(
      runtimeapi::StatusRequest request) override;
  Task<absl::StatusOr<runtimeapi::ListImagesResponse>> ListImages(
      runtimeapi::ListImagesRequest request) override;
  Task<absl::StatusOr<runtimeapi::ImageStatusResponse>> ImageStatus(
      runtimeapi::ImageStatusRequest request) override;
  Task<absl::StatusOr<runtimeapi::PullImageResponse>> PullImage(
      runtimeapi::PullImageRequest request) override;
  Task<absl::StatusOr<runtimeapi::RemoveImageResponse>> RemoveImage(
      runtimeapi::RemoveImageRequest request) override;

 private:
  absl::Status TakeFailure(const std::string& method);
  void Exit(runtimeapi::ContainerStatus& status, int exit_code);
  std::string NameOf(const std::string& container_id) const;
  int64_t Tick() { return absl::ToUnixNanos(now_) + ++ticks_; }

  absl::Time now_ = absl::FromUnixSeconds(1'600'000'000);
  int64_t ticks_ = 0;
  int next_id_ = 100;
  std::map<std::string, std::deque<absl::Status>> failures_;
};

}  // namespace fairway::kubelet::kuberuntime

#endif  // KUBELET_KUBERUNTIME_TESTING_FAKE_RUNTIME_H_
