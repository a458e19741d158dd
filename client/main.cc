// SPDX-License-Identifier: Apache-2.0
// Mirrors: cmd/kubectl/kubectl.go (v0.20.2)
#include <glog/logging.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "base/process/file_limit.h"
#include "client/cmd/cmd.h"
#include "client/cmd/io_streams.h"
#include "client/cmd/lossy_stream.h"
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
  cmd::LossyStream lossy_out(STDOUT_FILENO);
  cmd::LossyStream lossy_err_out(STDERR_FILENO);
  const cmd::IOStreams streams = {&std::cin,
                                  &std::cout,
                                  &std::cerr,
                                  &lossy_out,
                                  &lossy_err_out,
                                  isatty(STDERR_FILENO) ? STDERR_FILENO : -1,
                                  isatty(STDOUT_FILENO) != 0};
  return cmd::RunKubectl(args, streams, NewDialer);
}
