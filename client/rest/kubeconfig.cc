// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/clientcmd/{client_config,loader,overrides,
// validation}.go (v0.20.2)
#include "client/rest/kubeconfig.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "api/json.h"
#include "api/object.h"
#include "base/file/read_file.h"
#include "base/status/co_status.h"
#include "base/task/asio_status.h"

namespace fairway::rest {
namespace {

using api::FieldReader;

constexpr absl::string_view kFaultsPayload =
    "fairway/clientcmd.ConfigurationInvalid";
constexpr char kEmptyConfig[] =
    "no configuration has been provided, try setting KUBERNETES_MASTER "
    "environment variable";

// What says nothing of its kind is taken for a v1 Config.
absl::Status CheckKind(const FieldReader& document) {
  std::string version = document.String("apiVersion");
  std::string kind = document.String("kind");
  if (version.empty()) version = "v1";
  if (kind.empty()) kind = "Config";
  if (version == "v1" && kind == "Config") return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "no kind \"", kind, "\" is registered for version \"", version,
      "\" in scheme \"k8s.io/client-go/tools/clientcmd/api/latest/"
      "latest.go:50\""));
}

// Decodes a `*-data` field; the first that is no base64 goes into `error`.
std::string Data(const FieldReader& reader, const char* key,
                 absl::Status* error) {
  const std::string encoded = reader.String(key);
  std::string decoded;
  if (!absl::Base64Unescape(encoded, &decoded) && error->ok()) {
    *error =
        absl::InvalidArgumentError(absl::StrCat(key, ": illegal base64 data"));
  }
  return decoded;
}

KubeCluster ReadCluster(const FieldReader& reader, absl::string_view folder,
                        absl::Status* error) {
  KubeCluster cluster;
  cluster.server = reader.String("server");
  cluster.tls_server_name = reader.String("tls-server-name");
  cluster.insecure_skip_tls_verify = reader.Bool("insecure-skip-tls-verify");
  cluster.certificate_authority =
      ResolvePath(reader.String("certificate-authority"), folder);
  cluster.certificate_authority_data =
      Data(reader, "certificate-authority-data", error);
  cluster.proxy_url = reader.String("proxy-url");
  return cluster;
}

KubeAuthInfo ReadUser(const FieldReader& reader, absl::string_view folder,
                      absl::Status* error) {
  KubeAuthInfo user;
  user.client_certificate =
      ResolvePath(reader.String("client-certificate"), folder);
  user.client_certificate_data = Data(reader, "client-certificate-data", error);
  user.client_key = ResolvePath(reader.String("client-key"), folder);
  user.client_key_data = Data(reader, "client-key-data", error);
  user.token = reader.String("token");
  user.token_file = ResolvePath(reader.String("tokenFile"), folder);
  user.username = reader.String("username");
  user.password = reader.String("password");
  user.impersonate = reader.String("as");
  user.impersonate_groups = reader.Strings("as-groups");
  for (const char* plugin : {"exec", "auth-provider"}) {
    if (reader.Has(plugin)) user.unsupported = plugin;
  }
  return user;
}

// Adds what `from` has and `into` lacks.
void Merge(Kubeconfig from, Kubeconfig* into) {
  into->clusters.merge(from.clusters);
  into->users.merge(from.users);
  into->contexts.merge(from.contexts);
  if (into->current_context.empty()) {
    into->current_context = std::move(from.current_context);
  }
}

absl::StatusOr<Kubeconfig> LoadFile(const std::string& path) {
  const auto wrong = [&path](const absl::Status& why) {
    return absl::Status(why.code(), absl::StrCat("error loading config file \"",
                                                 path, "\": ", why.message()));
  };
  absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return wrong(text.status());
  std::error_code ec;
  const std::filesystem::path absolute = std::filesystem::absolute(path, ec);
  absl::StatusOr<Kubeconfig> kubeconfig =
      ParseKubeconfig(*text, absolute.parent_path().string());
  if (!kubeconfig.ok()) return wrong(kubeconfig.status());
  return kubeconfig;
}

bool Exists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

void Replace(const std::string& with, std::string* field) {
  if (!with.empty()) *field = with;
}

// Mirrors: DirectClientConfig.getCluster.
KubeCluster MergedCluster(const Kubeconfig& kubeconfig,
                          const ConfigOverrides& overrides,
                          const std::string& name) {
  KubeCluster cluster;
  auto it = kubeconfig.clusters.find(name);
  if (it != kubeconfig.clusters.end()) {
    cluster = it->second;
    if (cluster.server.empty()) cluster.server = overrides.default_server;
  } else if (overrides.cluster.empty()) {
    cluster.server = overrides.default_server;
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
  return cluster;
}

// Mirrors: DirectClientConfig.getAuthInfo.
absl::StatusOr<KubeAuthInfo> MergedUser(const Kubeconfig& kubeconfig,
                                        const ConfigOverrides& overrides,
                                        const std::string& name) {
  KubeAuthInfo user;
  auto it = kubeconfig.users.find(name);
  if (it != kubeconfig.users.end()) {
    user = it->second;
  } else if (!overrides.user.empty()) {
    return absl::NotFoundError(
        absl::StrCat("auth info \"", name, "\" does not exist"));
  }
  if (!overrides.token.empty()) {
    user.token = overrides.token;
    user.token_file.clear();
  }
  Replace(overrides.username, &user.username);
  Replace(overrides.password, &user.password);
  Replace(overrides.client_certificate, &user.client_certificate);
  Replace(overrides.client_key, &user.client_key);
  Replace(overrides.impersonate, &user.impersonate);
  if (!overrides.impersonate_groups.empty()) {
    user.impersonate_groups = overrides.impersonate_groups;
  }
  return user;
}

// Adds a fault when `path` cannot be opened.
void CheckReadable(const char* what, const std::string& path,
                   const std::string& name, std::vector<std::string>* faults) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return;
  const absl::Status why = FromErrno(errno, absl::StrCat("open ", path));
  faults->push_back(absl::StrCat("unable to read ", what, " ", path, " for ",
                                 name, " due to ", why.message()));
}

// Mirrors: validateClusterInfo.
void ValidateCluster(const std::string& name, const KubeCluster& cluster,
                     std::vector<std::string>* faults) {
  if (cluster.server.empty()) {
    faults->push_back(
        name.empty()
            ? "default cluster has no server defined"
            : absl::StrCat("no server found for cluster \"", name, "\""));
  }
  if (!cluster.proxy_url.empty()) {
    absl::StatusOr<net::http::Url> proxy =
        net::http::ParseUrl(cluster.proxy_url);
    if (!proxy.ok() || proxy->host.empty()) {
      faults->push_back(absl::StrCat(
          "invalid 'proxy-url' \"", cluster.proxy_url, "\" for cluster \"",
          name,
          "\": ", proxy.ok() ? "no host in it" : proxy.status().message()));
    }
  }
  if (!cluster.certificate_authority.empty() &&
      !cluster.certificate_authority_data.empty()) {
    faults->push_back(absl::StrCat(
        "certificate-authority-data and certificate-authority are both "
        "specified for ",
        name, ". certificate-authority-data will override."));
  }
  CheckReadable("certificate-authority", cluster.certificate_authority, name,
                faults);
}

// Mirrors: validateAuthInfo.
void ValidateUser(const std::string& name, const KubeAuthInfo& user,
                  std::vector<std::string>* faults) {
  const bool has_cert = !user.client_certificate.empty();
  const bool has_cert_data = !user.client_certificate_data.empty();
  const bool has_key = !user.client_key.empty();
  const bool has_key_data = !user.client_key_data.empty();
  if (has_cert || has_cert_data) {
    if (has_cert && has_cert_data) {
      faults->push_back(absl::StrCat(
          "client-cert-data and client-cert are both specified for ", name,
          ". client-cert-data will override."));
    }
    if (has_key && has_key_data) {
      faults->push_back(
          absl::StrCat("client-key-data and client-key are both specified for ",
                       name, "; client-key-data will override"));
    }
    if (!has_key && !has_key_data) {
      faults->push_back(
          absl::StrCat("client-key-data or client-key must be specified for ",
                       name, " to use the clientCert authentication method."));
    }
    CheckReadable("client-cert", user.client_certificate, name, faults);
    CheckReadable("client-key", user.client_key, name, faults);
  }
  if (!user.unsupported.empty()) {
    faults->push_back(absl::StrCat("user \"", name, "\" needs ",
                                   user.unsupported,
                                   " credentials, which are not supported"));
  }
  if (!user.token.empty() &&
      (!user.username.empty() || !user.password.empty())) {
    faults->push_back(
        absl::StrCat("more than one authentication method found for ", name,
                     "; found [token basicAuth], only one is allowed"));
  }
  if (user.impersonate.empty() && !user.impersonate_groups.empty()) {
    faults->push_back(absl::StrCat("requesting groups or user-extra for ", name,
                                   " without impersonating a user"));
  }
}

absl::Status ConfigurationInvalid(const std::vector<std::string>& faults) {
  const std::string all =
      faults.size() == 1 ? faults[0]
                         : absl::StrCat("[", absl::StrJoin(faults, ", "), "]");
  absl::Status status =
      absl::InvalidArgumentError(absl::StrCat("invalid configuration: ", all));
  status.SetPayload(kFaultsPayload, absl::Cord(absl::StrJoin(faults, "\n")));
  return status;
}

Config ConfigOf(const KubeCluster& cluster, const KubeAuthInfo& user) {
  Config config;
  config.host = cluster.server;
  config.impersonate.user_name = user.impersonate;
  config.impersonate.groups = user.impersonate_groups;
  if (!cluster.proxy_url.empty()) {
    absl::StatusOr<net::http::Url> proxy =
        net::http::ParseUrl(cluster.proxy_url);
    config.proxy = [proxy](const net::http::Url&) { return proxy; };
  }
  // Secrets are not sent over a connection that anybody may read.
  absl::StatusOr<net::http::Url> url = DefaultServerURL(config);
  if (!url.ok() || url->scheme != "https") return config;
  config.bearer_token = user.token;
  config.bearer_token_file = user.token_file;
  config.username = user.username;
  config.password = user.password;
  config.tls.cert_file = user.client_certificate;
  config.tls.cert_data = user.client_certificate_data;
  config.tls.key_file = user.client_key;
  config.tls.key_data = user.client_key_data;
  config.tls.ca_file = cluster.certificate_authority;
  config.tls.ca_data = cluster.certificate_authority_data;
  config.tls.insecure = cluster.insecure_skip_tls_verify;
  config.tls.server_name = cluster.tls_server_name;
  return config;
}

}  // namespace

absl::StatusOr<Kubeconfig> ParseKubeconfig(absl::string_view text,
                                           absl::string_view folder) {
  absl::StatusOr<std::string> json = api::YamlToJson(text);
  if (!json.ok()) return json.status();
  absl::StatusOr<nlohmann::json> value = api::ParseJson(*json);
  if (!value.ok()) return value.status();
  absl::Status error;
  const FieldReader document(*value, "", &error);
  FAIRWAY_RETURN_IF_ERROR(CheckKind(document));
  Kubeconfig kubeconfig;
  for (const FieldReader& entry : document.Objects("clusters")) {
    kubeconfig.clusters.emplace(
        entry.String("name"),
        ReadCluster(entry.Object("cluster"), folder, &error));
  }
  for (const FieldReader& entry : document.Objects("users")) {
    kubeconfig.users.emplace(entry.String("name"),
                             ReadUser(entry.Object("user"), folder, &error));
  }
  for (const FieldReader& entry : document.Objects("contexts")) {
    const FieldReader context = entry.Object("context");
    kubeconfig.contexts.emplace(
        entry.String("name"),
        KubeContext{context.String("cluster"), context.String("user"),
                    context.String("namespace")});
  }
  kubeconfig.current_context = document.String("current-context");
  if (!error.ok()) return error;
  return kubeconfig;
}

absl::StatusOr<Kubeconfig> LoadKubeconfig(absl::string_view explicit_path) {
  if (!explicit_path.empty()) {
    const std::string path(explicit_path);
    if (!Exists(path)) return FromErrno(errno, absl::StrCat("stat ", path));
    return LoadFile(path);
  }
  std::vector<std::string> paths;
  if (const char* list = std::getenv("KUBECONFIG");
      list != nullptr && *list != '\0') {
    paths = absl::StrSplit(list, ':', absl::SkipEmpty());
  } else if (const char* home = std::getenv("HOME"); home != nullptr) {
    paths.push_back(absl::StrCat(home, "/.kube/config"));
  }
  Kubeconfig merged;
  for (const std::string& path : paths) {
    if (!Exists(path)) continue;
    absl::StatusOr<Kubeconfig> kubeconfig = LoadFile(path);
    if (!kubeconfig.ok()) return kubeconfig.status();
    Merge(*std::move(kubeconfig), &merged);
  }
  return merged;
}

std::string ResolvePath(absl::string_view path, absl::string_view folder) {
  if (path.empty() || path[0] == '/' || folder.empty()) {
    return std::string(path);
  }
  const std::filesystem::path joined =
      std::filesystem::path(std::string(folder)) / std::string(path);
  return joined.lexically_normal().string();
}

absl::StatusOr<ClientConfig> NewClientConfig(const Kubeconfig& kubeconfig,
                                             const ConfigOverrides& overrides) {
  const std::string name = overrides.context.empty()
                               ? kubeconfig.current_context
                               : overrides.context;
  const auto it = kubeconfig.contexts.find(name);
  KubeContext context;
  std::vector<std::string> faults;
  if (it != kubeconfig.contexts.end()) {
    context = it->second;
  } else if (!name.empty()) {
    faults.push_back(
        absl::StrCat("context was not found for specified context: ", name));
  }
  Replace(overrides.cluster, &context.cluster);
  Replace(overrides.user, &context.user);
  Replace(overrides.namespace_, &context.namespace_);

  absl::StatusOr<KubeAuthInfo> user =
      MergedUser(kubeconfig, overrides, context.user);
  if (!user.ok()) return user.status();
  const KubeCluster cluster =
      MergedCluster(kubeconfig, overrides, context.cluster);
  ValidateUser(context.user, *user, &faults);
  if (cluster.server.empty() && context.cluster.empty()) {
    faults.push_back(faults.empty() ? kEmptyConfig
                                    : "cluster has no server defined");
  } else {
    ValidateCluster(context.cluster, cluster, &faults);
  }
  if (!faults.empty()) return ConfigurationInvalid(faults);
  return ClientConfig{ConfigOf(cluster, *user), context.namespace_.empty()
                                                    ? "default"
                                                    : context.namespace_};
}

std::vector<std::string> ConfigurationFaults(const absl::Status& status) {
  const auto payload = status.GetPayload(kFaultsPayload);
  if (!payload.has_value()) return {};
  return absl::StrSplit(std::string(*payload), '\n');
}

}  // namespace fairway::rest
