// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/util/factory.go, k8s.io/cli-runtime/pkg/
// genericclioptions/config_flags.go (v0.20.2)
#include "client/cmd/factory.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/log/klog_line.h"
#include "base/time/go_time.h"
#include "net/http/connection_pool.h"

namespace fairway::cmd {
namespace {

// Mirrors: clientcmd.getDefaultServer.
std::string DefaultServer() {
  const char* master = std::getenv("KUBERNETES_MASTER");
  return master != nullptr && *master != '\0' ? master
                                              : "http://localhost:8080";
}

// Mirrors: clientcmd.ParseTimeout. A bare number is seconds.
absl::StatusOr<absl::Duration> ParseTimeout(const std::string& text) {
  int64_t seconds = 0;
  absl::StatusOr<absl::Duration> timeout = absl::SimpleAtoi(text, &seconds)
                                               ? absl::Seconds(seconds)
                                               : ParseGoDuration(text);
  if (timeout.ok() && *timeout >= absl::ZeroDuration()) return timeout;
  return absl::InvalidArgumentError(
      "Invalid timeout value. Timeout must be a single integer in seconds, or "
      "an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)");
}

// Says which files were read, and whether none of $KUBECONFIG is there.
void LogFiles(const rest::Kubeconfig& kubeconfig, const rest::RequestLog& log) {
  if (!kubeconfig.missing.empty()) {
    log.write(KlogLine('W', "loader.go:223",
                       absl::StrCat("Config not found: ",
                                    absl::StrJoin(kubeconfig.missing, ", ")),
                       absl::Now()));
  }
  if (log.verbosity < 6) return;
  for (const std::string& path : kubeconfig.loaded) {
    log.write(KlogLine('I', "loader.go:379",
                       absl::StrCat("Config loaded from file:  ", path),
                       absl::Now()));
  }
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
  if (!std::exchange(loaded_, true)) config_ = MakeClientConfig();
  return config_;
}

absl::StatusOr<rest::ClientConfig> Factory::MakeClientConfig() const {
  rest::RequestLog log;
  log.verbosity = flags_.verbosity;
  // At once: whoever reads it may be looking for where it hangs.
  log.write = [out = streams_.err_out](absl::string_view line) {
    *out << std::string(line) << std::flush;
  };
  absl::StatusOr<rest::Kubeconfig> kubeconfig =
      rest::LoadKubeconfig(flags_.kubeconfig);
  if (!kubeconfig.ok()) return kubeconfig.status();
  LogFiles(*kubeconfig, log);
  absl::StatusOr<absl::Duration> timeout = ParseTimeout(flags_.request_timeout);
  absl::StatusOr<rest::ClientConfig> client =
      rest::NewDeferredClientConfig(*kubeconfig, flags_.overrides);
  if (!client.ok()) return client;
  if (!timeout.ok()) return timeout.status();
  client->config.user_agent = rest::DefaultKubernetesUserAgent("kubectl");
  client->config.timeout = *timeout;
  client->config.log = std::move(log);
  client->config.connections =
      std::make_shared<net::http::ConnectionPool>(executor_);
  return client;
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
