// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/client/kubelet_client.go (v1.20.2)
// Where a node's kubelet listens, and how to be believed there.
#ifndef APISERVER_REGISTRY_CORE_NODE_KUBELET_CLIENT_H_
#define APISERVER_REGISTRY_CORE_NODE_KUBELET_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/registry/rest/rest.h"
#include "base/task/task.h"
#include "net/http/transport.h"

namespace fairway::apiserver::registry::node {

struct KubeletClientConfig {
  // In order of preference: "Hostname", "InternalIP", ...
  std::vector<std::string> preferred_address_types;
  int default_port = 10250;
  net::http::DialOptions dial;
};

struct ConnectionInfo {
  std::string scheme;
  std::string hostname;
  std::string port;
  net::http::DialOptions dial;
};

// Mirrors: ConnectionInfoGetter.
class ConnectionInfoGetter {
 public:
  virtual ~ConnectionInfoGetter() = default;
  // Errors: 404 for no such node; NoMatchError's text, "no preferred addresses
  // found; known addresses: [...]".
  virtual Task<absl::StatusOr<ConnectionInfo>> GetConnectionInfo(
      std::string node_name) = 0;
};

// Reads the node's status. `nodes` outlives it.
std::unique_ptr<ConnectionInfoGetter> NewNodeConnectionInfoGetter(
    rest::Storage* nodes, KubeletClientConfig config);

// Mirrors: pkg/util/node.GetPreferredNodeAddress. Errors: kNotFound.
absl::StatusOr<std::string> GetPreferredNodeAddress(
    const Json& node, const std::vector<std::string>& preferred_types);

}  // namespace fairway::apiserver::registry::node

#endif  // APISERVER_REGISTRY_CORE_NODE_KUBELET_CLIENT_H_
