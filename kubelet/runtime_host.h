// SPDX-License-Identifier: Apache-2.0
// Mirrors: cmd/kubelet/app/server.go, pkg/kubelet/kubelet_dockershim.go
// (v1.20.2): runDockershim
// Where the kubelet's container runtime is: in a process of its own, or in this
// one behind a CRI socket, so that the kubelet sees no difference. Part of
// main(): nothing else of the kubelet may know the runtimes.
#ifndef KUBELET_RUNTIME_HOST_H_
#define KUBELET_RUNTIME_HOST_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "kubelet/cri/streaming/config.h"
#include "net/http/handler.h"
#include "net/http/url.h"

namespace fairway::kubelet {

struct RuntimeHostOptions {
  std::string runtime;  // "docker", "process", "remote"
  std::string root_dir;
  std::string remote_endpoint;
  std::string docker_endpoint;
  std::string pod_infra_container_image;
  std::string host_ip;
  std::string port_forward_dial;  // "netns", "socat"
  bool redirect_container_streaming = false;
  absl::Duration stream_idle_timeout = absl::Hours(4);
  cri::streaming::SessionOptions session;
};

// Errors: kInvalidArgument, naming the flag.
absl::Status ValidateRuntimeHostOptions(const RuntimeHostOptions& options);

// Threads:  on the executor of its making.
// Lifetime: Stop() before it dies, if Start() was called.
class RuntimeHost {
 public:
  virtual ~RuntimeHost() = default;
  // Errors: of the runtime's start and of listening on the socket.
  virtual Task<absl::Status> Start() = 0;
  // The embedded runtime's streams get no new connections from now on, and
  // those that are idle end. Never waits.
  virtual void Drain() = 0;
  virtual Task<absl::Status> Stop() = 0;
  // Where CRI is spoken.
  virtual std::string endpoint() const = 0;
  // What the kubelet serves under /cri/; null if nothing.
  virtual net::http::Handler cri_handler() = 0;
  // Who serves a URL that the runtime gave out, if that is the embedded
  // runtime's streaming server; null: whoever listens there.
  virtual net::http::Handler HandlerOf(const net::http::Url& url) = 0;
};

// Errors: kInvalidArgument for what the runtime cannot use.
absl::StatusOr<std::unique_ptr<RuntimeHost>> NewRuntimeHost(
    Executor executor, const RuntimeHostOptions& options);

}  // namespace fairway::kubelet

#endif  // KUBELET_RUNTIME_HOST_H_
