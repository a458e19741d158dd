// SPDX-License-Identifier: Apache-2.0
// All that a port-forward meets, over TCP: a relay as the API server's, the
// kubelet's server, the streaming server, and a pod that the test plays.
#ifndef KUBELET_SERVER_TESTING_STREAMING_NODE_H_
#define KUBELET_SERVER_TESTING_STREAMING_NODE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "api/object.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "kubelet/cri/streaming/server.h"
#include "kubelet/server/host.h"
#include "kubelet/server/server.h"
#include "net/http/server.h"
#include "net/http/url.h"
#include "net/proxy/upgrade_aware.h"
#include "net/socket/socket.h"

namespace fairway::kubelet::server {

// Port 1 refuses, 2 breaks behind "partial", 3 answers "late" after its
// client's FIN and Release(); every other one answers a line with its number
// and the line, and then ends.
class FakePod final : public cri::streaming::Runtime {
 public:
  explicit FakePod(Executor executor) : changed_(executor) {}

  Task<absl::Status> PortForward(std::string, int32_t port,
                                 net::ByteStream& stream) override {
    ports.push_back(port);
    if (port == 1) co_return absl::UnavailableError("connection refused");
    absl::Status served;
    if (port == 2) {
      served = co_await net::WriteAll(stream, "partial");
      if (served.ok()) served = absl::UnavailableError("reset by the pod");
    } else {
      served = co_await Answer(port, stream);
    }
    ends.push_back(served);
    changed_.NotifyAll();
    co_return cri::streaming::ConnectionLost(served);
  }

  void Release() {
    released_ = true;
    changed_.NotifyAll();
  }

  Task<absl::Status> WaitFor(std::function<bool()> condition) {
    while (!condition()) {
      absl::Status waited = co_await changed_.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  }

  std::vector<int32_t> ports;      // that were dialled
  std::vector<std::string> heard;  // a line each
  std::vector<absl::Status> ends;

 private:
  Task<absl::Status> Answer(int32_t port, net::ByteStream& stream) {
    std::string line;
    bool ended = false;
    while (!ended && (port == 3 || line.find('\n') == std::string::npos)) {
      char buf[4096];
      absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
      if (!n.ok()) co_return n.status();
      ended = *n == 0;
      line.append(buf, *n);
    }
    heard.push_back(line);
    changed_.NotifyAll();
    if (port == 3) {
      absl::Status released = co_await WaitFor([this] { return released_; });
      if (!released.ok()) co_return released;
    }
    const std::string answer =
        port == 3 ? "late" : std::to_string(port) + " " + line;
    absl::Status status = co_await net::WriteAll(stream, answer);
    if (status.ok()) status = co_await stream.CloseWrite();
    while (status.ok() && !ended) {
      char buf[4096];
      absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buf));
      status = n.status();
      ended = n.ok() && *n == 0;
    }
    co_return status;
  }

  bool released_ = false;
  Condition changed_;
};

// How the kubelet leads a session to the streaming server.
enum class Way {
  kRelayed,     // over TCP, as to a runtime of another process
  kHandedOver,  // in this process
  kRedirected,  // under its own /cri/
};

// Threads:  on one executor.
// Lifetime: Stop() before it dies.
class StreamingNode final : public HostInterface {
 public:
  StreamingNode(Executor executor, Way way, cri::streaming::Config config = {})
      : pod(executor),
        executor_(executor),
        way_(way),
        config_(std::move(config)),
        tasks_(executor) {
    web_.metadata.name = "web";
    web_.metadata.namespace_ = "default";
    web_.metadata.uid = "u1";
  }

  absl::Status Start() {
    if (way_ == Way::kRedirected) config_.base_url = "/cri/";
    auto streaming = cri::streaming::NewServer(executor_, config_, pod);
    if (!streaming.ok()) return streaming.status();
    streaming_ = *std::move(streaming);
    if (way_ != Way::kRedirected) {
      absl::Status listening = streaming_->Listen();
      if (!listening.ok()) return listening;
    }
    // Handed over, nobody answers there: whoever dials it waits forever.
    if (way_ == Way::kRelayed) {
      tasks_.Spawn([this] { return streaming_->Start(); });
    }
    ServerOptions options;
    options.anonymous_auth = AnonymousAuth::kAllowed;
    options.redirect_container_streaming = way_ == Way::kRedirected;
    options.cri_handler = streaming_->handler();
    if (way_ == Way::kHandedOver) {
      options.local_streams = [this](const net::http::Url& stream_url) {
        return streaming_->Serves(stream_url) ? streaming_->handler() : nullptr;
      };
    }
    server_ = std::make_unique<Server>(*this, NewAlwaysAllowAuthorizer(),
                                       std::move(options));
    absl::Status serving = Serve(server_->handler(), &kubelet_, &kubelet_url_);
    if (!serving.ok()) return serving;
    return Serve(
        [this](net::http::ServerRequest& request,
               net::http::ResponseWriter& writer) {
          return Relay(request, writer);
        },
        &front_, &url);
  }

  // What the kubelet does at SIGTERM.
  Task<absl::Status> DrainKubelet(absl::Duration grace) {
    streaming_->Drain();
    absl::Status drained = co_await kubelet_->Shutdown(grace);
    absl::Status stopped = co_await streaming_->Stop(grace);
    drained.Update(stopped);
    co_return drained;
  }

  Task<absl::Status> Stop() {
    absl::Status stopped = co_await front_->Shutdown(absl::ZeroDuration());
    absl::Status drained = co_await DrainKubelet(absl::ZeroDuration());
    stopped.Update(drained);
    absl::Status joined = co_await tasks_.Join();
    stopped.Update(joined);
    co_return stopped;
  }

  std::vector<api::Pod> GetPods() override { return {web_}; }
  const api::Pod* GetPodByName(absl::string_view namespace_,
                               absl::string_view name) override {
    return namespace_ == "default" && name == "web" ? &web_ : nullptr;
  }
  Task<absl::StatusOr<net::http::Url>> GetPortForward(
      std::string, std::string, std::string,
      std::vector<int32_t> ports) override {
    runtimeapi::PortForwardRequest request;
    request.set_pod_sandbox_id("sandbox");
    for (int32_t port : ports) request.add_port(port);
    auto response = streaming_->GetPortForward(request);
    if (!response.ok()) co_return response.status();
    absl::StatusOr<net::http::Url> stream_url =
        net::http::ParseUrl(response->url());
    if (stream_url.ok() && spends_tokens) stream_url->path += "spent";
    co_return stream_url;
  }
  absl::Status Ready() override { return absl::OkStatus(); }

  FakePod pod;
  bool spends_tokens = false;  // before the kubelet can use them
  net::http::Url url;          // of the relay; a query goes on to the kubelet
  const net::http::Url& kubelet_url() const { return kubelet_url_; }

 private:
  absl::Status Serve(net::http::Handler handler,
                     std::unique_ptr<net::http::Server>* server,
                     net::http::Url* where) {
    auto listener = net::ListenTcp(executor_, "127.0.0.1", 0);
    if (!listener.ok()) return listener.status();
    where->scheme = "http";
    where->host = "127.0.0.1";
    where->port = std::to_string((*listener)->address().port);
    where->path = "/portForward/default/web";
    *server = net::http::NewServer(executor_, std::move(handler),
                                   net::http::ServerOptions());
    auto held =
        std::make_shared<std::unique_ptr<net::Listener>>(*std::move(listener));
    tasks_.Spawn(
        [s = server->get(), held] { return s->Serve(std::move(*held)); });
    return absl::OkStatus();
  }

  Task<absl::Status> Relay(net::http::ServerRequest& request,
                           net::http::ResponseWriter& writer) {
    net::proxy::UpgradeAwareOptions options;
    options.location = kubelet_url_;
    options.location.raw_query = request.url.raw_query;
    options.intercept_redirects = true;
    options.responder = [](net::http::ServerRequest&,
                           net::http::ResponseWriter& w, absl::Status error) {
      return net::http::Respond(w, 500, "text/plain", error.message());
    };
    net::proxy::UpgradeAwareHandler handler(std::move(options));
    absl::Status served = co_await handler.ServeHTTP(request, writer);
    co_return served;
  }

  const Executor executor_;
  const Way way_;
  cri::streaming::Config config_;
  api::Pod web_;
  std::unique_ptr<cri::streaming::Server> streaming_;
  std::unique_ptr<Server> server_;
  net::http::Url kubelet_url_;
  std::unique_ptr<net::http::Server> kubelet_;
  std::unique_ptr<net::http::Server> front_;
  TaskGroup tasks_;
};

}  // namespace fairway::kubelet::server

#endif  // KUBELET_SERVER_TESTING_STREAMING_NODE_H_
