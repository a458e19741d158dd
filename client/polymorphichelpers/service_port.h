// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/util/{pod,service}_port.go (v0.20.2)
// The numbers behind the names of ports.
#ifndef CLIENT_POLYMORPHICHELPERS_SERVICE_PORT_H_
#define CLIENT_POLYMORPHICHELPERS_SERVICE_PORT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "api/object.h"
#include "api/workload.h"

namespace fairway::polymorphichelpers {

// Errors: kNotFound "Pod 'x' does not have a named port 'http'".
absl::StatusOr<int32_t> LookupContainerPortNumberByName(const api::Pod& pod,
                                                        absl::string_view name);

// The port of `pod` behind the port `port` of `service`: a headless service's
// own, else the targetPort, which without a value is the port itself.
// Errors: kNotFound "Service x does not have a service port 80"; of
// LookupContainerPortNumberByName for a targetPort that is a name.
absl::StatusOr<int32_t> LookupContainerPortNumberByServicePort(
    const api::Service& service, const api::Pod& pod, int64_t port);

// Errors: kNotFound "Service 'x' does not have a named port 'http'".
absl::StatusOr<int32_t> LookupServicePortNumberByName(
    const api::Service& service, absl::string_view name);

}  // namespace fairway::polymorphichelpers

#endif  // CLIENT_POLYMORPHICHELPERS_SERVICE_PORT_H_
