// SPDX-License-Identifier: Apache-2.0
#include "runtime/cri/cri_server.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"

namespace fairway::runtime::cri {
namespace {

using kubelet::cri::ImageManagerService;
using kubelet::cri::RuntimeService;

template <typename Service, typename Request, typename Response>
using Method = Task<absl::StatusOr<Response>> (Service::*)(Request);

// Registers one service's methods under the service's name in each version.
template <typename Service>
class Registrar {
 public:
  Registrar(net::grpc::Server& server, Service& service, absl::string_view name)
      : server_(server), service_(service), name_(name) {}

  template <typename Request, typename Response>
  Registrar& Add(absl::string_view method_name,
                 Method<Service, Request, Response> method) {
    for (absl::string_view version : {"v1", "v1alpha2"}) {
      server_.AddMethod<Request, Response>(
          absl::StrCat("/runtime.", version, ".", name_, "/", method_name),
          [&service = service_, method](Request request) {
            return (service.*method)(std::move(request));
          });
    }
    return *this;
  }

 private:
  net::grpc::Server& server_;
  Service& service_;
  const std::string name_;
};

}  // namespace

void RegisterRuntimeService(net::grpc::Server& server,
                            RuntimeService& service) {
  using S = RuntimeService;
  Registrar<S>(server, service, "RuntimeService")
      .Add("Version", &S::Version)
      .Add("RunPodSandbox", &S::RunPodSandbox)
      .Add("StopPodSandbox", &S::StopPodSandbox)
      .Add("RemovePodSandbox", &S::RemovePodSandbox)
      .Add("PodSandboxStatus", &S::PodSandboxStatus)
      .Add("ListPodSandbox", &S::ListPodSandbox)
      .Add("CreateContainer", &S::CreateContainer)
      .Add("StartContainer", &S::StartContainer)
      .Add("StopContainer", &S::StopContainer)
      .Add("RemoveContainer", &S::RemoveContainer)
      .Add("ListContainers", &S::ListContainers)
      .Add("ContainerStatus", &S::ContainerStatus)
      .Add("UpdateContainerResources", &S::UpdateContainerResources)
      .Add("ReopenContainerLog", &S::ReopenContainerLog)
      .Add("ExecSync", &S::ExecSync)
      .Add("Exec", &S::Exec)
      .Add("Attach", &S::Attach)
      .Add("PortForward", &S::PortForward)
      .Add("ContainerStats", &S::ContainerStats)
      .Add("ListContainerStats", &S::ListContainerStats)
      .Add("PodSandboxStats", &S::PodSandboxStats)
      .Add("ListPodSandboxStats", &S::ListPodSandboxStats)
      .Add("UpdateRuntimeConfig", &S::UpdateRuntimeConfig)
      .Add("Status", &S::Status);
}

void RegisterImageService(net::grpc::Server& server,
                          ImageManagerService& service) {
  using S = ImageManagerService;
  Registrar<S>(server, service, "ImageService")
      .Add("ListImages", &S::ListImages)
      .Add("ImageStatus", &S::ImageStatus)
      .Add("PullImage", &S::PullImage)
      .Add("RemoveImage", &S::RemoveImage)
      .Add("ImageFsInfo", &S::ImageFsInfo);
}

}  // namespace fairway::runtime::cri
