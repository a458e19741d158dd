// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/clientcmd/{client_config,loader,overrides,
// validation}.go (v0.20.2)
// The kubeconfig files, and the client configuration that follows from them.
#ifndef CLIENT_REST_KUBECONFIG_H_
#define CLIENT_REST_KUBECONFIG_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "client/rest/config.h"

namespace fairway::rest {

// The fields as in the file; paths are made absolute, data is decoded.
struct KubeCluster {
  std::string server;
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  std::string certificate_authority;
  std::string certificate_authority_data;
  std::string proxy_url;
};

struct KubeAuthInfo {
  std::string client_certificate;
  std::string client_certificate_data;
  std::string client_key;
  std::string client_key_data;
  std::string token;
  std::string token_file;
  std::string username;
  std::string password;
  std::string impersonate;
  std::vector<std::string> impersonate_groups;
  // A way to get credentials that we do not have ("exec"); empty: none.
  std::string unsupported;
};

struct KubeContext {
  std::string cluster;
  std::string user;
  std::string namespace_;
};

struct Kubeconfig {
  std::map<std::string, KubeCluster> clusters;
  std::map<std::string, KubeAuthInfo> users;
  std::map<std::string, KubeContext> contexts;
  std::string current_context;
};

// What the command line replaces; empty: as in the file.
struct ConfigOverrides {
  std::string context;
  std::string cluster;
  std::string user;
  std::string namespace_;
  std::string server;
  std::string tls_server_name;
  std::string token;
  std::string username;
  std::string password;
  std::string certificate_authority;
  std::string client_certificate;
  std::string client_key;
  absl::optional<bool> insecure_skip_tls_verify;
  std::string impersonate;
  std::vector<std::string> impersonate_groups;
  // Used where no cluster says otherwise ("http://localhost:8080" in kubectl).
  std::string default_server;
};

// One file's text; `folder` is what its relative paths start from.
// Errors: kInvalidArgument.
absl::StatusOr<Kubeconfig> ParseKubeconfig(absl::string_view text,
                                           absl::string_view folder);

// The file at `explicit_path`, which must exist; else those of $KUBECONFIG
// (colon-separated, missing ones are skipped, what comes first wins), else
// ~/.kube/config. No file at all gives an empty configuration.
// Errors: "stat /x: no such file or directory", "error loading config file
// \"/x\": ...".
absl::StatusOr<Kubeconfig> LoadKubeconfig(absl::string_view explicit_path);

// `path` from `folder`, if it is relative.
std::string ResolvePath(absl::string_view path, absl::string_view folder);

struct ClientConfig {
  Config config;
  std::string namespace_;  // "default" if nobody says
};

// The context's cluster and user with the overrides laid over.
// Errors: kNotFound "auth info \"x\" does not exist" for an override; every
// other fault as kInvalidArgument "invalid configuration: ...", whose faults
// ConfigurationFaults() gives one by one.
absl::StatusOr<ClientConfig> NewClientConfig(const Kubeconfig& kubeconfig,
                                             const ConfigOverrides& overrides);

// The faults of a status that says "invalid configuration: ..."; empty for any
// other. Mirrors: clientcmd.IsConfigurationInvalid.
std::vector<std::string> ConfigurationFaults(const absl::Status& status);

}  // namespace fairway::rest

#endif  // CLIENT_REST_KUBECONFIG_H_
