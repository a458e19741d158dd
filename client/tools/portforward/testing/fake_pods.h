// SPDX-License-Identifier: Apache-2.0
// Pods in memory that come and go as a test says, and real sessions with them.
#ifndef CLIENT_TOOLS_PORTFORWARD_TESTING_FAKE_PODS_H_
#define CLIENT_TOOLS_PORTFORWARD_TESTING_FAKE_PODS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/status/co_status.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "client/tools/portforward/target.h"
#include "httpstream/httpstream.h"
#include "httpstream/spdy/session.h"
#include "httpstream/spdy/session_options.h"
#include "net/io/byte_stream.h"
#include "net/io/pipe.h"

namespace fairway::portforward {

// The pod's end of a session, and the path that it comes over.
struct FakeSession {
  explicit FakeSession(Executor executor) : changed(executor) {}

  // As if the pod's end had died; for both ends.
  void Lose() {
    lost = true;
    streams.clear();
    server->Abort();
    changed.NotifyAll();
  }
  // Nothing arrives any more, either way, until it is false.
  void SetSilent(bool on) {
    silent = on;
    changed.NotifyAll();
  }

  // The next stream that was made.
  Task<std::unique_ptr<httpstream::Stream>> NextStream() {
    while (streams.empty()) {
      absl::Status waited = co_await changed.Wait();
      if (!waited.ok()) co_return nullptr;
    }
    std::unique_ptr<httpstream::Stream> stream = std::move(streams.front());
    streams.pop_front();
    co_return stream;
  }

  std::unique_ptr<httpstream::Connection> server;
  std::deque<std::unique_ptr<httpstream::Stream>> streams;
  bool silent = false;
  bool lost = false;
  bool ended = false;  // at either end
  Condition changed;
};

// What happens to sessions with one pod.
struct FakePod {
  // In the order of the dials that succeeded.
  std::deque<std::unique_ptr<FakeSession>> sessions;
  absl::Status dial_error;      // not OK: dials fail with it
  bool hold = false;            // dials wait until it is false
  size_t hold_first = 0;        // the first so many hang anyhow
  size_t hold_from = SIZE_MAX;  // and so do those from this number on
  size_t dials = 0;
  size_t held = 0;  // at the moment
  size_t most_held = 0;

  size_t open() const {
    size_t count = 0;
    for (const auto& session : sessions) count += session->ended ? 0 : 1;
    return count;
  }
};

// All pods there ever were, by uid, and those that exist now.
//
// Lifetime: Close() before it dies, and after the forwarder's end.
class FakePods {
 public:
  explicit FakePods(Executor executor)
      : executor_(executor), changed_(executor), tasks_(executor) {}

  // Of the sessions that are dialled from now on, at the forwarder's end.
  httpstream::spdy::SessionOptions client_options;

  FakePod& operator[](const std::string& uid) { return pods_[uid]; }

  // The pods from now on.
  void Set(std::vector<TargetPod> pods) {
    existing_ = std::move(pods);
    ++version_;
    changed_.NotifyAll();
  }
  const std::vector<TargetPod>& existing() const { return existing_; }
  // WaitChange() fails with it from now on.
  void Fail(absl::Status error) {
    error_ = std::move(error);
    changed_.NotifyAll();
  }
  // Lets dials that are held go on.
  void Release(const std::string& uid) {
    pods_[uid].hold = false;
    changed_.NotifyAll();
  }

  // The session of this number with the pod.
  Task<FakeSession*> WaitSession(std::string uid, size_t number) {
    while (pods_[uid].sessions.size() <= number) {
      absl::Status waited = co_await changed_.Wait();
      if (!waited.ok()) co_return nullptr;
    }
    co_return pods_[uid].sessions[number].get();
  }
  Task<absl::Status> WaitDials(std::string uid, size_t count) {
    while (pods_[uid].dials < count) {
      absl::Status waited = co_await changed_.Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(waited);
    }
    co_return absl::OkStatus();
  }
  // Until so many sessions with the pod are open.
  Task<absl::Status> WaitOpen(std::string uid, size_t count) {
    while (pods_[uid].open() != count) {
      absl::Status waited = co_await changed_.Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(waited);
    }
    co_return absl::OkStatus();
  }

  Task<absl::Status> Close() {
    for (auto& [uid, pod] : pods_) {
      for (auto& session : pod.sessions) session->Lose();
    }
    tasks_.Cancel();
    absl::Status joined = co_await tasks_.Join();
    co_return joined;
  }

 private:
  friend class FakePodSource;
  friend class FakePodDialer;

  using StreamPtr = std::shared_ptr<net::ByteStream>;

  // The client's end of a session with the pod.
  std::unique_ptr<httpstream::Connection> Connect(const std::string& uid) {
    auto [client, near] = net::MakePipe(executor_);
    auto [far, server] = net::MakePipe(executor_);
    pods_[uid].sessions.push_back(std::make_unique<FakeSession>(executor_));
    FakeSession* session = pods_[uid].sessions.back().get();
    session->server = httpstream::spdy::NewServerConnection(
        executor_, std::move(server), {},
        [session](std::unique_ptr<httpstream::Stream> stream) {
          session->streams.push_back(std::move(stream));
          session->changed.NotifyAll();
          return absl::OkStatus();
        });
    StreamPtr a = std::move(near);
    StreamPtr b = std::move(far);
    tasks_.Spawn([this, session, a, b]() { return Carry(session, a, b); });
    tasks_.Spawn([this, session, a, b]() { return Carry(session, b, a); });
    changed_.NotifyAll();
    return httpstream::spdy::NewClientConnection(executor_, std::move(client),
                                                 client_options);
  }

  Task<absl::Status> Carry(FakeSession* session, StreamPtr from, StreamPtr to) {
    absl::Status status;
    while (status.ok()) {
      char buf[4096];
      absl::StatusOr<size_t> n = co_await from->Read(absl::MakeSpan(buf));
      status = n.status();
      if (!status.ok() || *n == 0) break;
      while (session->silent && !session->lost && status.ok()) {
        status = co_await session->changed.Wait();
      }
      if (!status.ok()) break;
      status = co_await net::WriteAll(*to, absl::string_view(buf, *n));
    }
    from->Abort();
    to->Abort();
    session->ended = true;
    changed_.NotifyAll();
    co_return absl::OkStatus();
  }

  const Executor executor_;
  std::map<std::string, FakePod> pods_;
  std::vector<TargetPod> existing_;
  int version_ = 0;
  absl::Status error_;
  Condition changed_;
  TaskGroup tasks_;
};

class FakePodDialer final : public httpstream::Dialer {
 public:
  FakePodDialer(FakePods* pods, std::string uid)
      : pods_(pods), uid_(std::move(uid)) {}

  Task<absl::StatusOr<Result>> Dial(
      std::vector<std::string> protocols) override {
    FakePod& pod = pods_->pods_[uid_];
    const size_t number = ++pod.dials;
    pods_->changed_.NotifyAll();
    pod.most_held = std::max(pod.most_held, ++pod.held);
    absl::Status waited;
    while ((pod.hold || number <= pod.hold_first || number >= pod.hold_from) &&
           waited.ok()) {
      waited = co_await pods_->changed_.Wait();
    }
    --pod.held;
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
    if (!pod.dial_error.ok()) co_return pod.dial_error;
    Result result;
    result.connection = pods_->Connect(uid_);
    result.protocol = protocols[0];
    co_return result;
  }

 private:
  FakePods* const pods_;
  const std::string uid_;
};

// A target "service/web" whose pods are `pods`, which outlives it.
class FakePodSource final : public PodSource {
 public:
  FakePodSource(FakePods* pods, std::vector<ForwardedPort> ports)
      : pods_(pods), ports_(std::move(ports)) {}

  Task<absl::StatusOr<Target>> Resolve() override {
    seen_ = pods_->version_;
    Target target;
    target.name = "service/web";
    target.ports = ports_;
    target.pods = pods_->existing_;
    co_return target;
  }

  Task<absl::StatusOr<std::vector<TargetPod>>> WaitChange() override {
    while (seen_ == pods_->version_ && pods_->error_.ok()) {
      absl::Status waited = co_await pods_->changed_.Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(waited);
    }
    if (!pods_->error_.ok()) co_return pods_->error_;
    seen_ = pods_->version_;
    co_return pods_->existing_;
  }

  absl::StatusOr<std::unique_ptr<httpstream::Dialer>> NewDialer(
      const TargetPod& pod) override {
    return std::make_unique<FakePodDialer>(pods_, pod.uid);
  }

 private:
  FakePods* const pods_;
  const std::vector<ForwardedPort> ports_;
  int seen_ = 0;
};

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_TESTING_FAKE_PODS_H_
