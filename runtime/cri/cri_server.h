// SPDX-License-Identifier: Apache-2.0
// A runtime's two services on a gRPC server, under the names that kubelets and
// crictl of every age call: runtime.v1 and runtime.v1alpha2, which are the same
// messages.
#ifndef RUNTIME_CRI_CRI_SERVER_H_
#define RUNTIME_CRI_CRI_SERVER_H_

#include "kubelet/cri/services.h"
#include "net/grpc/grpc.h"

namespace fairway::runtime::cri {

// `service` must outlive `server`.
void RegisterRuntimeService(net::grpc::Server& server,
                            kubelet::cri::RuntimeService& service);
void RegisterImageService(net::grpc::Server& server,
                          kubelet::cri::ImageManagerService& service);

}  // namespace fairway::runtime::cri

#endif  // RUNTIME_CRI_CRI_SERVER_H_
