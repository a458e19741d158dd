// SPDX-License-Identifier: Apache-2.0
#include "net/http/server.h"

#include <glog/logging.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/run_on.h"
#include "base/task/task_group.h"
#include "net/http/connection.h"
#include "net/http1/server_connection.h"
#include "net/http2/server_connection.h"

namespace fairway::net::http {
namespace {

// The connections of one executor. Used only there, but for its making.
struct Share {
  explicit Share(Executor share_executor)
      : executor(share_executor),
        drain(share_executor),
        connections(share_executor) {}

  const Executor executor;
  DrainState drain;
  TaskGroup connections;
};

std::string RemoteAddress(const Socket& socket) {
  const Address peer = socket.peer_address();
  return peer.port == 0 ? "@" : peer.ToString();
}

class ServerImpl final : public Server {
 public:
  ServerImpl(Executor executor, Handler handler, ServerOptions options)
      : executor_(executor),
        handler_(std::move(handler)),
        options_(std::move(options)),
        serve_ended_(executor) {
    if (options_.executors.empty()) options_.executors = {executor};
    for (Executor share : options_.executors) {
      shares_.push_back(std::make_unique<Share>(share));
    }
  }

  Task<absl::Status> Serve(std::unique_ptr<Listener> listener) override;
  Task<absl::Status> Shutdown(absl::Duration grace) override;

 private:
  Task<absl::Status> AcceptAll(Listener& listener);
  void Start(Share& share, std::unique_ptr<Socket> socket);
  Task<absl::Status> ServeSocket(Share& share, std::unique_ptr<Socket> socket);
  Task<absl::Status> Drain(Share& share, absl::Duration grace);

  const Executor executor_;
  const Handler handler_;
  ServerOptions options_;
  std::vector<std::unique_ptr<Share>> shares_;
  size_t next_share_ = 0;
  std::atomic<size_t> connections_{0};
  bool shut_down_ = false;
  std::vector<Listener*> listeners_;
  Condition serve_ended_;
};

Task<absl::Status> ServerImpl::Serve(std::unique_ptr<Listener> listener) {
  if (shut_down_) co_return absl::OkStatus();
  listeners_.push_back(listener.get());
  absl::Status status = co_await AcceptAll(*listener);
  listeners_.erase(
      std::find(listeners_.begin(), listeners_.end(), listener.get()));
  listener.reset();
  const bool shut_down = shut_down_;
  // The last touch of `this`: Shutdown() may return now.
  serve_ended_.NotifyAll();
  co_return shut_down ? absl::OkStatus() : status;
}

Task<absl::Status> ServerImpl::AcceptAll(Listener& listener) {
  while (!shut_down_) {
    Share& share = *shares_[next_share_];
    absl::StatusOr<std::unique_ptr<Socket>> socket =
        co_await listener.Accept(share.executor);
    if (!socket.ok()) co_return socket.status();
    if (shut_down_) break;
    next_share_ = (next_share_ + 1) % shares_.size();
    if (connections_ >= options_.max_connections) {
      LOG_EVERY_N(WARNING, 1000)
          << "http: more than " << options_.max_connections << " connections";
      (*socket)->Abort();
      continue;
    }
    ++connections_;
    if (share.executor == executor_) {
      Start(share, *std::move(socket));
      continue;
    }
    auto handed = std::make_shared<std::unique_ptr<Socket>>(*std::move(socket));
    std::function<Task<absl::Status>()> start =
        [this, &share, handed]() -> Task<absl::Status> {
      Start(share, std::move(*handed));
      co_return absl::OkStatus();
    };
    absl::Status started =
        co_await RunOn<absl::Status>(share.executor, std::move(start));
    if (!started.ok()) co_return started;
  }
  co_return absl::OkStatus();
}

void ServerImpl::Start(Share& share, std::unique_ptr<Socket> socket) {
  auto held = std::make_shared<std::unique_ptr<Socket>>(std::move(socket));
  share.connections.Spawn([this, &share, held]() -> Task<absl::Status> {
    absl::Status status;
    try {
      status = co_await ServeSocket(share, std::move(*held));
    } catch (const std::exception& e) {
      status = absl::InternalError(e.what());
    }
    --connections_;
    if (!status.ok()) VLOG(2) << "http: connection ended: " << status;
    // How one connection ended is nobody else's concern.
    co_return absl::OkStatus();
  });
}

Task<absl::Status> ServerImpl::ServeSocket(Share& share,
                                           std::unique_ptr<Socket> socket) {
  ConnectionInfo info;
  info.remote_address = RemoteAddress(*socket);
  if (options_.tls == nullptr) {
    std::unique_ptr<ByteStream> stream = std::move(socket);
    absl::Status served = co_await http1::ServeConnection(
        std::move(stream), std::move(info), handler_, options_, share.drain);
    co_return served;
  }
  std::unique_ptr<ByteStream> transport = std::move(socket);
  absl::StatusOr<std::unique_ptr<TlsStream>> tls =
      co_await WithDeadline<std::unique_ptr<TlsStream>>(
          options_.handshake_timeout, "TLS handshake",
          [this,
           &transport]() -> Task<absl::StatusOr<std::unique_ptr<TlsStream>>> {
            absl::StatusOr<std::unique_ptr<TlsStream>> stream =
                co_await TlsAccept(options_.tls, std::move(transport));
            co_return stream;
          });
  if (!tls.ok()) {
    LOG(INFO) << "http: TLS handshake error from " << info.remote_address
              << ": " << tls.status().message();
    co_return tls.status();
  }
  info.tls = true;
  if ((*tls)->peer_certificate() != nullptr) {
    info.peer_certificate =
        std::make_shared<PeerCertificate>(*(*tls)->peer_certificate());
  }
  const bool http2 = (*tls)->alpn_protocol() == "h2";
  std::unique_ptr<ByteStream> stream = *std::move(tls);
  absl::Status served;
  if (http2) {
    served = co_await http2::ServeConnection(std::move(stream), std::move(info),
                                             handler_, options_, share.drain);
  } else {
    served = co_await http1::ServeConnection(std::move(stream), std::move(info),
                                             handler_, options_, share.drain);
  }
  co_return served;
}

Task<absl::Status> ServerImpl::Drain(Share& share, absl::Duration grace) {
  share.drain.Begin();
  // Join() cancels what is left when the time is over, and waits for its end.
  absl::Status status = co_await WithDeadline(
      grace, "shutdown", [&share]() -> Task<absl::Status> {
        absl::Status joined = co_await share.connections.Join();
        co_return joined;
      });
  co_return status;
}

Task<absl::Status> ServerImpl::Shutdown(absl::Duration grace) {
  shut_down_ = true;
  for (Listener* listener : listeners_) listener->Close();
  while (!listeners_.empty()) {
    absl::Status waited = co_await serve_ended_.WaitThoughCancelled();
    if (!waited.ok()) break;
  }
  TaskGroup drains(executor_);
  for (const std::unique_ptr<Share>& share : shares_) {
    drains.Spawn([this, share = share.get(), grace]() -> Task<absl::Status> {
      absl::Status drained;
      if (share->executor == executor_) {
        drained = co_await Drain(*share, grace);
      } else {
        drained = co_await RunOn<absl::Status>(
            share->executor, [this, share, grace]() -> Task<absl::Status> {
              absl::Status there = co_await Drain(*share, grace);
              co_return there;
            });
      }
      co_return drained;
    });
  }
  absl::Status drained = co_await drains.Join();
  co_return drained;
}

}  // namespace

std::unique_ptr<Server> NewServer(Executor executor, Handler handler,
                                  ServerOptions options) {
  return std::make_unique<ServerImpl>(executor, std::move(handler),
                                      std::move(options));
}

}  // namespace fairway::net::http
