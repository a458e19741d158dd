// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/client/kubelet_client.go (v1.20.2)
// Where a node's kubelet listens, and how to be believed there.
#ifndef APISERVER_REGISTRY_CORE_NODE_KUBELET_CLIENT_H_
#define APISERVER_REGISTRY_CORE_NODE_KUBELET_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "apiserver/registry/rest/rest.h"
#include "base/task/task.h"
#include "net/http/transport.h"

namespace fairway::apiserver::registry::node {

// Whether a kubelet may listen on the API server's own loopback. Whoever writes
// a node's status says where its kubelet is, and so could have the API server's
// neighbours called with its certificate.
enum class LoopbackKubelets { kRefused, kAllowed };

struct KubeletClientConfig {
  // In order of preference: "Hostname", "InternalIP", ...
  std::vector<std::string> preferred_address_types;
  int default_port = 10250;
  LoopbackKubelets loopback = LoopbackKubelets::kRefused;
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

// Whether a kubelet's IP may be dialled: a global one, or loopback if
// `loopback` says so (CVE-2022-3294).
// Mirrors: k8s.io/apimachinery/pkg/util/proxy/dial.go: isProxyableIP (v1.24.8).
// Errors: kPermissionDenied "address not allowed".
absl::Status CheckKubeletAddress(absl::string_view ip,
                                 LoopbackKubelets loopback);

// Reads the node's status; what it gives dials only what CheckKubeletAddress()
// lets pass, after names are resolved. `nodes` outlives it.
std::unique_ptr<ConnectionInfoGetter> NewNodeConnectionInfoGetter(
    rest::Storage* nodes, KubeletClientConfig config);

// Mirrors: pkg/util/node.GetPreferredNodeAddress. Errors: kNotFound.
absl::StatusOr<std::string> GetPreferredNodeAddress(
    const Json& node, const std::vector<std::string>& preferred_types);

}  // namespace fairway::apiserver::registry::node

#endif  // APISERVER_REGISTRY_CORE_NODE_KUBELET_CLIENT_H_
