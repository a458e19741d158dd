// SPDX-License-Identifier: Apache-2.0
// Mirrors: plugin/pkg/admission/exec/admission.go (v1.20.2):
// DenyEscalatingExec, for port-forward No port-forward into the network of a
// node: the loopback of a pod with hostNetwork is the node's own, with whatever
// listens there for the node alone.
#ifndef APISERVER_ADMISSION_HOST_NETWORK_H_
#define APISERVER_ADMISSION_HOST_NETWORK_H_

#include <memory>

#include "apiserver/admission/admission.h"
#include "apiserver/registry/rest/rest.h"

namespace fairway::apiserver::admission {

// Its name in --enable-admission-plugins.
inline constexpr char kDenyHostNetworkPortForward[] =
    "DenyHostNetworkPortForward";

// Refuses to connect to pods/portforward of a pod whose spec.hostNetwork is
// true: 403 "cannot port-forward to a pod using host network". A pod that is
// not there is left to whoever serves the request. `pods` outlives it.
std::unique_ptr<Interface> NewDenyHostNetworkPortForward(
    registry::rest::Storage* pods);

}  // namespace fairway::apiserver::admission

#endif  // APISERVER_ADMISSION_HOST_NETWORK_H_
