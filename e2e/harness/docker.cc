// SPDX-License-Identifier: Apache-2.0
#include "e2e/harness/docker.h"

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "base/task/loop.h"
#include "net/http/message.h"
#include "net/http/transport.h"

namespace fairway::e2e {
namespace {

constexpr Seconds kStartTimeout(45);

// A call of the Engine API; its answer, which must be a success.
std::string Call(const std::string& socket, const std::string& method,
                 const std::string& target, const std::string& body) {
  std::string answer;
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    net::http::DialOptions dial;
    dial.unix_path = socket;
    auto transport = net::http::NewTransport(executor, dial);
    absl::StatusOr<net::http::Url> url =
        net::http::ParseUrl("http://docker" + target);
    if (!url.ok()) co_return url.status();
    net::http::Request request;
    request.method = method;
    request.url = *url;
    request.body = body;
    if (!body.empty()) request.headers.Set("Content-Type", "application/x-tar");
    absl::StatusOr<net::http::Response> response =
        co_await transport->RoundTrip(std::move(request));
    if (!response.ok()) co_return response.status();
    absl::StatusOr<std::string> text =
        co_await net::http::ReadAll(*response->body, 16 << 20);
    if (!text.ok()) co_return text.status();
    answer = *text;
    if (response->status >= 300) co_return absl::InternalError(answer);
    co_return absl::OkStatus();
  });
  if (!status.ok()) {
    throw std::runtime_error(method + " " + target + ": " + status.ToString());
  }
  return answer;
}

std::string DockerdPath() {
  for (const char* path : {"/usr/sbin/dockerd", "/usr/bin/dockerd"}) {
    if (access(path, X_OK) == 0) return path;
  }
  throw std::runtime_error("no dockerd: run ./bazelw once");
}

}  // namespace

Docker::Docker()
    : folder_(MakeShortFolder()), socket_(folder_ + "/docker.sock") {
  dockerd_ = std::make_unique<Process>(Process::Options{
      {DockerdPath(), "--data-root=" + folder_ + "/data",
       "--exec-root=" + folder_ + "/exec",
       "--pidfile=" + folder_ + "/docker.pid", "--host=unix://" + socket_,
       "--group=0", "--bridge=none", "--iptables=false", "--ip6tables=false",
       "--storage-driver=vfs"},
      {},
      folder_ + "/dockerd.log"});
  std::string last;
  const bool answers = Eventually(kStartTimeout, [&] {
    if (dockerd_->Wait(Seconds(0)).has_value()) return true;
    try {
      return Call(socket_, "GET", "/_ping", "") == "OK";
    } catch (const std::exception& e) {
      last = e.what();
      return false;
    }
  });
  if (!answers || dockerd_->Wait(Seconds(0)).has_value()) {
    throw std::runtime_error("dockerd did not start: " + last + "\n" +
                             ReadFile(folder_ + "/dockerd.log"));
  }
  ImportPodServer();
}

void Docker::ImportPodServer() {
  const std::string root = folder_ + "/image";
  std::filesystem::create_directory(root);
  std::filesystem::copy_file(DataFile("runtime/testing/pod_server"),
                             root + "/pod_server");
  const std::string tar = folder_ + "/image.tar";
  const Result packed =
      Run({"/bin/tar", "-C", root, "-cf", tar, "--owner=0", "--group=0", "."},
          Seconds(20));
  if (packed.exit_status != 0) throw std::runtime_error(packed.err);
  Call(socket_, "POST",
       "/images/create?fromSrc=-&repo=fairway/pod-server&tag=test"
       "&changes=ENTRYPOINT%20%5B%22%2Fpod_server%22%5D",
       ReadFile(tar));
}

Docker::~Docker() {
  dockerd_->Stop(SIGTERM, Seconds(20));
  RemoveFolder(folder_);
}

}  // namespace fairway::e2e
