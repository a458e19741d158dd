// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/testing/kubectl_run.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "api/errors.h"
#include "base/task/run_on.h"
#include "client/cmd/cmd.h"
#include "client/cmd/lossy_stream.h"
#include "client/transport/create_dialer.h"
#include "net/http/handler.h"

namespace fairway::cmd {
namespace {

// What the pipe tells when a command has ended; "ready\n" is as long.
constexpr char kEnded[] = "ended\n";

absl::Status RunThere(LoopThread& thread,
                      std::function<Task<absl::Status>()> body) {
  return RunLoop([&]() -> Task<absl::Status> {
    absl::Status done =
        co_await RunOn<absl::Status>(thread.executor(), std::move(body));
    co_return done;
  });
}

Task<absl::Status> Answer(const std::map<std::string, std::string>* objects,
                          net::http::ServerRequest& request,
                          net::http::ResponseWriter& writer) {
  if (absl::StrContains(request.url.raw_query, "watch=true")) {
    absl::Status begun = co_await writer.WriteHeader(200);
    if (!begun.ok()) co_return begun;
    absl::Status gone = co_await writer.WaitPeerGone();
    co_return gone;
  }
  auto it = objects->find(request.url.path);
  std::string body;
  if (it == objects->end()) {
    const std::string& path = request.url.path;
    const size_t slash = path.rfind('/');
    const size_t before = path.rfind('/', slash - 1);
    body = api::ToJson(api::StatusOfError(api::NewNotFound(
        path.substr(before + 1, slash - before - 1), path.substr(slash + 1))));
  } else {
    body = it->second;
  }
  const int code = it == objects->end() ? 404 : 200;
  absl::Status sent =
      co_await net::http::Respond(writer, code, "application/json", body);
  co_return sent;
}

}  // namespace

ScriptedServer::ScriptedServer(std::map<std::string, std::string> objects)
    : objects_(std::move(objects)), thread_("server") {
  absl::Status made = RunThere(thread_, [this]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    transport::FakeStreamServer::Options options;
    options.spdy = [this](net::http::ServerRequest& request,
                          net::http::ResponseWriter& writer) {
      return Answer(&objects_, request, writer);
    };
    server_ = std::make_unique<transport::FakeStreamServer>(executor, options);
    co_return absl::OkStatus();
  });
  made.IgnoreError();
}

ScriptedServer::~ScriptedServer() {
  absl::Status stopped = RunThere(thread_, [this]() -> Task<absl::Status> {
    absl::Status status = co_await server_->Stop();
    server_.reset();
    co_return status;
  });
  stopped.IgnoreError();
}

std::string PodJson(const std::string& name, const std::string& phase) {
  return absl::StrReplaceAll(
      R"({"kind":"Pod","apiVersion":"v1",)"
      R"("metadata":{"name":"NAME","namespace":"default","uid":"u-NAME",)"
      R"("resourceVersion":"1"},)"
      R"("spec":{"containers":[{"name":"c","ports":[{"name":"http",)"
      R"("containerPort":80}]}]},"status":{"phase":"PHASE",)"
      R"("conditions":[{"type":"Ready","status":"True"}]}})",
      {{"NAME", name}, {"PHASE", phase}});
}

KubectlRun::KubectlRun(std::vector<std::string> args, std::string input,
                       DialerFactory dialers)
    : in_(std::move(input)) {
  setenv("KUBECONFIG", "/dev/null", 1);
  unsetenv("KUBERNETES_MASTER");
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
  told_ = ends[0];
  for_ready_ = ends[1];
  int err_ends[2];
  if (pipe2(err_ends, O_CLOEXEC) != 0) std::abort();
  errors_ = err_ends[0];
  const int for_end = dup(for_ready_);
  // Flags stand before the first "--".
  args.insert(args.begin(), absl::StrCat("--ready-fd=", for_ready_));
  args.insert(args.begin(), "port-forward");
  if (dialers == nullptr) {
    dialers = [](Executor, const rest::Config& config, std::string method,
                 net::http::Url url, httpstream::spdy::SessionOptions session) {
      return transport::CreateDialer(config, std::move(method), std::move(url),
                                     std::move(session));
    };
  }
  thread_ =
      std::thread([this, args = std::move(args), dialers = std::move(dialers),
                   for_end, for_errors = err_ends[1]]() {
        LossyStream lossy_err(for_errors);
        code_ = RunKubectl(args, {&in_, &out_, &err_, nullptr, &lossy_err},
                           dialers);
        close(for_errors);
        if (write(for_end, kEnded, sizeof(kEnded) - 1) < 0) std::abort();
        close(for_end);
      });
}

KubectlRun::~KubectlRun() {
  if (thread_.joinable()) Interrupt();
  close(told_);
  close(errors_);
}

std::string KubectlRun::NextWord() {
  char word[sizeof(kEnded) - 1];
  const ssize_t n = read(told_, word, sizeof(word));
  return std::string(word, n < 0 ? 0 : static_cast<size_t>(n));
}

bool KubectlRun::WaitReady() {
  if (!told_any_) {
    told_any_ = true;
    ended_ = NextWord() == kEnded;
    // Else it was closed when it was told.
    if (ended_) close(for_ready_);
  }
  return !ended_;
}

KubectlResult KubectlRun::Interrupt(int signal) {
  // Nobody has the signal any more that would end the test.
  pollfd end = {told_, POLLIN, 0};
  if (!ended_ && poll(&end, 1, 0) == 0) kill(getpid(), signal);
  return Wait();
}

std::string KubectlRun::NextErrorLine() {
  std::string line;
  char c = 0;
  while (read(errors_, &c, 1) == 1) {
    line += c;
    if (c == '\n') break;
  }
  return line;
}

KubectlResult KubectlRun::Wait() {
  thread_.join();
  WaitReady();
  std::string err;
  while (true) {
    const std::string line = NextErrorLine();
    if (line.empty()) break;
    err += line;
  }
  return {code_, out_.str(), err + err_.str()};
}

KubectlResult RunToEnd(std::vector<std::string> args, DialerFactory dialers) {
  KubectlRun run(std::move(args), "", std::move(dialers));
  return run.Wait();
}

std::string Talk(int fd, const std::string& text) {
  if (write(fd, text.data(), text.size()) !=
      static_cast<ssize_t>(text.size())) {
    close(fd);
    return "cannot write";
  }
  shutdown(fd, SHUT_WR);
  std::string heard;
  char bytes[4096];
  while (true) {
    const ssize_t n = read(fd, bytes, sizeof(bytes));
    if (n < 0) heard += std::strerror(errno);
    if (n <= 0) break;
    heard.append(bytes, static_cast<size_t>(n));
  }
  close(fd);
  return heard;
}

bool ConnectTcp(int fd, int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) ==
         0;
}

std::string TalkTcp(int port, const std::string& text) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (ConnectTcp(fd, port)) return Talk(fd, text);
  close(fd);
  return "cannot connect";
}

std::string TalkUnix(const std::string& path, const std::string& text) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) !=
      0) {
    close(fd);
    return "cannot connect";
  }
  return Talk(fd, text);
}

}  // namespace fairway::cmd
