// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/portforward.go (v0.20.2)
#include "client/tools/portforward/portforward.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"
#include "client/tools/portforward/error_text.h"

namespace fairway::portforward {
namespace {

using Clock = std::chrono::steady_clock;

constexpr absl::string_view kFile = "portforward.cc";

// How long a session may take to make the streams of a connection before
// another is tried.
constexpr absl::Duration kStreamPatience = absl::Seconds(2);

// Between two attempts to reach a port at which nobody listens yet.
constexpr absl::Duration kPauseOfStart = absl::Milliseconds(200);

// Connections that are lost within so long of one another have one reason.
constexpr absl::Duration kLostTogether = absl::Seconds(1);

// How long a connection may stand still whose pod is gone.
constexpr absl::Duration kGonePodPatience = absl::Milliseconds(500);

// The one pod that a dialer leads to.
class DialedPod final : public PodSource {
 public:
  DialedPod(std::unique_ptr<httpstream::Dialer> dialer,
            std::vector<ForwardedPort> ports)
      : dialer_(std::move(dialer)) {
    target_.ports = std::move(ports);
    TargetPod pod;
    for (const ForwardedPort& port : target_.ports) {
      pod.remote_ports.push_back(port.remote);
    }
    target_.pods.push_back(std::move(pod));
  }

  Task<absl::StatusOr<Target>> Resolve() override { co_return target_; }
  Task<absl::StatusOr<std::vector<TargetPod>>> WaitChange() override {
    absl::Status cancelled = co_await Sleep(absl::InfiniteDuration());
    co_return cancelled;
  }
  absl::StatusOr<std::unique_ptr<httpstream::Dialer>> NewDialer(
      const TargetPod&) override {
    return std::move(dialer_);
  }

 private:
  std::unique_ptr<httpstream::Dialer> dialer_;
  Target target_;
};

// Whether the streams that could not be made may be had of another session:
// this one's numbers or its peer's patience ran out, or it is going away. What
// was sent on a stream that is refused reached nobody. Of a full session's
// successor the numbers may be gone as well, by those who were quicker.
bool IsWorthAnother(const absl::Status& status, int attempts) {
  if (absl::IsResourceExhausted(status)) return attempts < 8;
  return (absl::IsAborted(status) || absl::IsUnavailable(status)) &&
         attempts < 2;
}

// As an error's words name them.
std::string Ports(const ConnectionInfo& connection, const Route& route) {
  return absl::StrCat(connection.local->Name(), " -> ", route.remote_port);
}

// The local end of `port` for the pod of this slot: the next port, or another
// path.
absl::Status MoveToSlot(size_t slot, ForwardedPort& port) {
  if (slot == 0) return absl::OkStatus();
  if (!port.unix_path.empty()) absl::StrAppend(&port.unix_path, ".", slot);
  if (port.local == 0) return absl::OkStatus();
  if (port.local + slot > 65535) {
    return absl::OutOfRangeError(absl::StrCat("the port of pod ", slot + 1,
                                              " would be ", port.local + slot));
  }
  port.local += slot;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PortForwarder>> NewOnAddresses(
    Executor executor, std::unique_ptr<httpstream::Dialer> dialer,
    const std::vector<std::string>& addresses,
    const std::vector<std::string>& ports, Observer* observer,
    SessionPerConnection mode) {
  if (addresses.empty()) {
    return absl::InvalidArgumentError("you must specify at least 1 address");
  }
  absl::StatusOr<std::vector<ListenAddress>> parsed_addresses =
      ParseAddresses(addresses);
  if (!parsed_addresses.ok()) return parsed_addresses.status();
  if (ports.empty()) {
    return absl::InvalidArgumentError("you must specify at least 1 port");
  }
  absl::StatusOr<std::vector<ForwardedPort>> parsed_ports = ParsePorts(ports);
  if (!parsed_ports.ok()) return parsed_ports.status();
  ForwardOptions options;
  options.addresses = *std::move(parsed_addresses);
  options.mode = mode;
  options.reconnect = false;
  return std::make_unique<PortForwarder>(
      executor,
      std::make_unique<DialedPod>(std::move(dialer), *std::move(parsed_ports)),
      std::move(options), observer);
}

PortForwarder::PortForwarder(Executor executor, std::unique_ptr<PodSource> pods,
                             ForwardOptions options, Observer* observer)
    : executor_(executor),
      options_(std::move(options)),
      observer_(observer),
      backends_(executor, std::move(pods), options_, observer,
                {[this](const std::string& uid) { ResetConnectionsTo(uid); },
                 [this](absl::string_view error) {
                   last_error_ = std::string(error);
                 }}),
      changed_(executor),
      tasks_(executor) {}

void PortForwarder::Stop() {
  stopped_ = true;
  backends_.StopWaiting();
  changed_.NotifyAll();
}

Task<absl::Status> PortForwarder::WaitReady() {
  while (!ready_ && !ended_) {
    absl::Status waited = co_await changed_.Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  co_return absl::OkStatus();
}

absl::StatusOr<std::vector<ForwardedPort>> PortForwarder::GetPorts() const {
  if (!ready_) return absl::FailedPreconditionError("listeners not ready");
  return ports_;
}

Task<absl::Status> PortForwarder::ForwardPorts() {
  absl::Status result = co_await OpenSessions();
  if (result.ok() && !stopped_) result = co_await Forward();
  absl::Status ended = co_await EndAll();
  ended.IgnoreError();
  ended_ = true;
  changed_.NotifyAll();
  co_return result;
}

// OK also when it was stopped before.
Task<absl::Status> PortForwarder::OpenSessions() {
  bool opened = false;
  TaskGroup opening(executor_);
  opening.Spawn([this, &opened]() -> Task<absl::Status> {
    absl::StatusOr<Target> target = co_await backends_.Open();
    if (target.ok()) target_ = *std::move(target);
    opened = true;
    changed_.NotifyAll();
    co_return target.status();
  });
  absl::Status waited;
  while (waited.ok() && !opened && !stopped_) {
    waited = co_await changed_.Wait();
  }
  opening.Cancel();
  absl::Status joined = co_await opening.Join();
  if (stopped_) co_return absl::OkStatus();
  co_return joined;
}

Task<absl::Status> PortForwarder::EndAll() {
  for (auto& listener : listeners_) listener->listener->Close();
  if (stopped_) {
    // Whoever has sent all and said so relies on its arriving.
    absl::Status finished = co_await WithDeadline(
        kFinishTimeout, "connections", [this]() { return WaitFinished(); });
    finished.IgnoreError();
  }
  tasks_.Cancel();
  // What a connection is writing may have to wait for its session's end.
  absl::Status closed = co_await backends_.Close();
  absl::Status joined = co_await tasks_.Join();
  joined.IgnoreError();
  co_return closed;
}

bool PortForwarder::Finishing() const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const OpenConnection* connection) {
                       return connection->first_fin ||
                              connection->local->PeerHasEnded();
                     });
}

Task<absl::Status> PortForwarder::WaitFinished() {
  while (Finishing() && !lost_) {
    absl::Status waited = co_await changed_.Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> PortForwarder::Forward() {
  absl::Status listening = ListenOnPorts();
  FAIRWAY_CO_RETURN_IF_ERROR(listening);
  ready_ = true;
  changed_.NotifyAll();
  tasks_.Spawn([this]() -> Task<absl::Status> {
    absl::Status lost = co_await backends_.WaitLost();
    if (!absl::IsCancelled(lost)) {
      lost_ = true;
      changed_.NotifyAll();
    }
    co_return lost;
  });
  // As long as the user likes.
  while (!stopped_ && !lost_) {
    absl::Status waited = co_await changed_.Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  if (stopped_) co_return absl::OkStatus();
  co_return absl::UnavailableError("lost connection to pod");
}

absl::Status PortForwarder::ListenOnPorts() {
  bool listen_success = false;
  for (size_t slot = 0; slot < target_.pods.size(); ++slot) {
    for (size_t i = 0; i < target_.ports.size(); ++i) {
      absl::Status listening = ListenOnPortOf(slot, i);
      if (listening.ok()) {
        listen_success = true;
        continue;
      }
      const ForwardedPort& port = ports_.back();
      const std::string end = port.unix_path.empty()
                                  ? absl::StrCat("port ", port.local)
                                  : absl::StrCat("unix:", port.unix_path);
      observer_->ListenFailed(
          absl::StrCat("Unable to listen on ", end, ": ", listening.message()));
    }
  }
  if (listen_success) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(
      "unable to listen on any of the requested ports: ", PortsString(ports_)));
}

absl::Status PortForwarder::ListenOnPortOf(size_t slot, size_t index) {
  const TargetPod& pod = target_.pods[slot];
  ports_.push_back(target_.ports[index]);
  ForwardedPort& port = ports_.back();
  absl::Status listening = MoveToSlot(slot, port);
  if (!listening.ok()) return listening;
  LocalEnd wanted;
  wanted.pod = pod.name;
  wanted.remote_port = pod.remote_ports[index];
  const size_t begin = listeners_.size();
  listening =
      ListenOnPort(executor_, options_, wanted, *observer_, port, listeners_);
  for (size_t i = begin; i < listeners_.size(); ++i) {
    LocalListener* listener = listeners_[i].get();
    tasks_.Spawn([this, listener, slot, index]() {
      return WaitForConnection(listener, slot, index);
    });
  }
  return listening;
}

Task<absl::Status> PortForwarder::WaitForConnection(LocalListener* listener,
                                                    size_t slot, size_t port) {
  // Differs: upstream stops listening.
  const auto tell = [this, listener](const absl::Status& error) {
    last_error_ = absl::StrCat("error accepting connection on port ",
                               listener->end.Name(), ": ", error.message());
    observer_->Error(kFile, __LINE__, last_error_);
  };
  listener->listener->OnLackOfResources(tell);
  while (true) {
    absl::StatusOr<std::unique_ptr<net::Socket>> accepted =
        co_await listener->listener->Accept(executor_);
    if (absl::IsCancelled(accepted.status())) co_return accepted.status();
    if (!accepted.ok()) {
      tell(accepted.status());
      co_return accepted.status();
    }
    // A std::function is copied, a socket is not: hand it over in a holder.
    auto socket =
        std::make_shared<std::unique_ptr<net::Socket>>(*std::move(accepted));
    const LocalEnd* local = &listener->end;
    tasks_.Spawn([this, socket, local, slot, port]() {
      return HandleConnection(std::move(*socket), local, slot, port);
    });
  }
}

Task<absl::Status> PortForwarder::HandleConnection(
    std::unique_ptr<net::Socket> socket, const LocalEnd* local, size_t slot,
    size_t port) {
  OpenConnection open(*this, std::move(socket));
  open.info = {total_connections_++, local};
  open.slot = slot;
  open.port = port;
  open.begin = Clock::now();
  connections_.insert(&open);
  absl::Cleanup ended = [this, &open]() { NoteClosed(open); };
  observer_->Accepted(open.info);
  ForwardResult result;
  bool again = true;
  while (again) {
    result = {};
    result.refused = co_await Acquire(open);
    if (!result.refused.ok()) break;
    result.refused = StartStreamsOf(open);
    if (result.refused.ok()) {
      result =
          co_await ForwardConnection(open.words, *open.streams->data,
                                     *open.streams->error, open.bytes, open);
    }
    again = co_await EndAttempt(open, result);
  }
  absl::Status told = co_await open.words.ReleaseEnd();
  told.IgnoreError();
  NoteResult(open, result);
  // What became of one connection is nothing to the others.
  co_return absl::OkStatus();
}

void PortForwarder::NoteClosed(OpenConnection& open) {
  connections_.erase(&open);
  ended_bytes_.sent += open.bytes.sent;
  ended_bytes_.received += open.bytes.received;
  ConnectionSummary summary;
  if (open.route.backend != nullptr) summary.pod = open.route.backend->pod.name;
  summary.sent_bytes = open.bytes.sent;
  summary.received_bytes = open.bytes.received;
  summary.duration = absl::FromChrono(Clock::now() - open.begin);
  summary.error = std::move(open.error);
  summary.error_file = kFile;
  summary.error_line = open.error_line;
  summary.cut_off = open.cut_off;
  observer_->Closed(open.info, summary);
  changed_.NotifyAll();
}

void PortForwarder::NoteError(OpenConnection& open, int line,
                              std::string message) {
  open.error_line = line;
  open.error = std::move(message);
  last_error_ = open.error;
}

Task<absl::Status> PortForwarder::Acquire(OpenConnection& open) {
  if (++open.attempts == 1) {
    open.deadline =
        Clock::now() + absl::ToChronoNanoseconds(options_.reconnect_timeout);
  }
  Waiting waiting;
  waiting.deadline = open.deadline;
  waiting.given_up = [&open]() { return open.words.ApplicationHasLeft(); };
  absl::StatusOr<Route> acquired =
      co_await backends_.Acquire(open.slot, open.port, waiting);
  if (!acquired.ok()) {
    // The application learns that nobody was there.
    open.words.Abort();
    co_return acquired.status();
  }
  open.route = *std::move(acquired);
  co_return absl::OkStatus();
}

absl::Status PortForwarder::StartStreamsOf(OpenConnection& open) {
  const Route& route = open.route;
  absl::StatusOr<StreamPair> streams =
      StartStreams(route.lease->session(), route.remote_port,
                   next_request_id_++, Ports(open.info, route));
  if (!streams.ok()) {
    open.words.Abort();
    return streams.status();
  }
  open.streams = *std::move(streams);
  open.words.SpeakEarly(route.lease->AliveUntil());
  open.still_since.reset();
  if (route.backend->gone) ResetConnectionsTo(route.backend->pod.uid);
  return absl::OkStatus();
}

Task<absl::Status> PortForwarder::WaitTaken(OpenConnection& open) {
  absl::Status taken = absl::DeadlineExceededError("");
  const bool is_first = IsFirstAttempt(open);
  if (is_first) {
    taken = co_await WithDeadline(kStreamPatience, "streams", [&open]() {
      return WaitAccepted(*open.streams, Ports(open.info, open.route));
    });
  }
  if (absl::IsDeadlineExceeded(taken) &&
      (!is_first || open.words.HasSpoken())) {
    // What was said may arrive yet: it is not said to another pod as well.
    if (is_first) backends_.Doubt(open.route);
    taken = co_await WaitAccepted(*open.streams, Ports(open.info, open.route));
  }
  if (taken.ok()) {
    open.route.lease->NoteTaken();
    taken = co_await open.words.Accept();
  }
  co_return taken;
}

Task<bool> PortForwarder::EndAttempt(OpenConnection& open,
                                     ForwardResult& result) {
  open.streams.reset();
  bool again = false;
  if (!result.refused.ok()) {
    again = co_await IsForAnotherSession(open, result);
  } else {
    open.route.lease->End(result.status.ok() ? ConnectionEnd::kInGoodOrder
                                             : ConnectionEnd::kAborted);
    again = co_await IsToBeSaidAgain(open, result);
    if (again) open.attempts = 0;
  }
  if (again) SayAgain(open);
  co_return again;
}

Task<bool> PortForwarder::IsForAnotherSession(OpenConnection& open,
                                              ForwardResult& result) {
  const bool silent =
      IsFirstAttempt(open) && absl::IsDeadlineExceeded(result.refused);
  const bool lost = absl::IsUnavailable(result.refused);
  if ((silent || lost) && open.words.HasSpoken()) {
    // That may have arrived.
    if (lost) result.status = std::exchange(result.refused, absl::OkStatus());
    co_return false;
  }
  if (!silent && !IsWorthAnother(result.refused, open.attempts)) {
    co_return false;
  }
  if (silent) backends_.Doubt(open.route);
  if (lost) {
    // Whoever watches the session is to know it first.
    absl::Status yielded = co_await Sleep(absl::ZeroDuration());
    if (!yielded.ok()) {
      result.refused = yielded;
      co_return false;
    }
  }
  open.route.lease->End(ConnectionEnd::kNotMade);
  co_return true;
}

Task<bool> PortForwarder::IsToBeSaidAgain(OpenConnection& open,
                                          const ForwardResult& result) {
  const bool unheard =
      options_.reconnect && open.words.CanRepeat() && !open.reset && !stopped_;
  if (!unheard) co_return false;
  if (!open.doubted && IsOfAnotherSandbox(result.remote_error)) {
    open.doubted = true;
    backends_.Doubt(open.route);
    co_return true;
  }
  if (!IsRefusal(result.remote_error) || !open.route.backend->MayBeStarting() ||
      open.words.ApplicationHasLeft()) {
    co_return false;
  }
  absl::Status slept = co_await Sleep(kPauseOfStart);
  co_return slept.ok();
}

void PortForwarder::SayAgain(OpenConnection& open) {
  open.words.Repeat();
  open.route = {};
  open.bytes = {};
  open.first_fin = false;
}

void PortForwarder::NoteResult(OpenConnection& open,
                               const ForwardResult& result) {
  if (!result.refused.ok()) {
    if (absl::IsCancelled(result.refused)) return;
    NoteError(open, __LINE__, std::string(result.refused.message()));
  } else if (open.reset) {
    open.cut_off = true;
    NoteError(open, __LINE__, "the pod is gone");
  } else if (!result.remote_error.empty()) {
    NoteError(
        open, __LINE__,
        absl::StrCat("an error occurred forwarding ",
                     Ports(open.info, open.route), ": ", result.remote_error));
    if (!IsOfTheConnection(result.remote_error)) backends_.Doubt(open.route);
  } else if (!result.status.ok() && !absl::IsCancelled(result.status)) {
    open.cut_off =
        options_.reconnect && (open.route.LostWithThePod(result.status) ||
                               IsOneOfManyLost(result.status));
    NoteError(open, __LINE__,
              absl::StrCat("error copying between local connection and "
                           "remote stream: ",
                           result.status.message()));
  }
}

// Sessions of their own are lost together as well, one after another.
bool PortForwarder::IsOneOfManyLost(const absl::Status& status) {
  if (!absl::IsUnavailable(status)) return false;
  const Clock::time_point now = Clock::now();
  const bool one_of_many = last_lost_.has_value() &&
                           absl::FromChrono(now - *last_lost_) < kLostTogether;
  last_lost_ = now;
  return one_of_many;
}

// What still arrives may arrive: the pod's last words may be under way.
void PortForwarder::ResetConnectionsTo(const std::string& uid) {
  if (!resetting_.insert(uid).second) return;
  std::function<Task<absl::Status>()> reset = [this,
                                               uid]() -> Task<absl::Status> {
    absl::Status slept;
    while (slept.ok() && ResetThoseThatStandStill(uid)) {
      slept = co_await Sleep(kGonePodPatience / 5);
    }
    resetting_.erase(uid);
    co_return slept;
  };
  tasks_.Spawn(std::move(reset));
}

bool PortForwarder::ResetThoseThatStandStill(const std::string& uid) {
  const Clock::time_point now = Clock::now();
  bool left = false;
  for (OpenConnection* open : connections_) {
    if (open->route.backend == nullptr || open->route.backend->pod.uid != uid ||
        open->reset) {
      continue;
    }
    left = true;
    const uint64_t bytes = open->bytes.sent + open->bytes.received;
    if (bytes != open->seen_bytes || !open->still_since.has_value()) {
      open->seen_bytes = bytes;
      open->still_since = now;
    } else if (absl::FromChrono(now - *open->still_since) >= kGonePodPatience) {
      open->reset = true;
      open->local->Abort();
      // Whoever waits for the pod to take bytes, or for its words, does not
      // learn of that.
      if (!open->streams.has_value()) continue;
      open->streams->data->Reset();
      open->streams->error->Reset();
    }
  }
  return left;
}

ForwardStats PortForwarder::stats() const {
  ForwardStats stats;
  stats.target = target_.name;
  stats.pods = backends_.pods();
  stats.open_connections = connections_.size();
  stats.total_connections = total_connections_;
  stats.sent_bytes = ended_bytes_.sent;
  stats.received_bytes = ended_bytes_.received;
  for (const OpenConnection* open : connections_) {
    stats.sent_bytes += open->bytes.sent;
    stats.received_bytes += open->bytes.received;
  }
  stats.round_trip = backends_.RoundTripTime();
  stats.last_error = last_error_;
  return stats;
}

}  // namespace fairway::portforward
