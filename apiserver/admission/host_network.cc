// SPDX-License-Identifier: Apache-2.0
// Mirrors: plugin/pkg/admission/exec/admission.go (v1.20.2)
#include "apiserver/admission/host_network.h"

#include <string>
#include <utility>

#include "api/errors.h"

namespace fairway::apiserver::admission {
namespace {

class DenyHostNetworkPortForward final : public Interface {
 public:
  explicit DenyHostNetworkPortForward(registry::rest::Storage* pods)
      : pods_(pods) {}

  bool Handles(Operation operation) const override {
    return operation == Operation::kConnect;
  }

  Task<absl::Status> Validate(const Attributes& a) override {
    if (a.resource != "pods" || a.subresource != "portforward") {
      co_return absl::OkStatus();
    }
    std::string ns = a.ns;
    std::string name = a.name;
    absl::StatusOr<Json> pod =
        co_await pods_->Get(std::move(ns), std::move(name));
    if (!pod.ok()) {
      co_return absl::IsNotFound(pod.status()) ? absl::OkStatus()
                                               : pod.status();
    }
    if (!BoolAt(*pod, {"spec", "hostNetwork"})) co_return absl::OkStatus();
    co_return api::NewForbidden("pods", a.name,
                                "cannot port-forward to a pod using host "
                                "network");
  }

 private:
  registry::rest::Storage* pods_;
};

}  // namespace

std::unique_ptr<Interface> NewDenyHostNetworkPortForward(
    registry::rest::Storage* pods) {
  return std::make_unique<DenyHostNetworkPortForward>(pods);
}

}  // namespace fairway::apiserver::admission
