// SPDX-License-Identifier: Apache-2.0
// KubeClient by way of the API's REST interface.
#ifndef KUBELET_REST_KUBE_CLIENT_H_
#define KUBELET_REST_KUBE_CLIENT_H_

#include <memory>

#include "client/rest/rest_client.h"
#include "kubelet/kube_client.h"

namespace fairway::kubelet {

// Threads:  the executor of `client`.
// Lifetime: `client` must outlive it.
std::unique_ptr<KubeClient> NewRestKubeClient(rest::RESTClient& client);

}  // namespace fairway::kubelet

#endif  // KUBELET_REST_KUBE_CLIENT_H_
