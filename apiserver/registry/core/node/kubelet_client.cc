// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/client/kubelet_client.go (v1.20.2)
#include "apiserver/registry/core/node/kubelet_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apiserver/registry/rest/status_details.h"
#include "net/socket/address_class.h"

namespace fairway::apiserver::registry::node {
namespace {

class NodeConnectionInfoGetter final : public ConnectionInfoGetter {
 public:
  NodeConnectionInfoGetter(rest::Storage* nodes, KubeletClientConfig config)
      : nodes_(nodes), config_(std::move(config)) {
    config_.dial.address_filter =
        [loopback = config_.loopback](const std::string& ip) {
          return CheckKubeletAddress(ip, loopback);
        };
  }

  Task<absl::StatusOr<ConnectionInfo>> GetConnectionInfo(
      std::string node_name) override {
    std::string no_namespace;
    absl::StatusOr<Json> node =
        co_await nodes_->Get(std::move(no_namespace), std::move(node_name));
    if (!node.ok()) co_return node.status();
    absl::StatusOr<std::string> host =
        GetPreferredNodeAddress(*node, config_.preferred_address_types);
    if (!host.ok()) {
      co_return NewStatusError(500, "", host.status().message());
    }
    const int64_t reported =
        IntAt(*node, {"status", "daemonEndpoints", "kubeletEndpoint", "Port"})
            .value_or(0);
    ConnectionInfo info;
    info.scheme = "https";
    info.hostname = *std::move(host);
    info.port = std::to_string(
        reported > 0 && reported <= 65535 ? reported : config_.default_port);
    info.dial = config_.dial;
    co_return info;
  }

 private:
  rest::Storage* nodes_;
  KubeletClientConfig config_;
};

}  // namespace

absl::Status CheckKubeletAddress(absl::string_view ip,
                                 LoopbackKubelets loopback) {
  const net::AddressClass kind = net::ClassifyAddress(ip);
  if (kind == net::AddressClass::kGlobal ||
      (kind == net::AddressClass::kLoopback &&
       loopback == LoopbackKubelets::kAllowed)) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError("address not allowed");
}

std::unique_ptr<ConnectionInfoGetter> NewNodeConnectionInfoGetter(
    rest::Storage* nodes, KubeletClientConfig config) {
  return std::make_unique<NodeConnectionInfoGetter>(nodes, std::move(config));
}

absl::StatusOr<std::string> GetPreferredNodeAddress(
    const Json& node, const std::vector<std::string>& preferred_types) {
  const Json& addresses = ArrayAt(node, {"status", "addresses"});
  for (const std::string& type : preferred_types) {
    for (const Json& address : addresses) {
      if (StringAt(address, {"type"}) == type) {
        return StringAt(address, {"address"});
      }
    }
    if (type != "Hostname") continue;
    // A kubelet that reports no host name has a label all the same.
    std::string label =
        StringAt(node, {"metadata", "labels", "kubernetes.io/hostname"});
    if (!label.empty()) return label;
  }
  std::vector<std::string> known;
  for (const Json& address : addresses) {
    known.push_back(absl::StrCat("{", StringAt(address, {"type"}), " ",
                                 StringAt(address, {"address"}), "}"));
  }
  return absl::NotFoundError(
      absl::StrCat("no preferred addresses found; known addresses: [",
                   absl::StrJoin(known, " "), "]"));
}

}  // namespace fairway::apiserver::registry::node
