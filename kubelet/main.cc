// SPDX-License-Identifier: Apache-2.0
// Mirrors: cmd/kubelet/app/server.go, options/options.go (v1.20.2)
#include <gflags/gflags.h>
#include <glog/logging.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/flags/daemon.h"
#include "base/status/co_status.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "client/rest/config.h"
#include "client/rest/kubeconfig.h"
#include "client/rest/rest_client.h"
#include "kubelet/cri/remote/remote_runtime.h"
#include "kubelet/cri/streaming/session_flags.h"
#include "kubelet/kubelet.h"
#include "kubelet/rest_kube_client.h"
#include "kubelet/runtime_host.h"
#include "kubelet/server/server.h"
#include "net/http/server.h"
#include "net/http/url.h"
#include "net/tls/certs.h"
#include "net/tls/tls.h"
#include "runtime/process/user_namespace.h"

DEFINE_string(kubeconfig, "",
              "Path to a kubeconfig file, specifying how to connect to the API "
              "server");
DEFINE_string(address, "0.0.0.0",
              "The IP address for the Kubelet to serve on (set to '0.0.0.0' "
              "for all IPv4 interfaces and '::' for all IPv6 interfaces)");
DEFINE_int32(port, 10250,
             "The port for the Kubelet to serve on; 0 is any free one, which "
             "is registered with the node");
DEFINE_string(node_ip, "127.0.0.1",
              "IP address of the node, by which the API server reaches this "
              "kubelet");
DEFINE_string(hostname_override, "",
              "If non-empty, will use this string as identification instead "
              "of the actual hostname");
DEFINE_string(client_ca_file, "",
              "If set, any request presenting a client certificate signed by "
              "one of the authorities in the client-ca-file is authenticated "
              "with an identity corresponding to the CommonName of the client "
              "certificate");
DEFINE_string(tls_cert_file, "",
              "File containing x509 Certificate used for serving HTTPS (with "
              "intermediate certs, if any, concatenated after server cert). If "
              "--tls-cert-file and --tls-private-key-file are not provided, a "
              "certificate is generated for this run");
DEFINE_string(tls_private_key_file, "",
              "File containing x509 private key matching --tls-cert-file");
DEFINE_bool(anonymous_auth, false,
            "Enables anonymous requests to the Kubelet server. Anonymous "
            "requests have a username of system:anonymous, and a group name "
            "of system:unauthenticated");
DEFINE_string(authorization_mode, "AlwaysAllow",
              "Authorization mode for Kubelet server. Valid options are "
              "AlwaysAllow");
DEFINE_string(root_dir, "/var/lib/kubelet",
              "Directory path for managing kubelet files (sockets, logs, the "
              "runtime's state)");
DEFINE_string(container_runtime, "docker",
              "The container runtime to use. Possible values: 'docker', "
              "'process', 'remote'");
DEFINE_string(container_runtime_endpoint, "",
              "The endpoint of the remote runtime service, for "
              "--container-runtime=remote: a Unix socket, e.g. "
              "unix:///run/containerd/containerd.sock");
DEFINE_string(docker_endpoint, "unix:///var/run/docker.sock",
              "Use this for the docker endpoint to communicate with");
DEFINE_string(pod_infra_container_image, "k8s.gcr.io/pause:3.2",
              "The image whose network/ipc namespaces containers in each pod "
              "will use, with the docker runtime");
DEFINE_bool(redirect_container_streaming, false,
            "Enables container streaming redirect. If false, kubelet will "
            "proxy container streaming data between apiserver and container "
            "runtime; if true, kubelet will return an http redirect to "
            "apiserver, and apiserver will access container runtime directly");
DEFINE_string(port_forward_dial, "netns",
              "How the runtimes 'docker' and 'process' reach a pod's port: "
              "'netns', a socket made in the pod's network namespace, or "
              "'socat', which needs nsenter and socat");
DEFINE_string(streaming_connection_idle_timeout, "4h0m0s",
              "Maximum time a streaming connection can be idle before the "
              "connection is automatically closed. 0 indicates no timeout");
DEFINE_string(runtime_request_timeout, "2m0s",
              "Timeout of all runtime requests except long running requests");
DEFINE_string(node_status_update_frequency, "10s",
              "Specifies how often kubelet posts node status to master");
DEFINE_string(sync_frequency, "1m0s",
              "Max period between synchronizing running containers and "
              "config");

namespace fairway::kubelet {
namespace {

constexpr char kAbout[] =
    "The kubelet is the primary \"node agent\" that runs on each node. It "
    "makes the pods run\nthat the API server binds to the node, and serves "
    "port-forwards to them.";

// How long open streams may go on after SIGTERM.
constexpr absl::Duration kDrainGrace = absl::Seconds(5);

// Everything that the flags say, checked and read.
struct Settings {
  std::string node_name;
  rest::Config api;
  net::TlsServerConfig tls;
  RuntimeHostOptions runtime;
  absl::Duration runtime_request_timeout;
  absl::Duration node_status_update_frequency;
  absl::Duration sync_frequency;
};

std::string NodeName() {
  std::string name = FLAGS_hostname_override;
  if (name.empty()) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    name = host;
  }
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(name));
}

absl::Status ReadTls(const std::string& node_name, net::TlsServerConfig* tls) {
  tls->alpn = {"h2", "http/1.1"};
  if (!FLAGS_client_ca_file.empty()) {
    FAIRWAY_RETURN_IF_ERROR(ReadFlagFile("client-ca-file", FLAGS_client_ca_file,
                                         &tls->client_ca_pem));
    tls->client_certificates = net::ClientCertificates::kVerifyIfGiven;
  }
  if (FLAGS_tls_cert_file.empty() != FLAGS_tls_private_key_file.empty()) {
    return absl::InvalidArgumentError(
        "--tls-cert-file and --tls-private-key-file go together");
  }
  if (!FLAGS_tls_cert_file.empty()) {
    FAIRWAY_RETURN_IF_ERROR(
        ReadFlagFile("tls-cert-file", FLAGS_tls_cert_file, &tls->cert_pem));
    return ReadFlagFile("tls-private-key-file", FLAGS_tls_private_key_file,
                        &tls->key_pem);
  }
  absl::StatusOr<std::unique_ptr<net::CertificateAuthority>> authority =
      net::CertificateAuthority::Make(absl::StrCat(node_name, "-ca"));
  if (!authority.ok()) return authority.status();
  net::CertificateRequest request;
  request.common_name = node_name;
  request.dns_names = {node_name};
  request.ip_addresses = {FLAGS_node_ip};
  request.usage = net::CertificateRequest::Usage::kServer;
  absl::StatusOr<net::CertificateAndKey> made = (*authority)->Sign(request);
  if (!made.ok()) return made.status();
  tls->cert_pem = made->cert_pem;
  tls->key_pem = made->key_pem;
  return absl::OkStatus();
}

absl::Status ReadKubeconfig(rest::Config* api) {
  if (FLAGS_kubeconfig.empty()) {
    return absl::InvalidArgumentError("--kubeconfig is required");
  }
  absl::StatusOr<rest::Kubeconfig> file =
      rest::LoadKubeconfig(FLAGS_kubeconfig);
  if (!file.ok()) {
    return absl::Status(
        file.status().code(),
        absl::StrCat("--kubeconfig: ", file.status().message()));
  }
  absl::StatusOr<rest::ClientConfig> client =
      rest::NewClientConfig(*file, rest::ConfigOverrides());
  if (!client.ok()) return client.status();
  *api = client->config;
  api->user_agent = rest::DefaultKubernetesUserAgent("kubelet");
  return absl::OkStatus();
}

absl::Status ReadRuntime(RuntimeHostOptions* runtime) {
  runtime->runtime = FLAGS_container_runtime;
  runtime->root_dir = FLAGS_root_dir;
  runtime->remote_endpoint = FLAGS_container_runtime_endpoint;
  runtime->docker_endpoint = FLAGS_docker_endpoint;
  runtime->pod_infra_container_image = FLAGS_pod_infra_container_image;
  runtime->host_ip = FLAGS_node_ip;
  runtime->redirect_container_streaming = FLAGS_redirect_container_streaming;
  runtime->port_forward_dial = FLAGS_port_forward_dial;
  FAIRWAY_RETURN_IF_ERROR(
      ParseDurationFlag("streaming-connection-idle-timeout",
                        FLAGS_streaming_connection_idle_timeout,
                        absl::ZeroDuration(), &runtime->stream_idle_timeout));
  absl::StatusOr<cri::streaming::SessionOptions> session =
      cri::streaming::SessionOptionsFromFlags("kubelet");
  if (!session.ok()) return session.status();
  runtime->session = *std::move(session);
  return ValidateRuntimeHostOptions(*runtime);
}

absl::StatusOr<Settings> ReadSettings() {
  Settings settings;
  settings.node_name = NodeName();
  if (settings.node_name.empty()) {
    return absl::InvalidArgumentError(
        "empty hostname: give one by --hostname-override");
  }
  if (FLAGS_port < 0 || FLAGS_port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat(
        "invalid argument \"", FLAGS_port, "\" for \"--port\" flag"));
  }
  if (FLAGS_authorization_mode != "AlwaysAllow") {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown authorization mode ", FLAGS_authorization_mode));
  }
  FAIRWAY_RETURN_IF_ERROR(ParseDurationFlag(
      "runtime-request-timeout", FLAGS_runtime_request_timeout,
      absl::Milliseconds(1), &settings.runtime_request_timeout));
  FAIRWAY_RETURN_IF_ERROR(ParseDurationFlag(
      "node-status-update-frequency", FLAGS_node_status_update_frequency,
      absl::Milliseconds(1), &settings.node_status_update_frequency));
  FAIRWAY_RETURN_IF_ERROR(
      ParseDurationFlag("sync-frequency", FLAGS_sync_frequency,
                        absl::Milliseconds(1), &settings.sync_frequency));
  FAIRWAY_RETURN_IF_ERROR(ReadRuntime(&settings.runtime));
  FAIRWAY_RETURN_IF_ERROR(ReadKubeconfig(&settings.api));
  FAIRWAY_RETURN_IF_ERROR(ReadTls(settings.node_name, &settings.tls));
  std::error_code failed;
  std::filesystem::create_directories(FLAGS_root_dir, failed);
  if (failed) {
    return absl::InvalidArgumentError(
        absl::StrCat("--root-dir ", FLAGS_root_dir, ": ", failed.message()));
  }
  return settings;
}

KubeletOptions OptionsOf(const Settings& settings, uint16_t port) {
  KubeletOptions options;
  options.node.node_name = settings.node_name;
  options.node.node_ip = FLAGS_node_ip;
  options.node.kubelet_port = port;
  options.node.update_frequency = settings.node_status_update_frequency;
  // Differs: below the root directory; upstream's /var/log/pods is root's.
  options.runtime.pod_logs_root = absl::StrCat(FLAGS_root_dir, "/log/pods");
  options.sync_frequency = settings.sync_frequency;
  return options;
}

// Serves until SIGINT or SIGTERM.
Task<absl::Status> Serve(Settings settings,
                         std::unique_ptr<net::Listener> listener,
                         rest::RESTClient& api, RuntimeHost& host,
                         net::http::ServerOptions http_options) {
  Executor executor = co_await kThisExecutor;
  std::unique_ptr<cri::RuntimeService> runtime_service =
      cri::NewRemoteRuntimeService(executor, host.endpoint(),
                                   settings.runtime_request_timeout);
  std::unique_ptr<cri::ImageManagerService> image_service =
      cri::NewRemoteImageService(executor, host.endpoint(),
                                 settings.runtime_request_timeout);
  std::unique_ptr<KubeClient> client = NewRestKubeClient(api);
  Kubelet kubelet(executor, *client, *runtime_service, *image_service,
                  OptionsOf(settings, listener->address().port));

  server::ServerOptions server_options;
  server_options.node_name = settings.node_name;
  server_options.anonymous_auth = FLAGS_anonymous_auth
                                      ? server::AnonymousAuth::kAllowed
                                      : server::AnonymousAuth::kForbidden;
  server_options.redirect_container_streaming =
      FLAGS_redirect_container_streaming;
  server_options.cri_handler = host.cri_handler();
  server_options.local_streams = [&host](const net::http::Url& url) {
    return host.HandlerOf(url);
  };
  server::Server server(kubelet, server::NewAlwaysAllowAuthorizer(),
                        std::move(server_options));
  std::unique_ptr<net::http::Server> http =
      net::http::NewServer(executor, server.handler(), http_options);

  LOG(INFO) << "node " << settings.node_name << ": listening on "
            << listener->address().ToString();
  TaskGroup tasks(executor);
  tasks.Spawn([&http, &listener] { return http->Serve(std::move(listener)); });
  tasks.Spawn([&kubelet] { return kubelet.Run(); });
  std::vector<int> signals = {SIGINT, SIGTERM};
  absl::StatusOr<int> signal = co_await WaitForSignal(std::move(signals));
  if (signal.ok()) LOG(INFO) << "signal " << *signal << ": shutting down";
  host.Drain();
  absl::Status drained = co_await http->Shutdown(kDrainGrace);
  tasks.Cancel();
  absl::Status ended = co_await tasks.Join();
  if (!drained.ok()) LOG(WARNING) << "drain: " << drained;
  if (!ended.ok() && !absl::IsCancelled(ended)) co_return ended;
  co_return absl::OkStatus();
}

Task<absl::Status> Main(Settings settings) {
  Executor executor = co_await kThisExecutor;
  net::http::ServerOptions http_options;
  absl::StatusOr<std::shared_ptr<const net::TlsServerContext>> tls =
      net::NewTlsServerContext(settings.tls);
  if (!tls.ok()) {
    const std::vector<FlagFile> files = {
        {"tls-cert-file", FLAGS_tls_cert_file},
        {"tls-private-key-file", FLAGS_tls_private_key_file},
        {"client-ca-file", FLAGS_client_ca_file}};
    co_return NameFlagFiles(files, tls.status());
  }
  http_options.tls = *std::move(tls);
  absl::StatusOr<std::unique_ptr<rest::RESTClient>> api =
      rest::RESTClientFor(executor, settings.api);
  if (!api.ok()) co_return api.status();
  absl::StatusOr<std::unique_ptr<net::Listener>> listener = net::ListenTcp(
      executor, FLAGS_address, static_cast<uint16_t>(FLAGS_port));
  if (!listener.ok()) {
    co_return absl::Status(
        listener.status().code(),
        absl::StrCat("--address, --port: ", listener.status().message()));
  }
  absl::StatusOr<std::unique_ptr<RuntimeHost>> host =
      NewRuntimeHost(executor, settings.runtime);
  if (!host.ok()) co_return host.status();

  absl::Status status = co_await (*host)->Start();
  if (status.ok()) {
    status = co_await Serve(std::move(settings), *std::move(listener), **api,
                            **host, http_options);
  }
  absl::Status stopped = co_await (*host)->Stop();
  if (status.ok()) status = stopped;
  co_return status;
}

absl::Status Run() {
  if (FLAGS_container_runtime == "process") {
    // Before any thread starts; without it pods share the host's network,
    // which the runtime says in its status.
    absl::Status entered = runtime::process::EnterUserNamespaceIfNeeded();
    if (!entered.ok()) LOG(WARNING) << "enter a user namespace: " << entered;
  }
  absl::StatusOr<Settings> settings = ReadSettings();
  if (!settings.ok()) return settings.status();
  return RunLoop([&settings] { return Main(*std::move(settings)); });
}

}  // namespace
}  // namespace fairway::kubelet

int main(int argc, char** argv) {
  fairway::InitDaemon(argc, argv, fairway::kubelet::kAbout);
  return fairway::ExitStatus(fairway::kubelet::Run());
}
