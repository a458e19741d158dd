// SPDX-License-Identifier: Apache-2.0
// Mirrors: PortForwardLocation, streamParams and getPod of
// pkg/registry/core/pod/strategy.go (v1.20.2)
#ifndef APISERVER_REGISTRY_CORE_POD_REST_LOCATION_H_
#define APISERVER_REGISTRY_CORE_POD_REST_LOCATION_H_

#include <string>

#include "absl/status/statusor.h"
#include "apiserver/registry/core/node/kubelet_client.h"
#include "apiserver/registry/rest/rest.h"
#include "base/task/task.h"
#include "net/http/transport.h"
#include "net/http/url.h"

namespace fairway::apiserver::registry::pod {

struct Location {
  net::http::Url url;
  net::http::DialOptions dial;
};

// The kubelet's URL for the pod. `options` is a PodPortForwardOptions; its
// ports, comma-joined, become the query's `port`. `pods` and `connections` must
// outlive the Task.
// Errors: 404; 400 "pod X does not have a host assigned"; of
// GetConnectionInfo.
Task<absl::StatusOr<Location>> PortForwardLocation(
    rest::Storage& pods, node::ConnectionInfoGetter& connections,
    std::string ns, std::string name, Json options);

}  // namespace fairway::apiserver::registry::pod

#endif  // APISERVER_REGISTRY_CORE_POD_REST_LOCATION_H_
