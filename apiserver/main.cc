// SPDX-License-Identifier: Apache-2.0
// Mirrors: cmd/kube-apiserver/apiserver.go and app/options (v1.20.2)
#include <gflags/gflags.h>
#include <glog/logging.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "apiserver/admission/host_network.h"
#include "apiserver/audit/audit.h"
#include "apiserver/authentication/authenticator.h"
#include "apiserver/authorization/authorizer.h"
#include "apiserver/server.h"
#include "apiserver/storage/sqlite/sqlite_store.h"
#include "base/flags/daemon.h"
#include "base/status/co_status.h"
#include "base/task/asio_status.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/http/server.h"
#include "net/socket/socket.h"
#include "net/tls/tls.h"

DEFINE_string(bind_address, "0.0.0.0",
              "The IP address on which to listen for the --secure-port port.");
DEFINE_int32(secure_port, 6443,
             "The port on which to serve HTTPS with authentication and "
             "authorization. 0 lets the kernel choose.");
DEFINE_bool(permit_port_sharing, false,
            "If true, SO_REUSEPORT will be used when binding the port, which "
            "allows more than one instance to bind on the same address and "
            "port.");
DEFINE_string(tls_cert_file, "",
              "File containing the x509 certificate for HTTPS (a chain, if "
              "any, after the server certificate).");
DEFINE_string(tls_private_key_file, "",
              "File containing the x509 private key matching "
              "--tls-cert-file.");
DEFINE_string(client_ca_file, "",
              "If set, any request presenting a client certificate signed by "
              "one of the authorities in this file is authenticated with an "
              "identity corresponding to the CommonName of the client "
              "certificate.");
DEFINE_string(token_auth_file, "",
              "If set, the file that will be used to secure the secure port of "
              "the API server via token authentication.");
DEFINE_bool(anonymous_auth, false,
            "Enables anonymous requests to the secure port of the API server.");
DEFINE_string(authorization_mode, "AlwaysAllow",
              "Ordered list of plug-ins to do authorization on secure port. "
              "Comma-delimited list of: AlwaysAllow.");
DEFINE_string(enable_admission_plugins, "",
              "admission plugins that should be enabled in addition to default "
              "enabled ones (NamespaceLifecycle). Comma-delimited list of "
              "admission plugins: DenyHostNetworkPortForward, "
              "NamespaceLifecycle. The order of plugins in this flag does not "
              "matter.");
DEFINE_string(audit_log_path, "",
              "If set, all requests coming to the apiserver will be logged to "
              "this file. '-' means standard out.");
DEFINE_string(kubelet_client_certificate, "",
              "Path to a client cert file for TLS toward kubelets.");
DEFINE_string(kubelet_client_key, "",
              "Path to a client key file for TLS toward kubelets.");
DEFINE_string(kubelet_certificate_authority, "",
              "Path to a cert file for the certificate authority of kubelets. "
              "Empty: kubelets are not verified.");
DEFINE_string(kubelet_preferred_address_types,
              "Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP",
              "List of the preferred NodeAddressTypes to use for kubelet "
              "connections.");
DEFINE_bool(allow_loopback_kubelets, false,
            "Whether kubelets may be reached on this machine's loopback "
            "addresses. Without it a node whose address is one is refused "
            "(ours).");
DEFINE_string(kubelet_timeout, "5s", "Timeout for kubelet operations.");
DEFINE_int64(max_connection_bytes_per_sec, 0,
             "If non-zero, throttle each user connection to this number of "
             "bytes/sec. Currently only applies to long-running requests.");
DEFINE_int32(max_mutating_requests_inflight, 200,
             "The maximum number of mutating requests in flight at a given "
             "time. 0 for no limit.");
DEFINE_int32(max_requests_inflight, 400,
             "The maximum number of non-mutating requests in flight at a given "
             "time. 0 for no limit.");
DEFINE_string(feature_gates, "",
              "A set of key=value pairs that describe feature gates: "
              "PortForwardWebsockets=true|false (default true), "
              "StreamingProxyRedirects=true|false (default true), "
              "ValidateProxyRedirects=true|false (default true).");
DEFINE_string(data_dir, "/var/lib/fairway",
              "The folder of the embedded store (ours).");
DEFINE_string(shutdown_grace, "30s",
              "How long running requests and connections may go on after "
              "SIGTERM (ours).");

namespace fairway::apiserver {
namespace {

absl::Status FlagError(absl::string_view flag, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", why));
}

absl::Status ReadIfSet(absl::string_view flag, const std::string& path,
                       std::string* contents) {
  return path.empty() ? absl::OkStatus() : ReadFlagFile(flag, path, contents);
}

absl::Status ParseFeatureGates(const std::string& text,
                               registry::pod::ProxyOptions* proxy) {
  for (absl::string_view pair : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> gate =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    if (gate.second != "true" && gate.second != "false") {
      return FlagError("feature-gates",
                       absl::StrCat("invalid value of ", gate.first, "=",
                                    gate.second, ": want true or false"));
    }
    const bool on = gate.second == "true";
    if (gate.first == "StreamingProxyRedirects") {
      proxy->streaming_proxy_redirects = on;
    } else if (gate.first == "PortForwardWebsockets") {
      proxy->port_forward_websockets = on;
    } else if (gate.first == "ValidateProxyRedirects") {
      proxy->validate_proxy_redirects = on;
    } else {
      return FlagError("feature-gates", absl::StrCat("unrecognized feature "
                                                     "gate: ",
                                                     gate.first));
    }
  }
  return absl::OkStatus();
}

absl::Status ParseAdmissionPlugins(const std::string& text,
                                   ServerConfig* config) {
  for (absl::string_view name : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    if (name == admission::kDenyHostNetworkPortForward) {
      config->deny_host_network_port_forward = true;
    } else if (name != "NamespaceLifecycle") {
      return FlagError("enable-admission-plugins",
                       absl::StrCat("plugin \"", name, "\" is unknown"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const net::TlsServerContext>> ServingTls() {
  net::TlsServerConfig tls;
  if (FLAGS_tls_cert_file.empty() || FLAGS_tls_private_key_file.empty()) {
    return FlagError("tls-cert-file",
                     "must be set, with --tls-private-key-file");
  }
  FAIRWAY_RETURN_IF_ERROR(
      ReadFlagFile("tls-cert-file", FLAGS_tls_cert_file, &tls.cert_pem));
  FAIRWAY_RETURN_IF_ERROR(ReadFlagFile(
      "tls-private-key-file", FLAGS_tls_private_key_file, &tls.key_pem));
  FAIRWAY_RETURN_IF_ERROR(
      ReadIfSet("client-ca-file", FLAGS_client_ca_file, &tls.client_ca_pem));
  if (!tls.client_ca_pem.empty()) {
    tls.client_certificates = net::ClientCertificates::kVerifyIfGiven;
  }
  tls.alpn = {"h2", "http/1.1"};
  auto context = net::NewTlsServerContext(tls);
  if (context.ok()) return context;
  return NameFlagFiles({{"tls-cert-file", FLAGS_tls_cert_file},
                        {"tls-private-key-file", FLAGS_tls_private_key_file},
                        {"client-ca-file", FLAGS_client_ca_file}},
                       context.status());
}

absl::Status MakeKubeletConfig(registry::node::KubeletClientConfig* config) {
  config->preferred_address_types = absl::StrSplit(
      FLAGS_kubelet_preferred_address_types, ',', absl::SkipEmpty());
  if (FLAGS_allow_loopback_kubelets) {
    config->loopback = registry::node::LoopbackKubelets::kAllowed;
  }
  FAIRWAY_RETURN_IF_ERROR(
      ParseDurationFlag("kubelet-timeout", FLAGS_kubelet_timeout,
                        absl::ZeroDuration(), &config->dial.timeout));
  net::TlsClientConfig tls;
  FAIRWAY_RETURN_IF_ERROR(ReadIfSet("kubelet-client-certificate",
                                    FLAGS_kubelet_client_certificate,
                                    &tls.cert_pem));
  FAIRWAY_RETURN_IF_ERROR(
      ReadIfSet("kubelet-client-key", FLAGS_kubelet_client_key, &tls.key_pem));
  FAIRWAY_RETURN_IF_ERROR(ReadIfSet("kubelet-certificate-authority",
                                    FLAGS_kubelet_certificate_authority,
                                    &tls.ca_pem));
  tls.insecure_skip_verify = tls.ca_pem.empty();
  tls.alpn = {"http/1.1"};
  auto context = net::NewTlsClientContext(tls);
  if (!context.ok()) {
    return NameFlagFiles(
        {{"kubelet-client-certificate", FLAGS_kubelet_client_certificate},
         {"kubelet-client-key", FLAGS_kubelet_client_key},
         {"kubelet-certificate-authority",
          FLAGS_kubelet_certificate_authority}},
        context.status());
  }
  config->dial.tls = *std::move(context);
  return absl::OkStatus();
}

absl::Status MakeAuthentication(ServerConfig* config) {
  std::vector<std::unique_ptr<authentication::Authenticator>> all;
  if (!FLAGS_client_ca_file.empty()) {
    all.push_back(authentication::NewX509());
  }
  if (!FLAGS_token_auth_file.empty()) {
    std::string csv;
    FAIRWAY_RETURN_IF_ERROR(
        ReadFlagFile("token-auth-file", FLAGS_token_auth_file, &csv));
    auto tokens = authentication::NewTokenFile(csv);
    if (!tokens.ok()) {
      return FlagError(
          "token-auth-file",
          absl::StrCat(FLAGS_token_auth_file, ": ", tokens.status().message()));
    }
    all.push_back(*std::move(tokens));
  }
  if (FLAGS_anonymous_auth) all.push_back(authentication::NewAnonymous());
  config->authenticator = authentication::NewUnion(std::move(all));
  return absl::OkStatus();
}

absl::Status MakeConfig(ServerConfig* config) {
  FAIRWAY_RETURN_IF_ERROR(MakeAuthentication(config));
  auto authorizer = authorization::NewAuthorizer(
      absl::StrSplit(FLAGS_authorization_mode, ',', absl::SkipEmpty()));
  if (!authorizer.ok()) {
    return FlagError("authorization-mode", authorizer.status().message());
  }
  config->authorizer = *std::move(authorizer);
  FAIRWAY_RETURN_IF_ERROR(MakeKubeletConfig(&config->kubelet));
  FAIRWAY_RETURN_IF_ERROR(
      ParseFeatureGates(FLAGS_feature_gates, &config->proxy));
  FAIRWAY_RETURN_IF_ERROR(
      ParseAdmissionPlugins(FLAGS_enable_admission_plugins, config));
  config->proxy.max_bytes_per_sec = FLAGS_max_connection_bytes_per_sec;
  config->max_mutating_requests_inflight = FLAGS_max_mutating_requests_inflight;
  config->max_requests_inflight = FLAGS_max_requests_inflight;
  if (FLAGS_audit_log_path.empty()) return absl::OkStatus();
  auto sink = audit::OpenLog(FLAGS_audit_log_path);
  if (!sink.ok()) {
    return FlagError("audit-log-path", sink.status().message());
  }
  config->audit = *std::move(sink);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<storage::Interface>> OpenStore(
    Executor executor) {
  if (mkdir(FLAGS_data_dir.c_str(), 0700) != 0 && errno != EEXIST) {
    return FlagError("data-dir", absl::StrCat("mkdir ", FLAGS_data_dir, ": ",
                                              GoErrorString(errno)));
  }
  storage::sqlite::SqliteOptions options;
  options.path = FLAGS_data_dir + "/kube-apiserver.db";
  auto store = storage::sqlite::OpenSqliteStore(executor, options);
  if (!store.ok()) return FlagError("data-dir", store.status().message());
  return store;
}

absl::StatusOr<std::unique_ptr<net::Listener>> Listen(Executor executor) {
  if (FLAGS_secure_port < 0 || FLAGS_secure_port > 65535) {
    return FlagError("secure-port", absl::StrCat(FLAGS_secure_port,
                                                 " must be between 0 and 65535,"
                                                 " inclusive"));
  }
  auto listener = net::ListenTcp(
      executor, FLAGS_bind_address, static_cast<uint16_t>(FLAGS_secure_port),
      FLAGS_permit_port_sharing ? net::PortSharing::kPermitted
                                : net::PortSharing::kForbidden);
  if (!listener.ok()) {
    return FlagError("bind-address, --secure-port",
                     listener.status().message());
  }
  return listener;
}

Task<absl::Status> Serve(Executor executor, ServerConfig config,
                         net::http::ServerOptions options,
                         std::unique_ptr<net::Listener> listener,
                         absl::Duration grace) {
  const std::string address = listener->address().ToString();
  config.server_address = address;
  ApiServer api(std::move(config));
  absl::Status prepared = co_await api.PrepareRun();
  if (!prepared.ok()) co_return prepared;
  std::unique_ptr<net::http::Server> server =
      net::http::NewServer(executor, api.handler(), std::move(options));
  TaskGroup controllers(executor);
  controllers.Spawn([&api] { return api.Run(); });
  TaskGroup serving(executor);
  serving.Spawn(
      [&server, &listener] { return server->Serve(std::move(listener)); });
  LOG(INFO) << "Serving securely on " << address;
  std::vector<int> signals = {SIGINT, SIGTERM};
  absl::StatusOr<int> signal = co_await WaitForSignal(std::move(signals));
  LOG(INFO) << "shutting down: signal " << signal.value_or(0);
  api.BeginShutdown();
  absl::Status drained = co_await server->Shutdown(grace);
  serving.Cancel();
  absl::Status served = co_await serving.Join();
  controllers.Cancel();
  absl::Status controlled = co_await controllers.Join();
  for (const absl::Status& end : {served, controlled}) {
    if (!end.ok() && !absl::IsCancelled(end)) LOG(WARNING) << end;
  }
  co_return drained;
}

Task<absl::Status> Main() {
  Executor executor = co_await kThisExecutor;
  absl::Duration grace;
  FAIRWAY_CO_RETURN_IF_ERROR(ParseDurationFlag(
      "shutdown-grace", FLAGS_shutdown_grace, absl::ZeroDuration(), &grace));
  auto tls = ServingTls();
  if (!tls.ok()) co_return tls.status();
  ServerConfig config;
  FAIRWAY_CO_RETURN_IF_ERROR(MakeConfig(&config));
  auto listener = Listen(executor);
  if (!listener.ok()) co_return listener.status();
  auto store = OpenStore(executor);
  if (!store.ok()) co_return store.status();
  config.storage = *std::move(store);
  net::http::ServerOptions options;
  options.tls = *std::move(tls);
  absl::Status status =
      co_await Serve(executor, std::move(config), std::move(options),
                     *std::move(listener), grace);
  co_return status;
}

}  // namespace
}  // namespace fairway::apiserver

int main(int argc, char** argv) {
  fairway::InitDaemon(
      argc, argv,
      "The Kubernetes API server of Fairway: it stores pods, nodes, "
      "namespaces, services and workloads, and proxies port-forwards to the "
      "kubelets.");
  return fairway::ExitStatus(fairway::RunLoop(&fairway::apiserver::Main));
}
