// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/server/server.go (v1.20.2)
#include "kubelet/server/server.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "api/object.h"
#include "base/metrics/metrics.h"
#include "kubelet/cri/streaming/errors.h"
#include "kubelet/cri/streaming/portforward/options.h"
#include "net/proxy/upgrade_aware.h"
#include "net/tls/tls.h"
#include "net/websocket/handshake.h"

namespace fairway::kubelet::server {
namespace {

using net::http::Respond;
using net::http::ResponseWriter;
using net::http::ServerRequest;

constexpr char kText[] = "text/plain; charset=utf-8";

// Mirrors: pkg/kubelet/server/metrics/metrics.go.
struct Metrics {
  Counter requests{"kubelet_http_requests_total",
                   "Number of the http requests received since the server "
                   "started"};
  Histogram durations{"kubelet_http_requests_duration_seconds",
                      "Duration in seconds to serve http requests",
                      {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}};
  Gauge inflight{"kubelet_http_inflight_requests",
                 "Number of the inflight http requests"};
  Counter redirects{"kubelet_portforward_redirects_total",
                    "Number of port-forward requests that were answered with "
                    "a redirect to the container runtime"};
  Counter proxied{"kubelet_portforward_proxied_total",
                  "Number of port-forward requests that were carried to the "
                  "container runtime by the kubelet"};
  Counter websockets{"kubelet_websocket_streaming_requests_total",
                     "Total number of WebSocket streaming requests "
                     "(exec/attach/portforward) received by the kubelet."};
};

Metrics& TheMetrics() {
  static auto* metrics = new Metrics();
  return *metrics;
}

// Labels of a bounded number, whatever a peer sends.
Labels LabelsOf(const ServerRequest& request) {
  static constexpr absl::string_view kPaths[] = {
      "portForward", "pods", "healthz", "readyz", "metrics", "cri"};
  static constexpr absl::string_view kMethods[] = {
      "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS",
      "PATCH",   "POST",   "PUT", "TRACE"};
  std::string path = "other";
  if (!request.path_segments.empty()) {
    const absl::string_view first = request.path_segments.front();
    for (absl::string_view known : kPaths) {
      if (first == known) path = std::string(known);
    }
  }
  std::string method = "other";
  for (absl::string_view known : kMethods) {
    if (absl::string_view(request.method) == known) {
      method = std::string(known);
    }
  }
  const bool long_running = path == "portForward" || path == "cri";
  return {{"method", method},
          {"path", path},
          {"server_type", "readwrite"},
          {"long_running", long_running ? "true" : "false"}};
}

// Counts one request for as long as it lasts.
class RequestCount {
 public:
  explicit RequestCount(Labels labels)
      : labels_(std::move(labels)), began_(absl::Now()) {
    TheMetrics().requests.Increment(labels_);
    TheMetrics().inflight.Add(1, labels_);
  }
  ~RequestCount() {
    TheMetrics().inflight.Add(-1, labels_);
    TheMetrics().durations.Observe(absl::ToDoubleSeconds(absl::Now() - began_),
                                   labels_);
  }
  RequestCount(const RequestCount&) = delete;
  RequestCount& operator=(const RequestCount&) = delete;

 private:
  const Labels labels_;
  const absl::Time began_;
};

std::string HtmlEscape(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"},
                                    {"<", "&lt;"},
                                    {">", "&gt;"},
                                    {"\"", "&#34;"},
                                    {"'", "&#39;"}});
}

std::string HexEscapeNonASCII(absl::string_view text) {
  std::string out;
  for (const char byte : text) {
    if (static_cast<unsigned char>(byte) < 0x80) {
      out += byte;
    } else {
      absl::StrAppend(&out, "%",
                      absl::BytesToHexString(absl::string_view(&byte, 1)));
    }
  }
  return out;
}

Task<absl::Status> RespondProxyError(ServerRequest&, ResponseWriter& writer,
                                     absl::Status error) {
  LOG(ERROR) << "Error while proxying request: " << error;
  const std::string body = absl::StrCat(error.message(), "\n");
  writer.headers().Set("X-Content-Type-Options", "nosniff");
  absl::Status written = co_await Respond(writer, 500, kText, body);
  co_return written;
}

// Mirrors: proxyStream. `local` is who serves `url` in this process; null:
// nobody.
Task<absl::Status> ProxyStream(ServerRequest& request, ResponseWriter& writer,
                               net::http::Url url, net::http::Handler local) {
  if (url.scheme.empty()) url.scheme = "http";
  net::proxy::UpgradeAwareOptions options;
  options.responder = RespondProxyError;
  options.backend = std::move(local);
  if (url.scheme == "https" && options.backend == nullptr) {
    // Verified against the system's roots, as by Go's default transport.
    net::TlsClientConfig config;
    config.alpn.push_back("http/1.1");
    absl::StatusOr<std::shared_ptr<const net::TlsClientContext>> tls =
        net::NewTlsClientContext(config);
    if (!tls.ok()) {
      absl::Status answered =
          co_await RespondProxyError(request, writer, tls.status());
      co_return answered;
    }
    options.dial.tls = *std::move(tls);
  }
  options.location = std::move(url);
  net::proxy::UpgradeAwareHandler handler(std::move(options));
  absl::Status served = co_await handler.ServeHTTP(request, writer);
  co_return served;
}

Task<absl::Status> MethodNotAllowed(ResponseWriter& writer,
                                    const char* allowed) {
  writer.headers().Set("Allow", allowed);
  absl::Status written =
      co_await Respond(writer, 405, kText, "405: Method Not Allowed");
  co_return written;
}

}  // namespace

Server::Server(HostInterface& host, std::unique_ptr<Authorizer> authorizer,
               ServerOptions options)
    : host_(host),
      authorizer_(std::move(authorizer)),
      options_(std::move(options)) {}

Server::Refusal Server::CheckAuth(const ServerRequest& request) {
  absl::optional<UserInfo> user =
      Authenticate(request, options_.anonymous_auth);
  if (!user.has_value()) return {401, "Unauthorized"};
  const Attributes attributes =
      GetRequestAttributes(options_.node_name, *std::move(user), request);
  absl::StatusOr<bool> allowed = authorizer_->Authorize(attributes);
  if (allowed.ok() && *allowed) return {};
  const std::string who =
      absl::StrCat("(user=", attributes.user.name, ", verb=", attributes.verb,
                   ", resource=", attributes.resource,
                   ", subresource=", attributes.subresource, ")");
  if (!allowed.ok()) {
    LOG(ERROR) << "Authorization error " << who << ": " << allowed.status();
    return {500, absl::StrCat("Authorization error ", who)};
  }
  return {403, absl::StrCat("Forbidden ", who)};
}

Task<absl::Status> Server::ServeHTTP(ServerRequest& request,
                                     ResponseWriter& writer) {
  const RequestCount count(LabelsOf(request));
  const Refusal refusal = CheckAuth(request);
  absl::Status served;
  if (refusal.status != 0) {
    served = co_await Respond(writer, refusal.status, kText, refusal.text);
  } else {
    served = co_await Route(request, writer);
  }
  co_return served;
}

Task<absl::Status> Server::Route(ServerRequest& request,
                                 ResponseWriter& writer) {
  const std::vector<std::string>& segments = request.path_segments;
  const std::string first = segments.empty() ? "" : segments.front();
  const bool alone = segments.size() == 1;
  absl::Status served;
  if (first == "portForward" && segments.size() >= 3 && segments.size() <= 4) {
    if (request.method == "GET" || request.method == "POST") {
      served = co_await GetPortForward(request, writer);
    } else {
      served = co_await MethodNotAllowed(writer, "GET, POST");
    }
  } else if (first == "portForward") {
    served = co_await Respond(writer, 404, kText, "404: Page Not Found");
  } else if (first == "cri" && options_.cri_handler) {
    served = co_await options_.cri_handler(request, writer);
  } else if (first == "pods" && alone) {
    if (request.method == "GET") {
      served = co_await GetPods(writer);
    } else {
      served = co_await MethodNotAllowed(writer, "GET");
    }
  } else if (first == "healthz" && alone) {
    served = co_await Respond(writer, 200, kText, "ok");
  } else if (first == "readyz" && alone) {
    const absl::Status ready = host_.Ready();
    const std::string body =
        ready.ok() ? "ok" : absl::StrCat("not ready: ", ready.message(), "\n");
    served = co_await Respond(writer, ready.ok() ? 200 : 500, kText, body);
  } else if (first == "metrics" && alone) {
    const std::string body = MetricsText();
    served = co_await Respond(writer, 200, kMetricsContentType, body);
  } else {
    served = co_await Respond(writer, 404, kText, "404 page not found\n");
  }
  co_return served;
}

Task<absl::Status> Server::GetPods(ResponseWriter& writer) {
  std::string body =
      R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[)";
  bool first = true;
  for (const api::Pod& pod : host_.GetPods()) {
    absl::StrAppend(&body, first ? "" : ",", api::ToJson(pod));
    first = false;
  }
  body += "]}\n";
  absl::Status written =
      co_await Respond(writer, 200, "application/json", body);
  co_return written;
}

Task<absl::Status> Server::GetPortForward(ServerRequest& request,
                                          ResponseWriter& writer) {
  namespace portforward = cri::streaming::portforward;
  const std::string pod_namespace = request.path_segments[1];
  const std::string pod_name = request.path_segments[2];
  const std::string pod_uid =
      request.path_segments.size() > 3 ? request.path_segments[3] : "";
  absl::Status served;
  if (net::websocket::IsWebSocketRequest(request.headers)) {
    TheMetrics().websockets.Increment({{"subresource", "portforward"}});
  }

  absl::StatusOr<portforward::V4Options> options =
      portforward::NewV4Options(request);
  if (!options.ok()) {
    const std::string message(options.status().message());
    LOG(ERROR) << message;
    served = co_await Respond(writer, 400, kText, message);
    co_return served;
  }
  const api::Pod* pod = host_.GetPodByName(pod_namespace, pod_name);
  if (pod == nullptr) {
    served = co_await Respond(writer, 404, kText, "pod does not exist");
    co_return served;
  }
  const std::string uid = pod->metadata.uid;
  if (!pod_uid.empty() && uid != pod_uid) {
    served = co_await Respond(writer, 404, kText, "pod not found");
    co_return served;
  }
  absl::StatusOr<net::http::Url> url = co_await host_.GetPortForward(
      pod_name, pod_namespace, uid, options->ports);
  if (!url.ok()) {
    served = co_await cri::streaming::WriteError(url.status(), writer);
    co_return served;
  }
  if (options_.redirect_container_streaming) {
    TheMetrics().redirects.Increment();
    served = co_await RedirectFound(request, writer, url->ToString());
  } else {
    TheMetrics().proxied.Increment();
    net::http::Handler local;
    if (options_.local_streams) local = options_.local_streams(*url);
    served = co_await ProxyStream(request, writer, *std::move(url),
                                  std::move(local));
  }
  co_return served;
}

Task<absl::Status> RedirectFound(ServerRequest& request, ResponseWriter& writer,
                                 std::string location) {
  const bool absolute =
      absl::StrContains(location, "://") || absl::StartsWith(location, "/");
  if (!absolute) {
    // Go resolves it against the request, lest the client do it otherwise.
    const std::string& path = request.url.path;
    location = absl::StrCat(path.substr(0, path.rfind('/') + 1), location);
  }
  writer.headers().Set("Location", HexEscapeNonASCII(location));
  std::string body;
  if (request.method == "GET") {
    body =
        absl::StrCat("<a href=\"", HtmlEscape(location), "\">Found</a>.\n\n");
  }
  absl::Status written;
  if (request.method == "GET" || request.method == "HEAD") {
    written = co_await Respond(writer, 302, "text/html; charset=utf-8", body);
  } else {
    writer.headers().Set("Content-Length", "0");
    written = co_await writer.WriteHeader(302);
  }
  co_return written;
}

}  // namespace fairway::kubelet::server
