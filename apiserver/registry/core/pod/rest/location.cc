// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/pod/strategy.go (v1.20.2)
#include "apiserver/registry/core/pod/rest/location.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "api/errors.h"

namespace fairway::apiserver::registry::pod {
namespace {

std::string StreamParams(const Json& options) {
  std::vector<std::string> ports;
  for (const Json& port : ArrayAt(options, {"ports"})) {
    if (port.is_number_integer()) {
      ports.push_back(std::to_string(port.get<int64_t>()));
    }
  }
  if (ports.empty()) return "";
  return net::http::EncodeQuery({{"port", absl::StrJoin(ports, ",")}});
}

}  // namespace

Task<absl::StatusOr<Location>> PortForwardLocation(
    rest::Storage& pods, node::ConnectionInfoGetter& connections,
    std::string ns, std::string name, Json options) {
  std::string get_name = name;
  absl::StatusOr<Json> pod =
      co_await pods.Get(std::move(ns), std::move(get_name));
  if (!pod.ok()) co_return pod.status();
  std::string node = StringAt(*pod, {"spec", "nodeName"});
  if (node.empty()) {
    co_return api::NewBadRequest(
        absl::StrCat("pod ", name, " does not have a host assigned"));
  }
  absl::StatusOr<node::ConnectionInfo> info =
      co_await connections.GetConnectionInfo(std::move(node));
  if (!info.ok()) co_return info.status();
  Location location;
  location.url.scheme = info->scheme;
  location.url.host = info->hostname;
  location.url.port = info->port;
  location.url.path =
      absl::StrCat("/portForward/", StringAt(*pod, {"metadata", "namespace"}),
                   "/", StringAt(*pod, {"metadata", "name"}));
  location.url.raw_query = StreamParams(options);
  location.dial = std::move(info->dial);
  co_return location;
}

}  // namespace fairway::apiserver::registry::pod
