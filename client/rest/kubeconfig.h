// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/clientcmd/{client_config,loader,overrides,
// validation}.go (v0.20.2; as-uid and exec's v1 as in v0.22)
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
#include "client/rest/exec_authenticator.h"

namespace fairway::rest {

// The fields as in the file; paths are made absolute, data is decoded. What is
// not here (disable-compression: we never ask for it) is passed over.
struct KubeCluster {
  std::string server;
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  std::string certificate_authority;
  std::string certificate_authority_data;
  std::string proxy_url;
  bool disable_compression = false;  // only for who is told of the cluster
  // JSON of the extension "client.authentication.k8s.io/exec"; empty: none.
  std::string exec_extension;
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
  std::string impersonate_uid;
  std::vector<std::string> impersonate_groups;
  std::map<std::string, std::vector<std::string>> impersonate_user_extra;
  absl::optional<ExecConfig> exec;
  std::string auth_provider;  // its name; a way to log in that is not ours
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
  // The files that all this is from, in their order.
  std::vector<std::string> loaded;
  // Of $KUBECONFIG, if none of its files is there.
  std::vector<std::string> missing;
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
  std::string impersonate_uid;
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
// \"/x\": ..."; several are given one by one by AggregatedErrors().
absl::StatusOr<Kubeconfig> LoadKubeconfig(absl::string_view explicit_path);

// `path` from `folder`, if it is relative.
std::string ResolvePath(absl::string_view path, absl::string_view folder);

struct ClientConfig {
  Config config;
  std::string namespace_;  // "default" if nobody says
};

// The context's cluster and user with the overrides laid over.
// Errors: kNotFound "context \"x\" does not exist" for an override, of a user
// or cluster as well; "exec plugin: invalid apiVersion \"x\""; every other
// fault as kInvalidArgument "invalid configuration: ...", whose faults
// ConfigurationFaults() gives one by one.
absl::StatusOr<ClientConfig> NewClientConfig(const Kubeconfig& kubeconfig,
                                             const ConfigOverrides& overrides);

// Where a pod finds what its service account has.
inline constexpr char kServiceAccountFolder[] =
    "/var/run/secrets/kubernetes.io/serviceaccount";

// Mirrors: DeferredLoadingClientConfig. The same; but where neither file nor
// command line names a server, and we run in a pod, the cluster's own. The
// pod's namespace is taken also where only no namespace is named.
// Differs: impersonation and --request-timeout do not keep it from that.
absl::StatusOr<ClientConfig> NewDeferredClientConfig(
    const Kubeconfig& kubeconfig, const ConfigOverrides& overrides,
    const std::string& service_account_folder = kServiceAccountFolder);

// Mirrors: rest.InClusterConfig.
// Errors: kFailedPrecondition "unable to load in-cluster configuration,
// KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined".
absl::StatusOr<Config> InClusterConfig(
    const std::string& service_account_folder = kServiceAccountFolder);

// The faults of a status that says "invalid configuration: ..."; empty for any
// other. Mirrors: clientcmd.IsConfigurationInvalid.
std::vector<std::string> ConfigurationFaults(const absl::Status& status);

// The errors of a status that stands for several; empty for any other.
// Mirrors: k8s.io/apimachinery/pkg/util/errors.Aggregate.
std::vector<std::string> AggregatedErrors(const absl::Status& status);

}  // namespace fairway::rest

#endif  // CLIENT_REST_KUBECONFIG_H_
