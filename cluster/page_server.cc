// SPDX-License-Identifier: Apache-2.0
// The demo's pod: one page, on a port of the pod's loopback.
#include <gflags/gflags.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/flags/daemon.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/http/handler.h"
#include "net/http/server.h"
#include "net/socket/socket.h"

DEFINE_int32(port, 8080, "where it listens, on 127.0.0.1");

namespace fairway {
namespace {

Task<absl::Status> ServePage(net::http::ServerRequest&,
                             net::http::ResponseWriter& writer) {
  const std::string page = absl::StrCat(
      "<!doctype html>\n<title>Fairway</title>\n"
      "<h1>Hello from inside the pod</h1>\n"
      "<p>Process ",
      getpid(), " listens on 127.0.0.1:", FLAGS_port,
      ", on the pod's network.\n");
  absl::Status sent = co_await net::http::Respond(
      writer, 200, "text/html; charset=utf-8", page);
  co_return sent;
}

Task<absl::Status> Run() {
  Executor executor = co_await kThisExecutor;
  absl::StatusOr<std::unique_ptr<net::Listener>> listener =
      net::ListenTcp(executor, "127.0.0.1", static_cast<uint16_t>(FLAGS_port));
  if (!listener.ok()) co_return listener.status();
  std::unique_ptr<net::http::Server> server =
      net::http::NewServer(executor, ServePage, {});
  TaskGroup group(executor);
  group.Spawn([&server, &listener]() -> Task<absl::Status> {
    absl::Status served = co_await server->Serve(std::move(*listener));
    co_return served;
  });
  const std::vector<int> signals = {SIGINT, SIGTERM};
  absl::StatusOr<int> signal = co_await WaitForSignal(signals);
  absl::Status stopped = co_await server->Shutdown(absl::Seconds(1));
  absl::Status joined = co_await group.Join();
  (void)joined;  // kCancelled: that is how Shutdown ends Serve.
  co_return signal.ok() ? stopped : signal.status();
}

}  // namespace
}  // namespace fairway

int main(int argc, char** argv) {
  fairway::InitDaemon(argc, argv, "Serves the demo's page.");
  return fairway::ExitStatus(fairway::RunLoop(fairway::Run));
}
