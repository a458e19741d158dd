// SPDX-License-Identifier: Apache-2.0
// The demo: a cluster of one node, a pod with a page, a forwarded port, and the
// page through it. Each part is the program that a person would start.
#include <gflags/gflags.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/object.h"
#include "base/flags/daemon.h"
#include "base/process/find_program.h"
#include "base/process/subprocess.h"
#include "base/task/asio_status.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "client/rest/kubeconfig.h"
#include "client/rest/rest_client.h"
#include "net/http/message.h"
#include "net/http/transport.h"
#include "net/io/byte_stream.h"
#include "net/socket/socket.h"

DEFINE_bool(once, false, "end when the page came through, without waiting");

namespace fairway {
namespace {

constexpr absl::Duration kStep = absl::Seconds(60);
constexpr absl::Duration kPageStep = absl::Seconds(15);

// A program of ours, whose stdout is read here.
struct Program {
  std::unique_ptr<Subprocess> process;
  std::unique_ptr<net::Socket> out;
  std::string buffered;
};

absl::StatusOr<Program> StartProgram(Executor executor, const std::string& name,
                                     std::vector<std::string> args) {
  absl::StatusOr<std::string> path = FindProgram(name);
  if (!path.ok()) return path.status();
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return FromErrno(errno, "socketpair");
  }
  SubprocessOptions options;
  options.path = *path;
  options.argv = {*path};
  options.argv.insert(options.argv.end(), args.begin(), args.end());
  options.env = CurrentEnvironment();
  options.stdout_fd = ends[1];
  options.stderr_fd = STDERR_FILENO;
  absl::StatusOr<std::unique_ptr<Subprocess>> process =
      Subprocess::Start(executor, options);
  close(ends[1]);
  absl::StatusOr<std::unique_ptr<net::Socket>> out =
      net::AdoptSocket(executor, ends[0]);
  if (!process.ok()) return process.status();
  if (!out.ok()) return out.status();
  return Program{std::move(*process), std::move(*out), ""};
}

// The next line of its output. Errors: kUnavailable when it said no more.
Task<absl::StatusOr<std::string>> ReadLine(Program& program) {
  while (true) {
    const size_t newline = program.buffered.find('\n');
    if (newline != std::string::npos) {
      std::string line = program.buffered.substr(0, newline);
      program.buffered.erase(0, newline + 1);
      co_return line;
    }
    char chunk[4096];
    absl::StatusOr<size_t> n =
        co_await program.out->Read(absl::MakeSpan(chunk));
    if (!n.ok()) co_return n.status();
    if (*n == 0) {
      co_return absl::UnavailableError("a program ended before its time");
    }
    program.buffered.append(chunk, *n);
  }
}

Task<absl::Status> RunToEnd(Executor executor, std::vector<std::string> args) {
  absl::StatusOr<Program> program =
      StartProgram(executor, "client/kubectl", std::move(args));
  if (!program.ok()) co_return program.status();
  while (true) {
    absl::StatusOr<std::string> line = co_await ReadLine(*program);
    if (!line.ok()) break;
    std::cout << *line << std::endl;
  }
  absl::StatusOr<ExitState> ended = co_await program->process->Wait();
  if (!ended.ok()) co_return ended.status();
  if (ended->exit_code != 0) {
    co_return absl::InternalError("kubectl: " + ended->ToString());
  }
  co_return absl::OkStatus();
}

absl::StatusOr<std::string> WriteManifest(const std::string& folder) {
  absl::StatusOr<std::string> server = FindProgram("cluster/page-server");
  if (!server.ok()) return server.status();
  const std::string path = folder + "/page.yaml";
  std::ofstream file(path);
  file << "apiVersion: v1\nkind: Pod\nmetadata:\n  name: page\nspec:\n"
          "  containers:\n  - name: server\n    image: page-server\n"
          "    command: [\""
       << *server << "\", \"--port=8080\"]\n";
  if (!file.flush()) return absl::InternalError("cannot write " + path);
  return path;
}

Task<absl::StatusOr<std::string>> FetchPage(Executor executor, int port) {
  std::unique_ptr<net::http::RoundTripper> transport =
      net::http::NewTransport(executor, {});
  absl::StatusOr<net::http::Url> url =
      net::http::ParseUrl(absl::StrCat("http://127.0.0.1:", port, "/"));
  if (!url.ok()) co_return url.status();
  net::http::Request request;
  request.url = *url;
  request.headers.Set("Connection", "close");
  absl::StatusOr<net::http::Response> response =
      co_await transport->RoundTrip(std::move(request));
  if (!response.ok()) co_return response.status();
  absl::StatusOr<std::string> page =
      co_await net::http::ReadAll(*response->body, 1 << 20);
  if (page.ok() && response->status != 200) {
    co_return absl::InternalError(
        absl::StrCat("the page's server answered ", response->status));
  }
  co_return page;
}

class Demo {
 public:
  explicit Demo(Executor executor) : executor_(executor) {}

  Task<absl::Status> Run();
  Task<absl::Status> Stop();
  void RemoveFolder();

 private:
  Task<absl::Status> StartCluster();
  Task<absl::Status> WaitRunning();
  Task<absl::Status> Forward();
  Task<absl::Status> ShowPage();
  std::vector<std::string> Kubectl(std::vector<std::string> args) const;

  Executor executor_;
  std::string folder_;
  Program cluster_;
  Program forward_;
  int port_ = 0;
};

std::vector<std::string> Demo::Kubectl(std::vector<std::string> args) const {
  args.insert(args.begin(), "--kubeconfig=" + folder_ + "/kubeconfig");
  return args;
}

Task<absl::Status> Demo::StartCluster() {
  char name[] = "/tmp/fairway-XXXXXX";
  if (mkdtemp(name) == nullptr) co_return FromErrno(errno, "mkdtemp");
  folder_ = name;
  std::cout << "$ fairway-up --data-dir " << folder_
            << " --runtime process --secure-port 0" << std::endl;
  absl::StatusOr<Program> started = StartProgram(
      executor_, "cluster/fairway-up",
      {"--data-dir=" + folder_, "--runtime=process", "--secure-port=0"});
  if (!started.ok()) co_return started.status();
  cluster_ = std::move(*started);
  while (true) {
    absl::StatusOr<std::string> line = co_await ReadLine(cluster_);
    if (!line.ok()) co_return line.status();
    if (line->rfind("ready", 0) == 0) co_return absl::OkStatus();
    std::cout << *line << std::endl;
  }
}

Task<absl::Status> Demo::WaitRunning() {
  absl::StatusOr<rest::Kubeconfig> loaded =
      rest::LoadKubeconfig(folder_ + "/kubeconfig");
  if (!loaded.ok()) co_return loaded.status();
  absl::StatusOr<rest::ClientConfig> config =
      rest::NewClientConfig(*loaded, rest::ConfigOverrides());
  if (!config.ok()) co_return config.status();
  absl::StatusOr<std::unique_ptr<rest::RESTClient>> client =
      rest::RESTClientFor(executor_, config->config);
  if (!client.ok()) co_return client.status();
  rest::Resource resource;
  resource.resource = "pods";
  resource.namespace_ = "default";
  resource.name = "page";
  while (true) {
    absl::StatusOr<std::string> json = co_await (*client)->Get(resource);
    if (!json.ok()) co_return json.status();
    absl::StatusOr<api::Pod> pod = api::PodFromJson(*json);
    if (!pod.ok()) co_return pod.status();
    if (pod->phase == api::kPodRunning) co_return absl::OkStatus();
    absl::Status slept = co_await Sleep(absl::Milliseconds(50));
    if (!slept.ok()) co_return slept;
  }
}

Task<absl::Status> Demo::Forward() {
  std::cout << "\n$ kubectl port-forward pod/page :8080" << std::endl;
  absl::StatusOr<Program> started =
      StartProgram(executor_, "client/kubectl",
                   Kubectl({"port-forward", "pod/page", ":8080"}));
  if (!started.ok()) co_return started.status();
  forward_ = std::move(*started);
  absl::StatusOr<std::string> line = co_await ReadLine(forward_);
  if (!line.ok()) co_return line.status();
  std::cout << *line << std::endl;
  if (std::sscanf(line->c_str(), "Forwarding from 127.0.0.1:%d -> 8080",
                  &port_) != 1) {
    co_return absl::InternalError("cannot tell the local port");
  }
  co_return absl::OkStatus();
}

Task<absl::Status> Demo::ShowPage() {
  std::cout << "\n$ curl http://127.0.0.1:" << port_ << "/" << std::endl;
  // Running means that its process was started, not that it listens yet.
  absl::StatusOr<std::string> page = co_await FetchPage(executor_, port_);
  while (!page.ok()) {
    absl::Status slept = co_await Sleep(absl::Milliseconds(200));
    if (!slept.ok()) co_return page.status();
    page = co_await FetchPage(executor_, port_);
  }
  std::cout << *page << "\nThe way it took, and back:\n"
            << "  this process\n"
            << "    | TCP, 127.0.0.1:" << port_ << "\n"
            << "  kubectl port-forward (process " << forward_.process->pid()
            << ")\n"
            << "    | TLS; SPDY/3.1: a data stream and an error stream\n"
            << "  kube-apiserver: CONNECT .../pods/page/portforward\n"
            << "    | TLS; the same bytes, relayed\n"
            << "  kubelet: /portForward/default/page, then CRI PortForward\n"
            << "    | the URL that the runtime gave, with a token\n"
            << "  the runtime's streaming server: SPDY ends here\n"
            << "    | a socket made in the pod's network namespace\n"
            << "  the pod's port 8080\n";
  co_return absl::OkStatus();
}

Task<absl::Status> Demo::Run() {
  absl::Status step = co_await WithDeadline(
      kStep, "start the cluster", [this]() { return StartCluster(); });
  if (!step.ok()) co_return step;
  absl::StatusOr<std::string> manifest = WriteManifest(folder_);
  if (!manifest.ok()) co_return manifest.status();
  std::cout << "\n$ kubectl create -f " << *manifest << std::endl;
  const std::vector<std::string> create = Kubectl({"create", "-f", *manifest});
  step = co_await RunToEnd(executor_, create);
  if (!step.ok()) co_return step;
  step = co_await WithDeadline(kStep, "wait for the pod to run",
                               [this]() { return WaitRunning(); });
  if (!step.ok()) co_return step;
  step = co_await WithDeadline(kStep, "forward the port",
                               [this]() { return Forward(); });
  if (!step.ok()) co_return step;
  step = co_await WithDeadline(kPageStep, "fetch the page",
                               [this]() { return ShowPage(); });
  if (!step.ok() || FLAGS_once) co_return step;
  absl::StatusOr<std::string> kubectl = FindProgram("client/kubectl");
  std::cout << "\nTry it yourself, in another terminal:\n"
            << "  export KUBECONFIG=" << folder_ << "/kubeconfig\n"
            << "  " << (kubectl.ok() ? *kubectl : "kubectl")
            << " get pods -o wide\n"
            << "  curl http://127.0.0.1:" << port_ << "/\n"
            << "Ctrl-C ends it." << std::endl;
  // What ends by itself from here on ends the demo.
  absl::StatusOr<ExitState> ended = co_await cluster_.process->Wait();
  if (!ended.ok()) co_return ended.status();
  co_return absl::InternalError("fairway-up: " + ended->ToString());
}

Task<absl::Status> Demo::Stop() {
  for (Program* program : {&forward_, &cluster_}) {
    if (program->process == nullptr) continue;
    absl::StatusOr<ExitState> ended =
        co_await program->process->Stop(absl::Seconds(20));
    program->process.reset();
    if (!ended.ok()) co_return ended.status();
  }
  co_return absl::OkStatus();
}

void Demo::RemoveFolder() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Task<absl::Status> RunDemo() {
  Executor executor = co_await kThisExecutor;
  Demo demo(executor);
  absl::Status result;
  TaskGroup group(executor);
  group.SpawnOrCancelAll([&demo, &result]() -> Task<absl::Status> {
    absl::Status ended = co_await demo.Run();
    if (!absl::IsCancelled(ended)) result = ended;
    co_return absl::CancelledError("over");
  });
  group.SpawnOrCancelAll([]() -> Task<absl::Status> {
    const std::vector<int> signals = {SIGINT, SIGTERM};
    absl::StatusOr<int> signal = co_await WaitForSignal(signals);
    co_return signal.ok() ? absl::CancelledError("stopped") : signal.status();
  });
  absl::Status joined = co_await group.Join();
  absl::Status stopped = co_await demo.Stop();
  demo.RemoveFolder();
  if (!result.ok()) co_return result;
  co_return absl::IsCancelled(joined) ? stopped : joined;
}

}  // namespace
}  // namespace fairway

int main(int argc, char** argv) {
  fairway::InitDaemon(argc, argv,
                      "Shows a pod's page coming through kubectl "
                      "port-forward, on a cluster of its own.");
  return fairway::ExitStatus(fairway::RunLoop(fairway::RunDemo));
}
