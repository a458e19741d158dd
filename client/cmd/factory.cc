// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/util/factory.go, k8s.io/cli-runtime/pkg/
// genericclioptions/config_flags.go (v0.20.2)
#include "client/cmd/factory.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "base/time/go_time.h"

namespace fairway::cmd {
namespace {

// Mirrors: clientcmd.getDefaultServer.
std::string DefaultServer() {
  const char* master = std::getenv("KUBERNETES_MASTER");
  return master != nullptr && *master != '\0' ? master
                                              : "http://localhost:8080";
}

}  // namespace

std::string TypedPath(const std::string& path) {
  const char* folder = std::getenv("BUILD_WORKING_DIRECTORY");
  return rest::ResolvePath(path, folder == nullptr ? "" : folder);
}

Factory::Factory(Executor executor, ConfigFlags flags, DialerFactory dialers,
                 IOStreams streams)
    : executor_(executor),
      flags_(std::move(flags)),
      dialers_(std::move(dialers)),
      streams_(streams) {
  rest::ConfigOverrides& overrides = flags_.overrides;
  overrides.default_server = DefaultServer();
  for (std::string* path :
       {&flags_.kubeconfig, &overrides.certificate_authority,
        &overrides.client_certificate, &overrides.client_key}) {
    *path = TypedPath(*path);
  }
}

absl::StatusOr<rest::ClientConfig> Factory::ToClientConfig() {
  if (std::exchange(loaded_, true)) return config_;
  absl::StatusOr<rest::Kubeconfig> kubeconfig =
      rest::LoadKubeconfig(flags_.kubeconfig);
  if (!kubeconfig.ok()) {
    config_ = kubeconfig.status();
    return config_;
  }
  config_ = rest::NewClientConfig(*kubeconfig, flags_.overrides);
  if (!config_.ok()) return config_;
  config_->config.user_agent = rest::DefaultKubernetesUserAgent("kubectl");
  // A bare number is seconds.
  int64_t seconds = 0;
  absl::StatusOr<absl::Duration> timeout =
      absl::SimpleAtoi(flags_.request_timeout, &seconds)
          ? absl::Seconds(seconds)
          : ParseGoDuration(flags_.request_timeout);
  if (!timeout.ok()) {
    config_ = absl::InvalidArgumentError(
        "Invalid timeout value. Timeout must be a single integer in seconds, "
        "or an integer followed by a corresponding time unit (e.g. 1s | 2m | "
        "3h)");
    return config_;
  }
  config_->config.timeout = *timeout;
  return config_;
}

absl::StatusOr<rest::RESTClient*> Factory::RESTClient() {
  if (client_ != nullptr) return client_.get();
  absl::StatusOr<rest::ClientConfig> config = ToClientConfig();
  if (!config.ok()) return config.status();
  absl::StatusOr<std::unique_ptr<rest::RESTClient>> client =
      rest::RESTClientFor(executor_, config->config);
  if (!client.ok()) return client.status();
  client_ = *std::move(client);
  return client_.get();
}

Task<absl::Status> Factory::Close() {
  if (client_ == nullptr) co_return absl::OkStatus();
  absl::Status closed = co_await client_->Close();
  co_return closed;
}

}  // namespace fairway::cmd
