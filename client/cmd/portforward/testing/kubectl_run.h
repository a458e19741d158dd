// SPDX-License-Identifier: Apache-2.0
// kubectl port-forward beside a test that is its user, and the API server of
// both: it says what it is told to and echoes what is forwarded.
#ifndef CLIENT_CMD_PORTFORWARD_TESTING_KUBECTL_RUN_H_
#define CLIENT_CMD_PORTFORWARD_TESTING_KUBECTL_RUN_H_

#include <csignal>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/task/loop.h"
#include "client/cmd/factory.h"
#include "client/transport/testing/fake_stream_server.h"

namespace fairway::cmd {

// Serves on a thread of its own, until it dies.
class ScriptedServer {
 public:
  // `objects`: by path ("/api/v1/namespaces/default/pods/web"), as JSON; what
  // is missing is not found. A watch hears nothing.
  explicit ScriptedServer(std::map<std::string, std::string> objects);
  ~ScriptedServer();

  const std::string& url() const { return server_->url(); }

 private:
  const std::map<std::string, std::string> objects_;
  LoopThread thread_;
  std::unique_ptr<transport::FakeStreamServer> server_;
};

// A pod for such a server.
std::string PodJson(const std::string& name, const std::string& phase);

struct KubectlResult {
  int code = -1;
  std::string out;
  std::string err;
};

// One command, in a thread.
class KubectlRun {
 public:
  // Starts "kubectl port-forward" with these and --ready-fd.
  // `dialers` null: connections as in the program.
  explicit KubectlRun(std::vector<std::string> args, std::string input = "",
                      DialerFactory dialers = nullptr);
  ~KubectlRun();

  // Waits until it is ready, or has ended; whether it is.
  bool WaitReady();
  // Waits for the next line that it writes to standard error while it forwards;
  // empty once it has ended. Lines read here are no part of the result.
  std::string NextErrorLine();
  // Sends `signal`, unless it has ended, and waits for the end.
  KubectlResult Interrupt(int signal = SIGINT);
  // Waits for the end.
  KubectlResult Wait();

 private:
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  std::string NextWord();

  int code_ = -1;
  int told_ = -1;    // what it tells
  int errors_ = -1;  // what it writes to standard error while it forwards
  int for_ready_ = -1;
  bool told_any_ = false;
  bool ended_ = false;  // before it was ready
  std::thread thread_;
};

// Runs one to its end.
KubectlResult RunToEnd(std::vector<std::string> args,
                       DialerFactory dialers = nullptr);

// Connects to 127.0.0.1:PORT or to the socket of a path, and talks.
std::string TalkTcp(int port, const std::string& text);
std::string TalkUnix(const std::string& path, const std::string& text);

// The parts of it: whether `fd` is connected now; sends `text` and a FIN on a
// connected `fd`, gives what came until the other's FIN, and closes it.
bool ConnectTcp(int fd, int port);
std::string Talk(int fd, const std::string& text);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_TESTING_KUBECTL_RUN_H_
