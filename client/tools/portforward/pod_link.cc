// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/pod_link.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"

namespace fairway::portforward {

LinkTimes ReconnectTimes() {
  LinkTimes times;
  times.session.acquire_timeout = absl::Seconds(3);
  times.session.give_up_after = absl::Milliseconds(300);
  times.session.hang_after = absl::Seconds(2);
  return times;
}

PodLink::PodLink(Executor executor, NewDialer new_dialer,
                 SessionPerConnection mode, GiveUp give_up, LinkTimes times,
                 std::function<void()> on_change)
    : executor_(executor),
      new_dialer_(std::move(new_dialer)),
      mode_(mode),
      give_up_(give_up),
      times_(times),
      on_change_(std::move(on_change)),
      pause_(times.min_pause),
      changed_(executor),
      tasks_(executor),
      closings_(executor) {}

absl::StatusOr<PodLink::ProviderPtr> PodLink::NewProvider() {
  absl::StatusOr<std::unique_ptr<httpstream::Dialer>> dialer = new_dialer_();
  if (!dialer.ok()) return dialer.status();
  return std::make_shared<SessionProvider>(executor_, *std::move(dialer), mode_,
                                           times_.session, give_up_);
}

Task<absl::Status> PodLink::Open() {
  absl::StatusOr<ProviderPtr> provider = NewProvider();
  if (!provider.ok()) co_return provider.status();
  absl::Status opened = co_await (*provider)->Open();
  if (!opened.ok()) {
    CloseInBackground(*std::move(provider));
    co_return absl::Status(
        opened.code(),
        absl::StrCat("error upgrading connection: ", opened.message()));
  }
  needed_ = true;
  Connected(*std::move(provider));
  Start();
  co_return absl::OkStatus();
}

void PodLink::Start() {
  if (started_ || closing_) return;
  started_ = true;
  tasks_.Spawn([this]() { return Keep(); });
}

void PodLink::Need() {
  needed_ = true;
  changed_.NotifyAll();
  Start();
}

void PodLink::Want() {
  wanted_ = true;
  Need();
}

void PodLink::Stop() {
  needed_ = false;
  pause_over_ = true;
  pause_ = times_.min_pause;
  failing_since_.reset();
  if (sessions_ != nullptr) Retire(sessions_);
  changed_.NotifyAll();
}

absl::optional<absl::Duration> PodLink::failing_for() const {
  if (!failing()) return absl::nullopt;
  return absl::FromChrono(Clock::now() - *failing_since_);
}

void PodLink::Doubt(const ProviderPtr& provider) {
  if (give_up_ == GiveUp::kWhenUnused || provider != sessions_) return;
  if (absl::FromChrono(Clock::now() - connected_at_) < times_.beyond_doubt)
    return;
  Retire(sessions_);
}

void PodLink::Retire(const ProviderPtr& provider) {
  ProviderPtr retired = provider;
  sessions_ = nullptr;
  retired->Retire();
  CloseInBackground(std::move(retired));
}

void PodLink::CloseInBackground(ProviderPtr provider) {
  retired_.insert(provider);
  if (waiting_stopped_) provider->StopWaiting();
  std::function<Task<absl::Status>()> close =
      [this, provider]() -> Task<absl::Status> {
    absl::Status unused = co_await provider->WaitUnused();
    unused.IgnoreError();
    absl::Status closed = co_await provider->Close();
    retired_.erase(provider);
    co_return closed;
  };
  closings_.Spawn(std::move(close));
}

Task<absl::Status> PodLink::Keep() {
  while (true) {
    while (!needed_) {
      absl::Status waited = co_await changed_.Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(waited);
    }
    if (sessions_ != nullptr) {
      absl::Status watched = co_await WatchSessions();
      FAIRWAY_CO_RETURN_IF_ERROR(watched);
      continue;
    }
    absl::StatusOr<ProviderPtr> made = co_await Dial();
    if (made.ok()) {
      Connected(*std::move(made));
      continue;
    }
    if (absl::IsCancelled(made.status())) {
      bool cancelled = co_await IsCancelled();
      if (cancelled) co_return made.status();
    }
    if (!needed_) continue;
    Failed(made.status());
    absl::Status paused = co_await Pause();
    FAIRWAY_CO_RETURN_IF_ERROR(paused);
  }
}

Task<absl::Status> PodLink::WatchSessions() {
  ProviderPtr provider = sessions_;
  absl::Status lost = co_await provider->WaitLost();
  if (absl::IsCancelled(lost)) co_return lost;
  if (provider != sessions_) co_return absl::OkStatus();
  const bool steady = absl::FromChrono(Clock::now() - connected_at_) >=
                      times_.session.steady_after;
  if (steady) pause_ = times_.min_pause;
  if (give_up_ == GiveUp::kWhenUnused) {
    Failed(provider->loss());
    co_return lost;
  }
  Retire(provider);
  if (!provider->retired()) Failed(provider->loss());
  if (steady) co_return absl::OkStatus();
  absl::Status paused = co_await Pause();
  co_return paused;
}

void PodLink::Connected(ProviderPtr provider) {
  sessions_ = std::move(provider);
  connected_at_ = Clock::now();
  failing_since_.reset();
  wanted_ = false;
  on_change_();
}

void PodLink::Failed(const absl::Status& error) {
  if (!failing()) failing_since_ = Clock::now();
  error_ = error;
  on_change_();
}

Task<absl::StatusOr<PodLink::ProviderPtr>> PodLink::Dial() {
  TaskGroup tasks(executor_);
  Attempts attempts;
  absl::Status waited;
  do {
    tasks.Spawn([this, &attempts]() { return Attempt(&attempts); });
    waited = co_await WithDeadline(
        times_.company_after, "dial",
        [this, &attempts]() { return WaitAttempts(&attempts); });
    if (absl::IsDeadlineExceeded(waited)) {
      Failed(absl::DeadlineExceededError(absl::StrCat(
          "no answer for ", absl::FormatDuration(times_.company_after))));
    }
  } while (absl::IsDeadlineExceeded(waited));
  tasks.Cancel();
  absl::Status joined = co_await tasks.Join();
  joined.IgnoreError();
  if (attempts.won != nullptr && waited.ok() && needed_) co_return attempts.won;
  if (attempts.won != nullptr) CloseInBackground(std::move(attempts.won));
  FAIRWAY_CO_RETURN_IF_ERROR(waited);
  if (!needed_) co_return absl::CancelledError("dial: not needed");
  co_return attempts.error;
}

Task<absl::Status> PodLink::Attempt(Attempts* attempts) {
  absl::StatusOr<ProviderPtr> made = NewProvider();
  if (!made.ok()) {
    attempts->error = made.status();
    co_return made.status();
  }
  ProviderPtr provider = *std::move(made);
  ++attempts->running;
  SessionProvider* raw = provider.get();
  absl::Status opened = co_await WithDeadline(times_.attempt_timeout, "dial",
                                              [raw]() { return raw->Open(); });
  --attempts->running;
  if (opened.ok() && attempts->won == nullptr) {
    attempts->won = std::move(provider);
  } else {
    CloseInBackground(std::move(provider));
  }
  if (!opened.ok()) attempts->error = opened;
  changed_.NotifyAll();
  co_return opened;
}

Task<absl::Status> PodLink::WaitAttempts(const Attempts* attempts) {
  while (attempts->won == nullptr && attempts->running > 0 && needed_) {
    absl::Status waited = co_await changed_.Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> PodLink::Pause() {
  const Clock::time_point begin = Clock::now();
  pause_over_ = false;
  while (!pause_over_) {
    const absl::Duration pause =
        wanted_ ? std::min(pause_, times_.max_pause_wanted) : pause_;
    const absl::Duration left = pause - absl::FromChrono(Clock::now() - begin);
    if (left <= absl::ZeroDuration()) break;
    absl::Status waited = co_await WithDeadline(
        left, "pause", [this]() { return changed_.Wait(); });
    if (absl::IsCancelled(waited)) co_return waited;
  }
  // Who still waits says so again.
  wanted_ = false;
  pause_ = std::min(2 * pause_, times_.max_pause);
  co_return absl::OkStatus();
}

void PodLink::StopWaiting() {
  waiting_stopped_ = true;
  for (const ProviderPtr& provider : retired_) provider->StopWaiting();
}

Task<absl::Status> PodLink::Close() {
  closing_ = true;
  tasks_.Cancel();
  absl::Status joined = co_await tasks_.Join();
  joined.IgnoreError();
  if (sessions_ != nullptr) Retire(sessions_);
  joined = co_await closings_.Join();
  joined.IgnoreError();
  co_return absl::OkStatus();
}

}  // namespace fairway::portforward
