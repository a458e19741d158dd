// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/util/{pod,service}_port.go (v0.20.2)
#include "client/polymorphichelpers/service_port.h"

#include "absl/strings/str_cat.h"

namespace fairway::polymorphichelpers {

absl::StatusOr<int32_t> LookupContainerPortNumberByName(
    const api::Pod& pod, absl::string_view name) {
  for (const api::Container& container : pod.containers) {
    for (const api::ContainerPort& port : container.ports) {
      if (port.name == name) return port.container_port;
    }
  }
  return absl::NotFoundError(absl::StrCat(
      "Pod '", pod.metadata.name, "' does not have a named port '", name, "'"));
}

absl::StatusOr<int32_t> LookupContainerPortNumberByServicePort(
    const api::Service& service, const api::Pod& pod, int64_t port) {
  for (const api::ServicePort& candidate : service.ports) {
    if (candidate.port != port) continue;
    if (service.cluster_ip == api::kClusterIpNone) return candidate.port;
    const api::IntOrString& target = candidate.target_port;
    if (!target.name.empty()) {
      return LookupContainerPortNumberByName(pod, target.name);
    }
    return target.number == 0 ? candidate.port : target.number;
  }
  return absl::NotFoundError(absl::StrCat("Service ", service.metadata.name,
                                          " does not have a service port ",
                                          port));
}

absl::StatusOr<int32_t> LookupServicePortNumberByName(
    const api::Service& service, absl::string_view name) {
  for (const api::ServicePort& port : service.ports) {
    if (port.name == name) return port.port;
  }
  return absl::NotFoundError(absl::StrCat("Service '", service.metadata.name,
                                          "' does not have a named port '",
                                          name, "'"));
}

}  // namespace fairway::polymorphichelpers
