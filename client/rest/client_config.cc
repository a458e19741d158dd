// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/clientcmd/client_config.go,
// merged_client_builder.go; InClusterConfig of k8s.io/client-go/rest/config.go
// (v0.20.2)
#include <sys/stat.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "api/json.h"
#include "base/file/read_file.h"
#include "base/status/co_status.h"
#include "client/rest/kubeconfig.h"
#include "client/rest/validation.h"
#include "net/http/url.h"

namespace fairway::rest {
namespace {

constexpr char kDefaultNamespace[] = "default";

void Replace(const std::string& with, std::string* field) {
  if (!with.empty()) *field = with;
}

absl::Status DoesNotExist(absl::string_view what, const std::string& name) {
  return absl::NotFoundError(
      absl::StrCat(what, " \"", name, "\" does not exist"));
}

// A context with all that it names, and the overrides laid over.
struct Merged {
  KubeContext context;
  KubeCluster cluster;
  KubeAuthInfo user;
  // What an override names that is not there: first user, context, cluster.
  absl::Status missing;
  std::vector<std::string> faults;
  bool defaulted = false;  // nobody but default_server names a server
};

// Mirrors: DirectClientConfig.getCluster.
void MergeCluster(const Kubeconfig& kubeconfig,
                  const ConfigOverrides& overrides, Merged* merged) {
  KubeCluster& cluster = merged->cluster;
  const std::string& name = merged->context.cluster;
  auto it = kubeconfig.clusters.find(name);
  if (it == kubeconfig.clusters.end() && !overrides.cluster.empty()) {
    if (merged->missing.ok()) merged->missing = DoesNotExist("cluster", name);
    return;
  }
  if (it != kubeconfig.clusters.end()) cluster = it->second;
  if (cluster.server.empty()) {
    cluster.server = overrides.default_server;
    merged->defaulted = overrides.server.empty();
  }
  if (!overrides.server.empty()) {
    cluster.server = overrides.server;
    // The name belonged to the server that was replaced.
    cluster.tls_server_name.clear();
  }
  Replace(overrides.tls_server_name, &cluster.tls_server_name);
  if (!overrides.certificate_authority.empty()) {
    cluster.certificate_authority = overrides.certificate_authority;
    cluster.certificate_authority_data.clear();
    cluster.insecure_skip_tls_verify = false;
  }
  if (overrides.insecure_skip_tls_verify.has_value()) {
    cluster.insecure_skip_tls_verify = *overrides.insecure_skip_tls_verify;
    if (cluster.insecure_skip_tls_verify &&
        overrides.certificate_authority.empty()) {
      cluster.certificate_authority.clear();
      cluster.certificate_authority_data.clear();
    }
  }
}

// Mirrors: DirectClientConfig.getAuthInfo.
void MergeUser(const Kubeconfig& kubeconfig, const ConfigOverrides& overrides,
               Merged* merged) {
  KubeAuthInfo& user = merged->user;
  const std::string& name = merged->context.user;
  auto it = kubeconfig.users.find(name);
  if (it == kubeconfig.users.end() && !overrides.user.empty()) {
    merged->missing = DoesNotExist("auth info", name);
    return;
  }
  if (it != kubeconfig.users.end()) user = it->second;
  if (!overrides.token.empty()) {
    user.token = overrides.token;
    user.token_file.clear();
  }
  Replace(overrides.username, &user.username);
  Replace(overrides.password, &user.password);
  Replace(overrides.client_certificate, &user.client_certificate);
  Replace(overrides.client_key, &user.client_key);
  Replace(overrides.impersonate, &user.impersonate);
  Replace(overrides.impersonate_uid, &user.impersonate_uid);
  if (!overrides.impersonate_groups.empty()) {
    user.impersonate_groups = overrides.impersonate_groups;
  }
}

// Mirrors: DirectClientConfig.ConfirmUsable.
void AddFaults(Merged* merged) {
  ValidateUser(merged->context.user, merged->user, &merged->faults);
  if (merged->cluster.server.empty() && merged->context.cluster.empty()) {
    merged->faults.push_back(merged->faults.empty()
                                 ? kEmptyConfig
                                 : "cluster has no server defined");
    return;
  }
  ValidateCluster(merged->context.cluster, merged->cluster, &merged->faults);
}

Merged Merge(const Kubeconfig& kubeconfig, const ConfigOverrides& overrides) {
  Merged merged;
  const std::string name = overrides.context.empty()
                               ? kubeconfig.current_context
                               : overrides.context;
  const auto it = kubeconfig.contexts.find(name);
  absl::Status missing;
  if (it != kubeconfig.contexts.end()) {
    merged.context = it->second;
  } else if (!name.empty()) {
    merged.faults.push_back(
        absl::StrCat("context was not found for specified context: ", name));
    if (!overrides.context.empty()) missing = DoesNotExist("context", name);
  }
  Replace(overrides.cluster, &merged.context.cluster);
  Replace(overrides.user, &merged.context.user);
  Replace(overrides.namespace_, &merged.context.namespace_);
  MergeUser(kubeconfig, overrides, &merged);
  if (merged.missing.ok()) merged.missing = missing;
  MergeCluster(kubeconfig, overrides, &merged);
  AddFaults(&merged);
  return merged;
}

// Mirrors: ConfigToExecCluster of k8s.io/client-go/rest/exec.go.
absl::StatusOr<std::string> ExecClusterOf(const KubeCluster& cluster) {
  nlohmann::json json = {{"server", cluster.server}};
  const auto add = [&json](const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
  };
  add("tls-server-name", cluster.tls_server_name);
  if (cluster.insecure_skip_tls_verify) {
    json["insecure-skip-tls-verify"] = true;
  }
  std::string authorities = cluster.certificate_authority_data;
  if (authorities.empty() && !cluster.certificate_authority.empty()) {
    absl::StatusOr<std::string> read = ReadFile(cluster.certificate_authority);
    if (!read.ok()) {
      return absl::Status(
          read.status().code(),
          absl::StrCat("failed to load CA bundle for execProvider: ",
                       read.status().message()));
    }
    authorities = *std::move(read);
  }
  add("certificate-authority-data", absl::Base64Escape(authorities));
  add("proxy-url", cluster.proxy_url);
  if (cluster.disable_compression) json["disable-compression"] = true;
  if (!cluster.exec_extension.empty()) {
    absl::StatusOr<nlohmann::json> config =
        api::ParseJson(cluster.exec_extension);
    if (!config.ok()) return config.status();
    json["config"] = *std::move(config);
  }
  return api::DumpJson(json);
}

// Mirrors: DirectClientConfig.getUserIdentificationPartialConfig.
absl::Status AddUser(const KubeAuthInfo& user, const KubeCluster& cluster,
                     Config* config) {
  config->bearer_token = user.token;
  config->bearer_token_file = user.token_file;
  config->username = user.username;
  config->password = user.password;
  config->tls.cert_file = user.client_certificate;
  config->tls.cert_data = user.client_certificate_data;
  config->tls.key_file = user.client_key;
  config->tls.key_data = user.client_key_data;
  if (!user.exec.has_value()) return absl::OkStatus();
  std::string told;
  if (user.exec->provide_cluster_info) {
    absl::StatusOr<std::string> json = ExecClusterOf(cluster);
    if (!json.ok()) return json.status();
    told = *std::move(json);
  }
  absl::StatusOr<std::shared_ptr<ExecAuthenticator>> exec =
      ExecAuthenticator::New(*user.exec, std::move(told));
  if (!exec.ok()) return exec.status();
  config->exec_provider = *std::move(exec);
  return absl::OkStatus();
}

absl::StatusOr<Config> ConfigOf(const KubeCluster& cluster,
                                const KubeAuthInfo& user) {
  Config config;
  config.host = cluster.server;
  config.impersonate.user_name = user.impersonate;
  config.impersonate.uid = user.impersonate_uid;
  config.impersonate.groups = user.impersonate_groups;
  config.impersonate.extra = user.impersonate_user_extra;
  if (!cluster.proxy_url.empty()) {
    absl::StatusOr<net::http::Url> proxy =
        net::http::ParseUrl(cluster.proxy_url);
    config.proxy = [proxy](const net::http::Url&) { return proxy; };
  }
  // Secrets are not sent over a connection that anybody may read.
  absl::StatusOr<net::http::Url> url = DefaultServerURL(config);
  if (!url.ok() || url->scheme != "https") return config;
  FAIRWAY_RETURN_IF_ERROR(AddUser(user, cluster, &config));
  config.tls.ca_file = cluster.certificate_authority;
  config.tls.ca_data = cluster.certificate_authority_data;
  config.tls.insecure = cluster.insecure_skip_tls_verify;
  config.tls.server_name = cluster.tls_server_name;
  return config;
}

absl::StatusOr<ClientConfig> ClientConfigOf(const Merged& merged,
                                            const ConfigOverrides& overrides) {
  // Upstream asks for the namespace first, which needs a configuration that can
  // be used, unless the command line names one.
  const absl::Status invalid = ConfigurationInvalid(merged.faults);
  if (overrides.namespace_.empty()) FAIRWAY_RETURN_IF_ERROR(invalid);
  FAIRWAY_RETURN_IF_ERROR(merged.missing);
  FAIRWAY_RETURN_IF_ERROR(invalid);
  absl::StatusOr<Config> config = ConfigOf(merged.cluster, merged.user);
  if (!config.ok()) return config.status();
  return ClientConfig{*std::move(config), merged.context.namespace_.empty()
                                              ? kDefaultNamespace
                                              : merged.context.namespace_};
}

std::string GetEnv(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Mirrors: inClusterClientConfig.Possible.
bool InClusterIsPossible(const std::string& folder) {
  struct stat info {};
  return !GetEnv("KUBERNETES_SERVICE_HOST").empty() &&
         !GetEnv("KUBERNETES_SERVICE_PORT").empty() &&
         stat((folder + "/token").c_str(), &info) == 0 &&
         !S_ISDIR(info.st_mode);
}

// Mirrors: inClusterClientConfig.Namespace.
std::string InClusterNamespace(const std::string& folder) {
  std::string name = GetEnv("POD_NAMESPACE");
  if (!name.empty()) return name;
  name = ReadFile(folder + "/namespace").value_or("");
  absl::StripAsciiWhitespace(&name);
  return name.empty() ? kDefaultNamespace : name;
}

}  // namespace

absl::StatusOr<ClientConfig> NewClientConfig(const Kubeconfig& kubeconfig,
                                             const ConfigOverrides& overrides) {
  return ClientConfigOf(Merge(kubeconfig, overrides), overrides);
}

absl::StatusOr<ClientConfig> NewDeferredClientConfig(
    const Kubeconfig& kubeconfig, const ConfigOverrides& overrides,
    const std::string& service_account_folder) {
  const Merged merged = Merge(kubeconfig, overrides);
  absl::StatusOr<ClientConfig> client = ClientConfigOf(merged, overrides);
  if (!InClusterIsPossible(service_account_folder)) return client;
  const bool empty = merged.faults == std::vector<std::string>{kEmptyConfig};
  if (!client.ok() && !(empty && merged.missing.ok())) return client;
  if (merged.defaulted || empty) {
    absl::StatusOr<Config> config = InClusterConfig(service_account_folder);
    if (!config.ok()) return config.status();
    if (client.ok()) config->impersonate = client->config.impersonate;
    if (!overrides.token.empty()) {
      config->bearer_token = overrides.token;
      config->bearer_token_file.clear();
    }
    Replace(overrides.certificate_authority, &config->tls.ca_file);
    client = ClientConfig{*std::move(config), merged.context.namespace_};
  }
  if (merged.context.namespace_.empty()) {
    client->namespace_ = InClusterNamespace(service_account_folder);
  }
  return client;
}

absl::StatusOr<Config> InClusterConfig(
    const std::string& service_account_folder) {
  const std::string host = GetEnv("KUBERNETES_SERVICE_HOST");
  const std::string port = GetEnv("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return absl::FailedPreconditionError(
        "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and "
        "KUBERNETES_SERVICE_PORT must be defined");
  }
  Config config;
  config.host = absl::StrContains(host, ':')
                    ? absl::StrCat("https://[", host, "]:", port)
                    : absl::StrCat("https://", host, ":", port);
  config.tls.ca_file = service_account_folder + "/ca.crt";
  config.bearer_token_file = service_account_folder + "/token";
  return config;
}

}  // namespace fairway::rest
