// SPDX-License-Identifier: Apache-2.0
// A forwarder of pods in memory, and applications that connect to it.
#ifndef CLIENT_TOOLS_PORTFORWARD_TESTING_FORWARDING_H_
#define CLIENT_TOOLS_PORTFORWARD_TESTING_FORWARDING_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "client/tools/portforward/portforward.h"
#include "client/tools/portforward/testing/fake_pods.h"
#include "client/tools/portforward/text_observer.h"
#include "net/socket/socket.h"

namespace fairway::portforward {

inline TargetPod Pod(std::string name, std::string uid,
                     uint16_t remote_port = 80) {
  TargetPod pod;
  pod.name = std::move(name);
  pod.uid = std::move(uid);
  pod.remote_ports = {remote_port};
  return pod;
}

inline TargetPod Unusable(TargetPod pod) {
  pod.usable = false;
  return pod;
}

// A local application's connection, and the pod's ends of its streams.
struct Connection {
  std::unique_ptr<net::Socket> local;
  std::unique_ptr<httpstream::Stream> error;
  std::unique_ptr<httpstream::Stream> data;
};

struct Forwarding {
  explicit Forwarding(Executor e) : executor(e), pods(e), tasks(e) {
    options.addresses = {{"127.0.0.1", "tcp4", FailureMode::kAll}};
    options.reconnect_timeout = absl::Seconds(6);
  }

  Task<absl::Status> Start() {
    forwarder = std::make_unique<PortForwarder>(
        executor, std::make_unique<FakePodSource>(&pods, wanted), options,
        &observer);
    tasks.Spawn([this]() -> Task<absl::Status> {
      absl::Status status = co_await forwarder->ForwardPorts();
      result = status;
      co_return absl::OkStatus();
    });
    absl::Status ready = co_await forwarder->WaitReady();
    FAIRWAY_CO_RETURN_IF_ERROR(ready);
    auto got = forwarder->GetPorts();
    if (!got.ok()) co_return result;
    ports = *std::move(got);
    co_return absl::OkStatus();
  }

  Task<absl::Status> Dial(Connection* connection, size_t slot = 0) {
    auto dialed = co_await net::DialTcp("127.0.0.1", ports[slot].local);
    if (!dialed.ok()) co_return dialed.status();
    connection->local = *std::move(dialed);
    co_return absl::OkStatus();
  }

  // The connection that comes next to this session with the pod.
  Task<absl::Status> Arrive(Connection* connection, std::string uid,
                            size_t session) {
    FakeSession* at = co_await pods.WaitSession(uid, session);
    if (at == nullptr) co_return absl::CancelledError(uid);
    std::unique_ptr<httpstream::Stream> stream = co_await at->NextStream();
    connection->error = std::move(stream);
    stream = co_await at->NextStream();
    connection->data = std::move(stream);
    co_return connection->data == nullptr ? absl::CancelledError(uid)
                                          : absl::OkStatus();
  }

  Task<absl::Status> Connect(Connection* connection, std::string uid,
                             size_t session, size_t slot = 0) {
    absl::Status status = co_await Dial(connection, slot);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Arrive(connection, std::move(uid), session);
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await Exchange(connection);
    co_return status;
  }

  // Bytes there and back.
  Task<absl::Status> Exchange(Connection* connection) {
    absl::Status status = co_await net::WriteAll(*connection->local, "ask");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    std::string got(3, '\0');
    status = co_await net::ReadFull(*connection->data, absl::MakeSpan(got));
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    EXPECT_EQ(got, "ask");
    status = co_await net::WriteAll(*connection->data, "say");
    FAIRWAY_CO_RETURN_IF_ERROR(status);
    status = co_await net::ReadFull(*connection->local, absl::MakeSpan(got));
    EXPECT_EQ(got, "say");
    co_return status;
  }

  Task<absl::Status> WaitNoneOpen() {
    while (forwarder->stats().open_connections > 0) {
      absl::Status slept = co_await Sleep(absl::Milliseconds(5));
      FAIRWAY_CO_RETURN_IF_ERROR(slept);
    }
    co_return absl::OkStatus();
  }

  Executor executor;
  FakePods pods;
  ForwardOptions options;
  std::vector<ForwardedPort> wanted = {ForwardedPort{0, 80, ""}};
  std::ostringstream out;
  std::ostringstream err_out;
  TextObserver observer{&out, &err_out};
  std::unique_ptr<PortForwarder> forwarder;
  TaskGroup tasks;
  std::vector<ForwardedPort> ports;
  absl::Status result = absl::UnknownError("not ended");
};

// Runs `body` with a forwarder that was started after `prepare`, and stopped
// behind it, which takes no time.
inline void RunForwarder(std::function<void(Forwarding&)> prepare,
                         std::function<Task<absl::Status>(Forwarding&)> body) {
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Forwarding f(executor);
    prepare(f);
    absl::Status ran = co_await WithDeadline(
        absl::Seconds(8), "test", [&]() -> Task<absl::Status> {
          absl::Status started = co_await f.Start();
          FAIRWAY_CO_RETURN_IF_ERROR(started);
          absl::Status done = co_await body(f);
          co_return done;
        });
    const absl::Time before = absl::Now();
    f.forwarder->Stop();
    absl::Status joined = co_await f.tasks.Join();
    joined.IgnoreError();
    EXPECT_LT(absl::Now() - before, absl::Seconds(1));
    EXPECT_THAT(f.result, IsOk());
    EXPECT_EQ(f.forwarder->stats().open_connections, 0u);
    joined = co_await f.pods.Close();
    joined.IgnoreError();
    co_return ran;
  });
  EXPECT_THAT(status, IsOk());
}

// How a read of the application ends; "" for FIN.
inline Task<std::string> End(Connection* connection) {
  char buf[64];
  absl::StatusOr<size_t> n =
      co_await connection->local->Read(absl::MakeSpan(buf));
  if (!n.ok()) co_return absl::StatusCodeToString(n.status().code());
  co_return std::string(buf, *n);
}

// Ends the connection with `text`, as a server does.
inline Task<absl::Status> Say(Connection* connection, std::string text) {
  absl::Status status = co_await net::WriteAll(*connection->error, text);
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  status = co_await connection->error->CloseWrite();
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  status = co_await connection->data->CloseWrite();
  FAIRWAY_CO_RETURN_IF_ERROR(status);
  std::string end = co_await End(connection);
  co_return absl::OkStatus();
}

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_TESTING_FORWARDING_H_
