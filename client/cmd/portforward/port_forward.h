// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/portforward/portforward.go (v0.20.2)
#ifndef CLIENT_CMD_PORTFORWARD_PORT_FORWARD_H_
#define CLIENT_CMD_PORTFORWARD_PORT_FORWARD_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "api/object.h"
#include "base/task/task.h"
#include "client/cmd/factory.h"
#include "client/tools/portforward/session_provider.h"
#include "httpstream/spdy/session_options.h"
#include "net/http/url.h"

namespace fairway::cmd {

// Forwards to the pod that `url` names until it is told to stop.
// Mirrors: defaultPortForwarder.
class DefaultPortForwarder {
 public:
  // Its connections get their sessions as `mode` says, sessions are as
  // `session` says.
  DefaultPortForwarder(Factory* factory, portforward::SessionPerConnection mode,
                       httpstream::spdy::SessionOptions session)
      : factory_(factory), mode_(mode), session_(std::move(session)) {}

  // Errors: of RoundTripperFor, NewOnAddresses and ForwardPorts.
  Task<absl::Status> ForwardPorts(std::string method, net::http::Url url,
                                  rest::Config config,
                                  std::vector<std::string> addresses,
                                  std::vector<std::string> ports);

 private:
  Factory* const factory_;
  const portforward::SessionPerConnection mode_;
  const httpstream::spdy::SessionOptions session_;
};

class PortForwardOptions {
 public:
  // `factory` outlives it.
  explicit PortForwardOptions(Factory* factory) : factory_(factory) {}

  std::vector<std::string> addresses = {"localhost"};
  std::string pod_running_timeout = "1m0s";
  std::string session_per_connection = "auto";
  std::string ping_timeout = "30s";
  int max_stream_window_bytes = 16 << 20;

  // `args` are TYPE/NAME and the ports. Finds the pod.
  Task<absl::Status> Complete(std::vector<std::string> args);
  absl::Status Validate() const;
  // Errors: kFailedPrecondition "unable to forward port because pod is not
  // running. Current status=Pending".
  Task<absl::Status> RunPortForward();

 private:
  absl::Status CompleteSession();

  Factory* const factory_;
  std::string namespace_;
  std::string pod_name_;
  std::vector<std::string> ports_;
  portforward::SessionPerConnection mode_ =
      portforward::SessionPerConnection::kAuto;
  httpstream::spdy::SessionOptions session_;
};

// The ports with a container port's name replaced by its number.
// Errors: kNotFound "Pod 'x' does not have a named port 'http'".
absl::StatusOr<std::vector<std::string>> ConvertPodNamedPortToNumber(
    const std::vector<std::string>& ports, const api::Pod& pod);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_PORT_FORWARD_H_
