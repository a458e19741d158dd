// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/util/factory.go, k8s.io/cli-runtime/pkg/
// genericclioptions/config_flags.go (v0.20.2)
// What every command needs of the world: the flags that all share, the
// server's client, files.
#ifndef CLIENT_CMD_FACTORY_H_
#define CLIENT_CMD_FACTORY_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "client/cmd/io_streams.h"
#include "client/rest/config.h"
#include "client/rest/kubeconfig.h"
#include "client/rest/rest_client.h"
#include "httpstream/httpstream.h"
#include "httpstream/spdy/session_options.h"
#include "net/http/url.h"

namespace fairway::cmd {

// The flags that any command takes.
struct ConfigFlags {
  std::string kubeconfig;
  std::string request_timeout = "0";
  rest::ConfigOverrides overrides;
  int verbosity = 0;
};

// Makes the dialer for an upgraded request, whose sessions are as `session`
// says. Mirrors: what defaultPortForwarder.ForwardPorts does with
// spdy.RoundTripperFor.
using DialerFactory =
    std::function<absl::StatusOr<std::unique_ptr<httpstream::Dialer>>(
        Executor executor, const rest::Config& config, std::string method,
        net::http::Url url, httpstream::spdy::SessionOptions session)>;

// Threads:  on one executor.
// Lifetime: outlives the command.
class Factory {
 public:
  Factory(Executor executor, ConfigFlags flags, DialerFactory dialers,
          IOStreams streams);

  Executor executor() const { return executor_; }
  const IOStreams& streams() const { return streams_; }
  const ConfigFlags& flags() const { return flags_; }
  const DialerFactory& dialers() const { return dialers_; }

  // The configuration and the namespace, made once.
  // Errors: of LoadKubeconfig and NewDeferredClientConfig.
  absl::StatusOr<rest::ClientConfig> ToClientConfig();
  // The client, made once; lives as long as the Factory.
  absl::StatusOr<rest::RESTClient*> RESTClient();
  // Before it dies: ends the client's connections in good order.
  Task<absl::Status> Close();
  // Whether --namespace was given.
  bool namespace_enforced() const {
    return !flags_.overrides.namespace_.empty();
  }

 private:
  absl::StatusOr<rest::ClientConfig> MakeClientConfig() const;

  Executor executor_;
  ConfigFlags flags_;
  DialerFactory dialers_;
  IOStreams streams_;
  absl::StatusOr<rest::ClientConfig> config_ = absl::UnknownError("not loaded");
  bool loaded_ = false;
  std::unique_ptr<rest::RESTClient> client_;
};

// A path that a person typed: relative to where they typed it, which is
// $BUILD_WORKING_DIRECTORY under `bazel run`.
std::string TypedPath(const std::string& path);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_FACTORY_H_
