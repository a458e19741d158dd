// SPDX-License-Identifier: Apache-2.0
#include "runtime/netns/pod_netns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "absl/strings/str_cat.h"
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
