// SPDX-License-Identifier: Apache-2.0
#include "runtime/netns/pod_netns.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "net/socket/socket.h"
#include "runtime/netns/testing/pod_fixture.h"

namespace fairway::runtime::netns {
namespace {

using absl::StatusCode;

class PodNetnsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string why = NamespacesForbiddenBecause();
    if (!why.empty()) GTEST_SKIP() << why;
  }
};

// What the pod's "sink" server answers for `sent`: the number of bytes.
Task<absl::StatusOr<std::string>> AskSink(net::Socket& socket,
                                          std::string sent) {
  absl::Status written = co_await net::WriteAll(socket, sent);
  if (!written.ok()) co_return written;
  absl::Status fin = co_await socket.CloseWrite();
  if (!fin.ok()) co_return fin;
  std::string answer(16, '\0');
  absl::StatusOr<size_t> n =
      co_await socket.Read(absl::MakeSpan(answer.data(), answer.size()));
  if (!n.ok()) co_return n.status();
  answer.resize(*n);
  co_return answer;
}

TEST_F(PodNetnsTest, DialsThePodsPortAndNotTheHosts) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    // The same port on the host, which must not be reached.
    auto host = net::ListenTcp(executor, "127.0.0.1", 0);
    if (!host.ok()) co_return host.status();
    const uint16_t port = (*host)->address().port;
    const std::string sink = absl::StrCat("sink:", port);
    absl::StatusOr<TestPod> pod = co_await StartTestPod(sink);
    if (!pod.ok()) co_return pod.status();
    absl::StatusOr<std::unique_ptr<net::Socket>> socket =
        co_await pod->netns->DialInPod("p", port);
    if (!socket.ok()) co_return socket.status();
    EXPECT_EQ((*socket)->peer_address().ToString(),
              absl::StrCat("127.0.0.1:", port));
    absl::StatusOr<std::string> answer = co_await AskSink(**socket, "12345");
    EXPECT_EQ(answer.value_or("none"), "5\n");
    co_return answer.status();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(PodNetnsTest, FallsBackToIpv6) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    absl::StatusOr<TestPod> pod =
        co_await StartTestPod("--address=::1 sink:8080");
    if (!pod.ok()) co_return pod.status();
    absl::StatusOr<std::unique_ptr<net::Socket>> socket =
        co_await pod->netns->DialInPod("p", 8080);
    if (!socket.ok()) co_return socket.status();
    EXPECT_EQ((*socket)->peer_address().ToString(), "[::1]:8080");
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(PodNetnsTest, RefusedPortNamesBothFamilies) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    absl::StatusOr<TestPod> pod = co_await StartTestPod("");
    if (!pod.ok()) co_return pod.status();
    absl::StatusOr<std::unique_ptr<net::Socket>> socket =
        co_await pod->netns->DialInPod("p1", 81);
    co_return socket.status();
  });
  EXPECT_THAT(
      status,
      StatusIs(StatusCode::kUnavailable,
               "failed to connect to localhost:81 inside namespace \"p1\": "
               "IPv4: dial tcp4 127.0.0.1:81: connect: connection refused "
               "IPv6: dial tcp6 [::1]:81: connect: connection refused"));
}

TEST_F(PodNetnsTest, ServerOnThePodsAddressIsReachedInside) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    // Binding fails unless the loopback has the address.
    absl::StatusOr<TestPod> pod =
        co_await StartTestPod("--address=198.18.0.1 sink:8080");
    co_return pod.status();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(PodNetnsTest, JoinsTheNamespaceOfAProcess) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    absl::StatusOr<TestPod> pod = co_await StartTestPod("sink:8080");
    if (!pod.ok()) co_return pod.status();
    const std::array<pid_t, 2> inside = {pod->server->pid(),
                                         pod->netns->holder()};
    for (const pid_t pid : inside) {
      absl::StatusOr<std::unique_ptr<PodNetns>> joined =
          co_await PodNetns::Join(pid);
      if (!joined.ok()) co_return joined.status();
      absl::StatusOr<std::unique_ptr<net::Socket>> socket =
          co_await (*joined)->DialInPod("p", 8080);
      EXPECT_THAT(socket, IsOk());
    }
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

// More at once than the pod has sockets in advance.
Task<absl::Status> DialOften(PodNetns& netns, uint16_t port) {
  Executor executor = co_await kThisExecutor;
  TaskGroup dials(executor);
  for (size_t i = 0; i < 3 * kSocketsInAdvance; ++i) {
    dials.Spawn([&netns, port]() -> Task<absl::Status> {
      absl::StatusOr<std::unique_ptr<net::Socket>> socket =
          co_await netns.DialInPod("p", port);
      co_return socket.status();
    });
  }
  absl::Status dialled = co_await dials.Join();
  co_return dialled;
}

TEST_F(PodNetnsTest, SocketsMadeInAdvanceReachThePodAndGoWithIt) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    absl::StatusOr<TestPod> pod =
        co_await StartTestPod("--address=::1 sink:8080");
    if (!pod.ok()) co_return pod.status();
    absl::StatusOr<std::unique_ptr<PodNetns>> joined =
        co_await PodNetns::Join(pod->server->pid());
    if (!joined.ok()) co_return joined.status();
    const int descriptors = CountDescriptors();
    // Each is refused by IPv4 first.
    absl::Status dialled = co_await DialOften(**joined, 8080);
    EXPECT_THAT(dialled, IsOk());
    EXPECT_GT(CountDescriptors(), descriptors);
    joined->reset();
    // What was under way from the thread comes before this.
    absl::Status slept = co_await Sleep(absl::Milliseconds(1));
    EXPECT_THAT(slept, IsOk());
    EXPECT_LT(CountDescriptors(), descriptors);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

// A server in this process's own namespace, whose queue is full.
class BusyServer {
 public:
  BusyServer()
      : listener_(socket(AF_INET, SOCK_STREAM, 0)),
        first_(socket(AF_INET, SOCK_STREAM, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address_);
    socklen_t size = sizeof(address_);
    EXPECT_EQ(bind(listener_, generic, size), 0);
    EXPECT_EQ(getsockname(listener_, generic, &size), 0);
    EXPECT_EQ(listen(listener_, 0), 0);
    EXPECT_EQ(connect(first_, generic, size), 0);
  }
  ~BusyServer() {
    close(first_);
    close(listener_);
  }
  uint16_t port() const { return ntohs(address_.sin_port); }

  // Whether somebody has asked for a connection and got no answer.
  bool IsAsked() const {
    constexpr absl::string_view kSynSent = "02";
    std::ifstream sockets("/proc/self/net/tcp");
    const std::string port = absl::StrFormat(":%04X", this->port());
    std::string line;
    while (std::getline(sockets, line)) {
      const std::vector<absl::string_view> fields =
          absl::StrSplit(line, ' ', absl::SkipEmpty());
      if (fields.size() > 3 && absl::EndsWith(fields[2], port) &&
          fields[3] == kSynSent) {
        return true;
      }
    }
    return false;
  }

  // Resets the one that it has, and the next, for which it blocks.
  void ResetTwo() const {
    for (int i = 0; i < 2; ++i) {
      const int accepted = accept(listener_, nullptr, nullptr);
      const linger at_once = {1, 0};
      EXPECT_EQ(setsockopt(accepted, SOL_SOCKET, SO_LINGER, &at_once,
                           sizeof(at_once)),
                0);
      close(accepted);
    }
  }

 private:
  const int listener_;
  const int first_;
  sockaddr_in address_ = {};
};

// The user was told that the dial had failed, by a text that ends the whole
// session of a newer kubectl.
TEST(PodNetnsDialTest, PodThatResetsAtOnceWasReached) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::StatusOr<std::unique_ptr<PodNetns>> own = co_await PodNetns::Own();
    if (!own.ok()) co_return own.status();
    const BusyServer server;
    TaskGroup dial(executor);
    dial.Spawn([&own, &server]() -> Task<absl::Status> {
      absl::StatusOr<std::unique_ptr<net::Socket>> socket =
          co_await (*own)->DialInPod("p", server.port());
      co_return socket.status();
    });
    while (!server.IsAsked()) {
      absl::Status slept = co_await Sleep(absl::Milliseconds(5));
      if (!slept.ok()) co_return slept;
    }
    // The dial sees what came of its question only when the reset is there.
    server.ResetTwo();
    absl::Status dialled = co_await dial.Join();
    co_return dialled;
  });
  EXPECT_THAT(status, StatusIs(StatusCode::kAborted));
}

TEST_F(PodNetnsTest, JoiningNobodyIsNotFound) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<PodNetns>> joined =
        co_await PodNetns::Join(4194305);  // above the highest pid
    co_return joined.status();
  });
  EXPECT_THAT(status, StatusIs(StatusCode::kNotFound));
}

}  // namespace
}  // namespace fairway::runtime::netns
