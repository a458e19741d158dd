// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/streaming/server.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "kubelet/cri/streaming/portforward/options.h"
#include "kubelet/cri/streaming/portforward/portforward.h"
#include "kubelet/cri/streaming/request_cache.h"
#include "kubelet/cri/streaming/token_path.h"
#include "net/http/connection.h"
#include "net/http/server.h"
#include "net/http/url.h"
#include "net/socket/socket.h"

namespace fairway::kubelet::cri::streaming {
namespace {

// Mirrors: net/http.NotFound.
Task<absl::Status> NotFound(net::http::ResponseWriter& writer) {
  writer.headers().Set("X-Content-Type-Options", "nosniff");
  absl::Status written = co_await net::http::Respond(
      writer, 404, "text/plain; charset=utf-8", "404 page not found\n");
  co_return written;
}

// Gives the runtime's call the shape that port-forward wants.
class CriAdapter final : public portforward::PortForwarder {
 public:
  explicit CriAdapter(Runtime& runtime) : runtime_(runtime) {}

  Task<absl::Status> PortForward(std::string pod_name, std::string,
                                 int32_t port,
                                 net::ByteStream& stream) override {
    return runtime_.PortForward(std::move(pod_name), port, stream);
  }

 private:
  Runtime& runtime_;
};

class ServerImpl final : public Server {
 public:
  ServerImpl(Executor executor, Config config, net::http::Url base_url,
             net::HostPort address, Runtime& runtime)
      : executor_(executor),
        config_(std::move(config)),
        base_url_(std::move(base_url)),
        path_prefix_(base_url_.path.substr(0, base_url_.path.rfind('/'))),
        address_(std::move(address)),
        adapter_(runtime),
        drain_(executor) {}

  absl::StatusOr<runtimeapi::PortForwardResponse> GetPortForward(
      const runtimeapi::PortForwardRequest& request) override {
    if (request.pod_sandbox_id().empty()) {
      return absl::InvalidArgumentError("missing required pod_sandbox_id");
    }
    absl::StatusOr<std::string> token = cache_.Insert(request);
    if (!token.ok()) return token.status();
    runtimeapi::PortForwardResponse response;
    response.set_url(BuildUrl(*token));
    return response;
  }

  bool Serves(const net::http::Url& url) const override {
    return url.scheme == base_url_.scheme && url.host == base_url_.host &&
           url.port == base_url_.port &&
           TokenOfPath(path_prefix_, url.path).has_value();
  }

  net::http::Handler handler() override {
    return [this](net::http::ServerRequest& request,
                  net::http::ResponseWriter& writer) {
      return ServeHTTP(request, writer);
    };
  }

  absl::Status Listen() override {
    if (listener_ != nullptr) return absl::OkStatus();
    uint32_t port = 0;
    if (!absl::SimpleAtoi(address_.port, &port) || port > 65535) {
      return absl::InvalidArgumentError(
          absl::StrCat("streaming server: port \"", address_.port, "\""));
    }
    const bool is_localhost = address_.host == "localhost";
    absl::StatusOr<std::unique_ptr<net::Listener>> listener =
        net::ListenTcp(executor_, is_localhost ? "127.0.0.1" : address_.host,
                       static_cast<uint16_t>(port));
    if (!listener.ok()) return listener.status();
    listener_ = *std::move(listener);
    // The port that was chosen, where 0 was asked for.
    if (!base_url_.host.empty()) {
      base_url_.host = listener_->address().host;
      base_url_.port = absl::StrCat(listener_->address().port);
    }
    return absl::OkStatus();
  }

  Task<absl::Status> Start() override {
    FAIRWAY_CO_RETURN_IF_ERROR(Listen());
    net::http::ServerOptions options;
    options.tls = config_.tls;
    if (server_ == nullptr) {
      server_ = net::http::NewServer(executor_, handler(), options);
    }
    absl::Status served = co_await server_->Serve(std::move(listener_));
    co_return served;
  }

  void Drain() override { drain_.Begin(); }

  Task<absl::Status> Stop(absl::Duration grace) override {
    Drain();
    listener_ = nullptr;
    if (server_ == nullptr) co_return absl::OkStatus();
    absl::Status stopped = co_await server_->Shutdown(grace);
    co_return stopped;
  }

 private:
  std::string BuildUrl(absl::string_view token) const {
    net::http::Url url = base_url_;
    url.path = TokenPath(path_prefix_, token);
    return url.ToString();
  }

  Task<absl::Status> ServeHTTP(net::http::ServerRequest& request,
                               net::http::ResponseWriter& writer) {
    const std::optional<absl::string_view> token =
        TokenOfPath(path_prefix_, request.url.path);
    if (!token.has_value()) {
      absl::Status answered = co_await NotFound(writer);
      co_return answered;
    }
    if (request.method != "GET" && request.method != "POST") {
      absl::Status answered = co_await net::http::Respond(
          writer, 405, "text/plain; charset=utf-8", "405: Method Not Allowed");
      co_return answered;
    }
    absl::Status served = co_await ServePortForward(*token, request, writer);
    co_return served;
  }

  Task<absl::Status> ServePortForward(absl::string_view token,
                                      net::http::ServerRequest& request,
                                      net::http::ResponseWriter& writer) {
    std::optional<runtimeapi::PortForwardRequest> cached =
        cache_.Consume(token);
    if (!cached.has_value()) {
      absl::Status answered = co_await NotFound(writer);
      co_return answered;
    }
    portforward::ServeOptions options;
    options.pod_name = cached->pod_sandbox_id();
    options.v4 = portforward::BuildV4Options(
        {cached->port().begin(), cached->port().end()});
    if (options.v4.ports.empty()) {
      // For those who ask the runtime themselves.
      absl::StatusOr<portforward::V4Options> named =
          portforward::NewV4Options(request);
      if (!named.ok()) {
        const std::string why(named.status().message());
        absl::Status refused = co_await net::http::Respond(
            writer, 400, "text/plain; charset=utf-8", why);
        co_return refused;
      }
      options.v4 = *std::move(named);
    }
    options.idle_timeout = config_.stream_idle_timeout;
    options.stream_creation_timeout = config_.stream_creation_timeout;
    options.supported_protocols = config_.supported_port_forward_protocols;
    options.session = config_.session;
    options.drain = &drain_;
    absl::Status served = co_await portforward::ServePortForward(
        request, writer, adapter_, std::move(options));
    co_return served;
  }

  const Executor executor_;
  const Config config_;
  net::http::Url base_url_;
  const std::string path_prefix_;  // without a slash at its end
  const net::HostPort address_;
  CriAdapter adapter_;
  net::http::DrainState drain_;
  RequestCache<runtimeapi::PortForwardRequest> cache_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<net::http::Server> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> NewServer(Executor executor,
                                                  Config config,
                                                  Runtime& runtime) {
  absl::StatusOr<net::HostPort> address = net::SplitHostPort(config.address);
  if (!address.ok()) return address.status();
  std::string base_url = config.base_url;
  if (base_url.empty()) {
    base_url = absl::StrCat(config.tls == nullptr ? "http" : "https", "://",
                            config.address);
  }
  absl::StatusOr<net::http::Url> url = net::http::ParseUrl(base_url);
  if (!url.ok()) return url.status();
  return std::make_unique<ServerImpl>(executor, std::move(config),
                                      *std::move(url), *std::move(address),
                                      runtime);
}

}  // namespace fairway::kubelet::cri::streaming
