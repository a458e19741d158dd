// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/session_provider.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"

namespace fairway::portforward {
namespace {

// How long it is taken for alive a session that has just shown it.
constexpr std::chrono::milliseconds kAlive{100};

}  // namespace

std::chrono::steady_clock::time_point SessionLease::AliveUntil() const {
  if (!session_->last_taken.has_value()) return {};
  return *session_->last_taken + kAlive;
}

SessionProvider::SessionProvider(Executor executor,
                                 std::unique_ptr<httpstream::Dialer> dialer,
                                 SessionPerConnection mode, SessionTimes times,
                                 GiveUp give_up)
    : executor_(executor),
      dialer_(std::move(dialer)),
      mode_(mode),
      times_(times),
      give_up_(give_up),
      pause_(times.min_pause),
      lost_condition_(executor),
      unused_(executor),
      tasks_(executor),
      closings_(executor) {}

Task<absl::Status> SessionProvider::Open() {
  absl::StatusOr<SessionPtr> first = co_await Dial();
  if (!first.ok()) co_return first.status();
  if (mode_ != SessionPerConnection::kNever) {
    absl::Status learned = co_await LearnOfWindows(*first);
    FAIRWAY_CO_RETURN_IF_ERROR(learned);
  }
  Offer(*first);
  co_return absl::OkStatus();
}

// The sessions that follow have the same peer.
Task<absl::Status> SessionProvider::LearnOfWindows(SessionPtr session) {
  std::function<Task<absl::StatusOr<bool>>()> ask = [&session]() {
    return session->connection->KeepsStreamsApart();
  };
  absl::StatusOr<bool> apart = co_await WithDeadline<bool>(
      times_.windows_timeout, "windows", std::move(ask));
  if (!apart.ok() && !absl::IsDeadlineExceeded(apart.status())) {
    co_return apart.status();
  }
  peer_keeps_windows_ = apart.ok() && *apart;
  shared_ = mode_ == SessionPerConnection::kAuto && peer_keeps_windows_;
  co_return absl::OkStatus();
}

Task<absl::StatusOr<SessionProvider::SessionPtr>> SessionProvider::Dial() {
  std::vector<std::string> protocols = {
      std::string(httpstream::kPortForwardV1Name)};
  absl::StatusOr<httpstream::Dialer::Result> dialed =
      co_await dialer_->Dial(std::move(protocols));
  if (!dialed.ok()) co_return dialed.status();
  auto session = std::make_shared<ProvidedSession>();
  session->connection = std::move(dialed->connection);
  session->dialed_at = Clock::now();
  co_return session;
}

size_t SessionProvider::WantedDials() const {
  if (ready_ != nullptr || closing_ || lost_) return 0;
  const size_t asked =
      shared_ ? std::min<size_t>(waiters_.size(), 1) : waiters_.size();
  if (resting_) return asked;
  return shared_ ? 1 : asked + 1;
}

void SessionProvider::Refill() {
  while (dialing_ < std::min(WantedDials(), kMaxDials)) {
    ++dialing_;
    tasks_.Spawn([this]() { return DialOne(); });
  }
}

Task<absl::Status> SessionProvider::DialOne() {
  const Clock::time_point since = Clock::now();
  absl::StatusOr<SessionPtr> session = co_await Dial();
  --dialing_;
  if (closing_ || lost_) co_return absl::CancelledError("session: closing");
  if (session.ok()) {
    failing_since_.reset();
    ++dialed_;
    Offer(*session);
  } else {
    NoteFailure(session.status(), since);
  }
  Refill();
  co_return absl::OkStatus();
}

void SessionProvider::Offer(const SessionPtr& session) {
  if (ready_ != nullptr) {
    // Whoever wanted it has gone.
    CloseInBackground(session);
    return;
  }
  if (!shared_ && !waiters_.empty()) {
    Answer(Lend(session));
    return;
  }
  ready_ = session;
  while (!waiters_.empty()) Answer(Lend(session));
  tasks_.Spawn([this, session]() { return Watch(session); });
}

void SessionProvider::NoteFailure(const absl::Status& error,
                                  Clock::time_point since) {
  // Nobody needed it, then.
  if (ready_ != nullptr) return;
  if (!failing_since_.has_value()) failing_since_ = since;
  const auto failing = absl::FromChrono(Clock::now() - *failing_since_);
  if (failing >= times_.give_up_after && MayGiveUp()) {
    Lose(error);
    return;
  }
  if (shared_) {
    while (!waiters_.empty()) Answer(error);
  } else if (!waiters_.empty()) {
    Answer(error);
  }
  Rest();
}

bool SessionProvider::MayGiveUp() const {
  return give_up_ == GiveUp::kAnyway || (leases_ == 0 && waiters_.empty());
}

void SessionProvider::Rest() {
  if (resting_) return;
  resting_ = true;
  tasks_.Spawn([this]() -> Task<absl::Status> {
    absl::Status slept = co_await Sleep(pause_);
    FAIRWAY_CO_RETURN_IF_ERROR(slept);
    pause_ = std::min(2 * pause_, times_.max_pause);
    resting_ = false;
    Refill();
    co_return absl::OkStatus();
  });
}

Task<absl::Status> SessionProvider::Watch(SessionPtr session) {
  absl::Status ended = co_await session->connection->WaitClosed();
  if (closing_) co_return ended;
  // Unless another has taken its place, though it was just now retired.
  if (shared_ && !ended.ok() && (ready_ == session || ready_ == nullptr)) {
    // Connections were cut off with it.
    Lose(ended);
    co_return ended;
  }
  if (ready_ != session) co_return ended;
  if (shared_ && give_up_ == GiveUp::kAnyway) {
    // In good order, or when nobody used it: no loss, but no way either.
    Retire();
    co_return ended;
  }
  ready_ = nullptr;
  session->retired = true;
  if (absl::FromChrono(Clock::now() - session->dialed_at) >=
      times_.steady_after) {
    pause_ = times_.min_pause;
  } else {
    Rest();
  }
  Refill();
  absl::Status watched = co_await WatchRedial();
  co_return watched;
}

// A server that stands still takes a connection and never answers.
Task<absl::Status> SessionProvider::WatchRedial() {
  const size_t dialed = dialed_;
  // The dial may have to wait for the end of a pause.
  const absl::Duration rest = resting_ ? pause_ : absl::ZeroDuration();
  absl::Status slept = co_await Sleep(rest + times_.hang_after);
  FAIRWAY_CO_RETURN_IF_ERROR(slept);
  if (dialed == dialed_ && MayGiveUp()) {
    Lose(absl::DeadlineExceededError(absl::StrCat(
        "no answer for ", absl::FormatDuration(times_.hang_after))));
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<std::unique_ptr<SessionLease>>> SessionProvider::Acquire() {
  if (ready_ != nullptr) {
    pause_ = times_.min_pause;
    std::unique_ptr<SessionLease> lease = Lend(ready_);
    Refill();
    co_return lease;
  }
  if (closing_ || lost_) {
    co_return absl::UnavailableError("lost connection to pod");
  }
  Waiter waiter(executor_);
  waiters_.push_back(&waiter);
  Refill();
  absl::Status waited;
  size_t dialed;
  do {
    dialed = dialed_;
    waited = co_await WithDeadline(
        times_.acquire_timeout, "waiting for a session",
        [&waiter]() -> Task<absl::Status> {
          while (!waiter.result.has_value()) {
            absl::Status woken = co_await waiter.changed.Wait();
            FAIRWAY_CO_RETURN_IF_ERROR(woken);
          }
          co_return absl::OkStatus();
        });
  } while (absl::IsDeadlineExceeded(waited) && dialed != dialed_);
  if (waiter.result.has_value()) co_return *std::move(waiter.result);
  waiters_.remove(&waiter);
  co_return waited;
}

void SessionProvider::Answer(
    absl::StatusOr<std::unique_ptr<SessionLease>> result) {
  Waiter* waiter = waiters_.front();
  waiters_.pop_front();
  waiter->result = std::move(result);
  waiter->changed.NotifyAll();
}

std::unique_ptr<SessionLease> SessionProvider::Lend(SessionPtr session) {
  ++leases_;
  ++session->leases;
  in_use_.insert(session);
  if (!shared_) {
    session->retired = true;
    if (ready_ == session) ready_ = nullptr;
  }
  // A peer without windows is Go's, where a stream's reset looks like its end.
  const bool aborts = !shared_ && !peer_keeps_windows_;
  return std::make_unique<SessionLease>(
      session, aborts,
      [this, session](ConnectionEnd how) { TakeBack(session, how); });
}

void SessionProvider::TakeBack(const SessionPtr& session, ConnectionEnd how) {
  if (--leases_ == 0) unused_.NotifyAll();
  if (--session->leases == 0) in_use_.erase(session);
  if (how == ConnectionEnd::kNotMade) {
    session->retired = true;
    if (ready_ == session) {
      ready_ = nullptr;
      Refill();
    }
  }
  if (session->retired && session->leases == 0 && !closing_) {
    CloseInBackground(session);
  }
}

void SessionProvider::CloseInBackground(const SessionPtr& session) {
  closings_.Spawn([session,
                   timeout = times_.close_timeout]() -> Task<absl::Status> {
    absl::Status closed = co_await WithDeadline(timeout, "close", [&session]() {
      return session->connection->Close();
    });
    session->connection->Abort();
    co_return closed;
  });
}

void SessionProvider::Lose(const absl::Status& loss) {
  if (lost_) return;
  lost_ = true;
  loss_ = loss;
  lost_condition_.NotifyAll();
  if (give_up_ == GiveUp::kWhenUnused) return;
  while (!waiters_.empty()) Answer(loss);
}

void SessionProvider::Retire() {
  if (!lost_) retired_ = true;
  Lose(absl::UnavailableError("the session is not used any more"));
  // Dials, and the watch of what is not needed any more.
  tasks_.Cancel();
  if (ready_ == nullptr) return;
  SessionPtr ready = std::move(ready_);
  ready_ = nullptr;
  ready->retired = true;
  if (ready->leases == 0) CloseInBackground(ready);
}

Task<absl::Status> SessionProvider::WaitUnused() {
  while (leases_ > 0 && !waiting_stopped_) {
    absl::Status waited = co_await unused_.Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  co_return absl::OkStatus();
}

void SessionProvider::StopWaiting() {
  waiting_stopped_ = true;
  unused_.NotifyAll();
}

Task<absl::Status> SessionProvider::WaitLost() {
  while (!lost_) {
    absl::Status waited = co_await lost_condition_.Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  co_return absl::UnavailableError("lost connection to pod");
}

absl::optional<absl::Duration> SessionProvider::RoundTripTime() const {
  if (ready_ != nullptr) return ready_->connection->RoundTripTime();
  if (in_use_.empty()) return absl::nullopt;
  return (*in_use_.begin())->connection->RoundTripTime();
}

Task<absl::Status> SessionProvider::Close() {
  closing_ = true;
  tasks_.Cancel();
  if (ready_ != nullptr) in_use_.insert(ready_);
  for (const SessionPtr& session : in_use_) CloseInBackground(session);
  ready_ = nullptr;
  absl::Status joined = co_await tasks_.Join();
  joined.IgnoreError();
  const absl::Duration timeout =
      waiting_stopped_ ? times_.stop_timeout : times_.close_timeout;
  joined = co_await WithDeadline(timeout, "close",
                                 [this]() { return closings_.Join(); });
  joined.IgnoreError();
  co_return absl::OkStatus();
}

}  // namespace fairway::portforward
