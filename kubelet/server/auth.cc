// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/server/auth.go, cmd/kubelet/app/auth.go (v1.20.2)
#include "kubelet/server/auth.h"

#include <utility>

namespace fairway::kubelet::server {
namespace {

class AlwaysAllowAuthorizer : public Authorizer {
 public:
  absl::StatusOr<bool> Authorize(const Attributes&) override { return true; }
};

std::string VerbOf(const std::string& method) {
  if (method == "POST") return "create";
  if (method == "GET") return "get";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return "delete";
  return "";
}

bool OpensStreams(const net::http::ServerRequest& request,
                  absl::string_view first) {
  return first == "portForward" || first == "cri" ||
         request.headers.HasToken("Connection", "Upgrade");
}

}  // namespace

std::unique_ptr<Authorizer> NewAlwaysAllowAuthorizer() {
  return std::make_unique<AlwaysAllowAuthorizer>();
}

absl::optional<UserInfo> Authenticate(const net::http::ServerRequest& request,
                                      AnonymousAuth anonymous) {
  const net::PeerCertificate* certificate = request.peer_certificate;
  if (certificate != nullptr && !certificate->common_name.empty()) {
    return UserInfo{certificate->common_name, certificate->organizations};
  }
  if (anonymous == AnonymousAuth::kAllowed) {
    return UserInfo{"system:anonymous", {"system:unauthenticated"}};
  }
  return absl::nullopt;
}

Attributes GetRequestAttributes(absl::string_view node_name, UserInfo user,
                                const net::http::ServerRequest& request) {
  Attributes attributes;
  attributes.user = std::move(user);
  attributes.resource = "nodes";
  attributes.subresource = "proxy";
  attributes.name = std::string(node_name);
  attributes.path = request.url.path;
  const absl::string_view first =
      request.path_segments.empty()
          ? absl::string_view()
          : absl::string_view(request.path_segments.front());
  attributes.verb =
      OpensStreams(request, first) ? "create" : VerbOf(request.method);
  if (first == "stats" || first == "metrics") {
    attributes.subresource = std::string(first);
  } else if (first == "logs") {
    attributes.subresource = "log";
  }
  return attributes;
}

}  // namespace fairway::kubelet::server
