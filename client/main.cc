// SPDX-License-Identifier: Apache-2.0
// Mirrors: cmd/kubectl/kubectl.go (v0.20.2)
#include <glog/logging.h>

#include <csignal>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "base/process/file_limit.h"
#include "client/cmd/cmd.h"
#include "client/transport/create_dialer.h"
#include "httpstream/spdy/session_options.h"

namespace {

using namespace fairway;

absl::StatusOr<std::unique_ptr<httpstream::Dialer>> NewDialer(
    Executor, const rest::Config& config, std::string method,
    net::http::Url url, httpstream::spdy::SessionOptions session) {
  return transport::CreateDialer(config, std::move(method), std::move(url),
                                 std::move(session));
}

}  // namespace

int main(int argc, char** argv) {
  // Whoever reads our output may stop: that is a failed write, not a death
  // that leaves the pod's connections hanging.
  std::signal(SIGPIPE, SIG_IGN);
  RaiseFileLimit();
  google::InitGoogleLogging(argv[0]);
  const std::vector<std::string> args(argv + 1, argv + argc);
  return cmd::RunKubectl(args, {&std::cin, &std::cout, &std::cerr}, NewDialer);
}
