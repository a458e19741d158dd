// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/hints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "client/cmd/portforward/port_owner.h"
#include "net/socket/socket.h"

namespace fairway::cmd {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Unable(absl::string_view port, absl::string_view why) {
  return absl::StrCat(
      "Unable to listen on port ", port,
      ": Listeners failed to create with the following errors: "
      "[unable to create listener: Error listen tcp4 127.0.0.1:",
      port, ": bind: ", why, "]");
}

TEST(HintForTest, TellsWhatToDo) {
  EXPECT_EQ(HintFor(Unable("80", "permission denied")),
            "local ports below 1024 are root's: choose one above 1023, as "
            "8080:REMOTE_PORT, or have root allow it, by \"sysctl "
            "net.ipv4.ip_unprivileged_port_start=80\" or \"setcap "
            "cap_net_bind_service=+ep\" on kubectl");
  EXPECT_THAT(HintFor("error upgrading connection: dial tcp 10.0.0.1:443: "
                      "socket: too many open files"),
              HasSubstr("\"ulimit -n NUMBER\""));
  EXPECT_THAT(HintFor("accept4: too many open files in system"),
              HasSubstr("fs.file-max"));
}

TEST(HintForTest, SaysNothingOfWhatItDoesNotKnow) {
  for (const std::string& line :
       {Unable("8080", "cannot assign requested address"),
        Unable("8080", "permission denied"), Unable("x", "permission denied"),
        Unable("65616", "permission denied"),
        std::string("error: lost connection to pod"),
        std::string("dial tcp: connect: permission denied"), std::string()}) {
    EXPECT_EQ(HintFor(line), "") << line;
  }
}

TEST(HintForTest, APortInUseNamesItsProcess) {
  absl::Status ran = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto listener = net::ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    const uint16_t port = (*listener)->address().port;
    std::string name;
    std::getline(std::ifstream("/proc/self/comm") >> std::ws, name);
    const std::string line =
        Unable(absl::StrCat(port), "address already in use");
    EXPECT_EQ(
        HintFor(line),
        absl::StrCat("port ", port, " is in use by ", name, " (pid ", getpid(),
                     "): choose another local port, or leave the choice "
                     "to the system by :REMOTE_PORT"));
    (*listener)->Close();
    EXPECT_FALSE(FindPortOwner(port).has_value());
    EXPECT_THAT(HintFor(line),
                StartsWith(absl::StrCat("port ", port, " is in use: choose")));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(ran, IsOk());
}

TEST(HintObserverTest, EachPortsHintIsALine) {
  std::ostringstream err;
  HintObserver hints(&err);
  hints.ListenFailed(Unable("80", "permission denied"));
  hints.ListenFailed(Unable("81", "permission denied"));
  hints.ListenFailed("Unable to listen on port 82: no");
  const std::string text = err.str();
  EXPECT_THAT(text, StartsWith("hint: local ports below 1024"));
  EXPECT_THAT(text, HasSubstr("\nhint: local ports below 1024"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(HintObserverTest, ALackOfDescriptorsIsExplainedOnceInAWhile) {
  std::ostringstream err;
  absl::Time now = absl::UnixEpoch();
  HintObserver hints(&err, [&now] { return now; });
  portforward::ConnectionSummary summary;
  summary.error = "dial tcp 10.0.0.1:443: socket: too many open files";
  const auto lines = [&err] {
    const std::string text = err.str();
    return std::count(text.begin(), text.end(), '\n');
  };
  hints.Closed({}, summary);
  EXPECT_EQ(lines(), 1);
  hints.Closed({}, summary);
  hints.Error("f.cc", 1, summary.error);
  now += kHintPause - absl::Seconds(1);
  hints.Reconnecting({}, summary.error);
  EXPECT_EQ(lines(), 1);
  now += absl::Seconds(1);
  hints.Error("f.cc", 1, summary.error);
  EXPECT_EQ(lines(), 2);
}

}  // namespace
}  // namespace fairway::cmd
