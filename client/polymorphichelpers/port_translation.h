// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/portforward/portforward.go (v0.20.2; an empty
// remote port as in 0.30): translateServicePortToTargetPort,
// convertPodNamedPortToNumber, checkUDPPorts
// What a person typed as ports, as numbers of one pod's ports.
//
// Ports are "5000", "8888:https", ":80" and "unix:PATH:http": the local end
// stays as it is, and "80" is both ends.
#ifndef CLIENT_POLYMORPHICHELPERS_PORT_TRANSLATION_H_
#define CLIENT_POLYMORPHICHELPERS_PORT_TRANSLATION_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/object.h"
#include "api/workload.h"

namespace fairway::polymorphichelpers {

// A service's ports, by number or name, as the ports of `pod` behind them:
// "80" with targetPort 8080 is "80:8080". The local end of a name alone is the
// service's port. Errors: of LookupServicePortNumberByName and
// LookupContainerPortNumberByServicePort.
absl::StatusOr<std::vector<std::string>> TranslateServicePortToTargetPort(
    const std::vector<std::string>& ports, const api::Service& service,
    const api::Pod& pod);

// The ports with a container port's name replaced by its number; the local end
// of a name alone is that number too.
// Errors: kNotFound "Pod 'x' does not have a named port 'http'";
// kInvalidArgument "remote port cannot be empty".
absl::StatusOr<std::vector<std::string>> ConvertPodNamedPortToNumber(
    const std::vector<std::string>& ports, const api::Pod& pod);

// Refuses a port that is declared for UDP and not for TCP: kUnimplemented "UDP
// protocol is not supported for 53". Ports that nobody declared pass.
// Errors besides: of the lookup of a name.
absl::Status CheckUDPPortInService(const std::vector<std::string>& ports,
                                   const api::Service& service);
absl::Status CheckUDPPortInPod(const std::vector<std::string>& ports,
                               const api::Pod& pod);

}  // namespace fairway::polymorphichelpers

#endif  // CLIENT_POLYMORPHICHELPERS_PORT_TRANSLATION_H_
