// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/pod/rest/subresources.go (v1.20.2; WebSocket:
// v1.31.0)
#include "apiserver/registry/core/pod/rest/subresources.h"

#include <glog/logging.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apiserver/proxy/metrics.h"
#include "apiserver/proxy/stream_tunnel.h"
#include "apiserver/registry/core/pod/rest/location.h"
#include "base/metrics/metrics.h"
#include "net/proxy/upgrade_aware.h"
#include "net/websocket/handshake.h"

namespace fairway::apiserver::registry::pod {
namespace {

void NoteRedirect(const net::http::Url& from, const net::http::Url& to) {
  static Counter* const followed = new Counter(
      "apiserver_proxy_redirects_followed_total",
      "Number of redirects of kubelets that were followed to a streaming "
      "server.");
  followed->Increment();
  // The path of `to` holds a token.
  LOG(INFO) << "following redirect of " << from.HostPort() << " to "
            << to.HostPort();
}

enum class InterceptRedirects { kNo, kYes };

// Mirrors: newThrottledUpgradeAwareProxyHandler. An upgrade is always required
// here, and the transport is never wrapped.
net::http::Handler NewThrottledUpgradeAwareProxyHandler(
    Location location, InterceptRedirects intercept,
    const ProxyOptions& options, rest::Responder responder) {
  net::proxy::UpgradeAwareOptions proxy;
  proxy.location = std::move(location.url);
  proxy.dial = std::move(location.dial);
  proxy.intercept_redirects = intercept == InterceptRedirects::kYes &&
                              options.streaming_proxy_redirects;
  proxy.require_same_host_redirects = options.validate_proxy_redirects;
  proxy.max_bytes_per_sec = options.max_bytes_per_sec;
  proxy.responder = std::move(responder);
  proxy.on_redirect = &NoteRedirect;
  auto handler =
      std::make_shared<net::proxy::UpgradeAwareHandler>(std::move(proxy));
  return [handler](net::http::ServerRequest& request,
                   net::http::ResponseWriter& writer) {
    return handler->ServeHTTP(request, writer);
  };
}

// A WebSocket that tunnels SPDY ends here; the older kind, with channels, goes
// on to the kubelet as it is.
net::http::Handler WithTunnels(net::http::Handler upgrade_handler) {
  auto tunneling =
      std::make_shared<const proxy::TunnelingHandler>(upgrade_handler);
  net::http::Handler tunnel = [tunneling](net::http::ServerRequest& request,
                                          net::http::ResponseWriter& writer) {
    return tunneling->ServeHTTP(request, writer);
  };
  return proxy::NewTranslatingHandler(
      std::move(upgrade_handler), std::move(tunnel),
      &proxy::IsWebSocketRequestWithTunnelingProtocol);
}

// Counts the WebSockets that come to `handler`.
net::http::Handler CountWebSockets(net::http::Handler handler,
                                   bool with_tunnels) {
  return [handler = std::move(handler), with_tunnels](
             net::http::ServerRequest& request,
             net::http::ResponseWriter& writer) {
    if (net::websocket::IsWebSocketRequest(request.headers)) {
      const bool ends_here =
          with_tunnels &&
          proxy::IsWebSocketRequestWithTunnelingProtocol(request.headers);
      proxy::IncWebSocketStreamingRequest(
          "portforward",
          ends_here ? proxy::kTranslatedAtApiserver : proxy::kProxiedToKubelet);
    }
    return handler(request, writer);
  };
}

class PortForwardREST final : public rest::Connecter {
 public:
  PortForwardREST(rest::Storage* store,
                  node::ConnectionInfoGetter* kubelet_conn,
                  ProxyOptions options)
      : store_(store), kubelet_conn_(kubelet_conn), options_(options) {}

  std::string options_kind() const override { return "PodPortForwardOptions"; }

  std::vector<std::string> connect_methods() const override {
    return {"GET", "POST"};
  }

  absl::StatusOr<Json> DecodeOptions(
      const net::http::Query& query) const override {
    Json options;
    options["kind"] = options_kind();
    options["apiVersion"] = "v1";
    for (const auto& [key, value] : query) {
      if (key != "ports") continue;
      for (const std::string& text :
           std::vector<std::string>(absl::StrSplit(value, ','))) {
        uint32_t port = 0;
        const bool number = absl::SimpleAtoi(text, &port);
        if (!number || port > 65535) {
          return absl::InvalidArgumentError(absl::StrCat(
              "strconv.ParseUint: parsing \"", text,
              "\": ", number ? "value out of range" : "invalid syntax"));
        }
        options["ports"].push_back(port);
      }
    }
    return options;
  }

  Task<absl::StatusOr<net::http::Handler>> Connect(
      std::string ns, std::string name, Json options,
      rest::Responder responder) override {
    absl::StatusOr<Location> location =
        co_await PortForwardLocation(*store_, *kubelet_conn_, std::move(ns),
                                     std::move(name), std::move(options));
    if (!location.ok()) co_return location.status();
    net::http::Handler handler = NewThrottledUpgradeAwareProxyHandler(
        *std::move(location), InterceptRedirects::kYes, options_,
        std::move(responder));
    if (options_.port_forward_websockets) {
      handler = WithTunnels(std::move(handler));
    }
    co_return CountWebSockets(std::move(handler),
                              options_.port_forward_websockets);
  }

 private:
  rest::Storage* store_;
  node::ConnectionInfoGetter* kubelet_conn_;
  ProxyOptions options_;
};

}  // namespace

std::unique_ptr<rest::Connecter> NewPortForwardREST(
    rest::Storage* store, node::ConnectionInfoGetter* kubelet_conn,
    ProxyOptions options) {
  return std::make_unique<PortForwardREST>(store, kubelet_conn, options);
}

}  // namespace fairway::apiserver::registry::pod
