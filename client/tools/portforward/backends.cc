// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/backends.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"

namespace fairway::portforward {
namespace {

constexpr absl::string_view kFile = "backends.cc";

// How often who waits for a way looks whether it still should.
constexpr absl::Duration kLookAgain = absl::Milliseconds(250);
// Between two attempts to get a session where others succeed.
constexpr absl::Duration kTryAgain = absl::Milliseconds(100);
// How long the way to a pod may fail before another is tried, and before an
// answer like "forbidden" counts as one.
constexpr absl::Duration kPatienceWithPod = absl::Seconds(5);
// How long a pod that took another's place may take until it listens.
constexpr absl::Duration kStartOfPod = absl::Seconds(10);
// Until those are asked for again who could not be.
constexpr absl::Duration kPauseOfFollow = absl::Seconds(2);

absl::Status UpgradeError(const absl::Status& error) {
  return absl::Status(error.code(), absl::StrCat("error upgrading connection: ",
                                                 error.message()));
}

bool IsRefusal(const absl::Status& error) {
  return absl::IsPermissionDenied(error) || absl::IsUnauthenticated(error);
}

}  // namespace

bool Backend::MayBeStarting() const {
  return renewed_at.has_value() &&
         absl::FromChrono(std::chrono::steady_clock::now() - *renewed_at) <
             kStartOfPod;
}

Backends::Backends(Executor executor, std::unique_ptr<PodSource> source,
                   const ForwardOptions& options, Observer* observer,
                   Events events)
    : executor_(executor),
      source_(std::move(source)),
      options_(options),
      observer_(observer),
      events_(std::move(events)),
      changed_(executor),
      tasks_(executor),
      closings_(executor) {}

BackendPtr Backends::NewBackend(const TargetPod& pod) {
  auto backend = std::make_shared<Backend>();
  backend->pod = pod;
  Backend* raw = backend.get();
  backend->link = std::make_unique<PodLink>(
      executor_, [this, pod]() { return source_->NewDialer(pod); },
      options_.mode, options_.reconnect ? GiveUp::kAnyway : GiveUp::kWhenUnused,
      options_.reconnect ? ReconnectTimes() : LinkTimes(),
      [this, raw]() { OnLinkChange(*raw); });
  return backend;
}

Task<absl::StatusOr<Target>> Backends::Open() {
  absl::StatusOr<Target> target = co_await source_->Resolve();
  if (!target.ok()) co_return target.status();
  target_ = target->name;
  for (const TargetPod& pod : target->pods) {
    backends_.push_back(NewBackend(pod));
  }
  absl::Status opened = co_await OpenWays();
  FAIRWAY_CO_RETURN_IF_ERROR(opened);
  opened_ = true;
  if (options_.reconnect) {
    tasks_.Spawn([this]() { return Follow(); });
  }
  target->pods.clear();
  for (const BackendPtr& backend : slots_) {
    target->pods.push_back(backend->pod);
  }
  if (options_.pods == Pods::kRoundRobin) slots_.clear();
  co_return target;
}

Task<absl::Status> Backends::OpenWays() {
  std::vector<BackendPtr> usable =
      options_.pods == Pods::kOne ? Usable() : UsableByName();
  if (usable.empty()) usable.push_back(backends_[0]);
  if (options_.pods == Pods::kEach) slots_ = usable;
  absl::Status first_error;
  BackendPtr first;
  for (const BackendPtr& backend : usable) {
    if (first != nullptr && options_.pods == Pods::kOne) break;
    if (first != nullptr && options_.reconnect) {
      // In turn, a pod's first connection makes the way.
      if (options_.pods == Pods::kEach) backend->link->Need();
      continue;
    }
    absl::Status opened = co_await backend->link->Open();
    if (opened.ok() && first == nullptr) first = backend;
    if (first_error.ok()) first_error = opened;
    // Who may not forward to one may not to the others.
    if (absl::IsCancelled(opened) || IsRefusal(opened)) co_return opened;
    if (!opened.ok() && !options_.reconnect) co_return opened;
  }
  if (first == nullptr) co_return first_error;
  if (options_.pods != Pods::kEach) slots_ = {first};
  co_return absl::OkStatus();
}

Task<absl::Status> Backends::Follow() {
  std::string told;
  while (true) {
    absl::StatusOr<std::vector<TargetPod>> pods =
        co_await source_->WaitChange();
    if (absl::IsCancelled(pods.status())) co_return pods.status();
    if (pods.ok()) {
      told.clear();
      Update(*pods);
      continue;
    }
    const std::string error = absl::StrCat(
        "error watching the pods of ", target_, ": ", pods.status().message());
    if (error != told) observer_->Error(kFile, __LINE__, error);
    told = error;
    absl::Status slept = co_await Sleep(kPauseOfFollow);
    FAIRWAY_CO_RETURN_IF_ERROR(slept);
  }
}

void Backends::Update(const std::vector<TargetPod>& pods) {
  std::vector<BackendPtr> before = std::move(backends_);
  backends_.clear();
  for (const TargetPod& pod : pods) {
    const auto known = std::find_if(
        before.begin(), before.end(),
        [&pod](const BackendPtr& b) { return b->pod.uid == pod.uid; });
    if (known == before.end()) {
      backends_.push_back(NewBackend(pod));
      continue;
    }
    (*known)->pod = pod;
    backends_.push_back(*known);
    before.erase(known);
  }
  for (const BackendPtr& backend : before) {
    backend->gone = true;
    Part(*backend, "the pod is gone");
    std::replace(slots_.begin(), slots_.end(), backend, BackendPtr());
    CloseInBackground(backend);
    events_.on_gone(backend->pod.uid);
  }
  for (const BackendPtr& backend : backends_) {
    if (!backend->pod.usable)
      Part(*backend, "the pod is being deleted, or is not ready");
  }
  Assign();
  changed_.NotifyAll();
}

void Backends::Part(Backend& backend, absl::string_view reason) {
  Tell(backend, reason);
  backend.link->Stop();
}

void Backends::CloseInBackground(const BackendPtr& backend) {
  parted_.insert(backend);
  std::function<Task<absl::Status>()> close =
      [this, backend]() -> Task<absl::Status> {
    absl::Status closed = co_await backend->link->Close();
    parted_.erase(backend);
    co_return closed;
  };
  closings_.Spawn(std::move(close));
}

void Backends::OnLinkChange(Backend& backend) {
  const PodLink& link = *backend.link;
  if (link.failing()) {
    events_.on_error(link.error().message());
    if (!options_.reconnect) lost_ = true;
  }
  Tell(backend, link.error().message());
  if (options_.reconnect && !backend.gone) Assign();
  changed_.NotifyAll();
}

// A way that is made again for a doubt's sake is no news.
void Backends::Tell(Backend& backend, absl::string_view reason) {
  const bool may_be_used = !backend.gone && backend.pod.usable;
  if (!backend.told && may_be_used && backend.link->sessions() != nullptr) {
    backend.told = true;
    if (opened_) backend.renewed_at = Clock::now();
    observer_->Connected(backend.pod);
  } else if (backend.told && options_.reconnect &&
             (!may_be_used || backend.link->failing())) {
    backend.told = false;
    observer_->Reconnecting(backend.pod, reason);
  }
}

std::vector<BackendPtr> Backends::Usable() const {
  std::vector<BackendPtr> usable;
  std::copy_if(backends_.begin(), backends_.end(), std::back_inserter(usable),
               [](const BackendPtr& b) { return b->pod.usable; });
  return usable;
}

std::vector<BackendPtr> Backends::UsableByName() const {
  std::vector<BackendPtr> usable = Usable();
  std::sort(usable.begin(), usable.end(),
            [](const BackendPtr& a, const BackendPtr& b) {
              return a->pod.name < b->pod.name;
            });
  return usable;
}

bool Backends::IsInASlot(const Backend& backend) const {
  return std::any_of(
      slots_.begin(), slots_.end(),
      [&backend](const BackendPtr& b) { return b.get() == &backend; });
}

BackendPtr Backends::PodFor(size_t slot) const {
  const BackendPtr& current = slots_[slot];
  if (options_.pods == Pods::kEach) {
    if (current != nullptr) return current;
    for (const BackendPtr& backend : UsableByName()) {
      if (!IsInASlot(*backend)) return backend;
    }
    return nullptr;
  }
  const std::vector<BackendPtr> usable = Usable();
  if (current != nullptr && current->pod.usable &&
      current->link->failing_for().value_or(absl::ZeroDuration()) <
          kPatienceWithPod) {
    return current;
  }
  for (const BackendPtr& backend : usable) {
    if (backend != current && !backend->link->failing()) return backend;
  }
  // It may come back.
  return current == nullptr && !usable.empty() ? usable[0] : current;
}

void Backends::Assign() {
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    const BackendPtr current = slots_[slot];
    const BackendPtr next = PodFor(slot);
    slots_[slot] = next;
    if (current != nullptr && current != next) {
      current->told = false;
      current->link->Stop();
    }
    if (next != nullptr && next->pod.usable) next->link->Need();
  }
  if (options_.pods != Pods::kRoundRobin) return;
  const std::vector<BackendPtr> usable = Usable();
  if (!usable.empty() &&
      std::none_of(usable.begin(), usable.end(),
                   [](const BackendPtr& b) { return b->told; })) {
    usable[0]->link->Need();
  }
}

BackendPtr Backends::NextInTurn() {
  std::vector<BackendPtr> usable = UsableByName();
  if (usable.empty()) return nullptr;
  const auto after = std::find_if(
      usable.begin(), usable.end(),
      [this](const BackendPtr& b) { return b->pod.name > last_in_turn_; });
  std::rotate(usable.begin(), after, usable.end());
  // Not to one that fails, as long as there is another.
  const auto next =
      std::find_if(usable.begin(), usable.end(),
                   [](const BackendPtr& b) { return !b->link->failing(); });
  BackendPtr chosen = next == usable.end() ? usable[0] : *next;
  last_in_turn_ = chosen->pod.name;
  return chosen;
}

BackendPtr Backends::Choose(size_t slot) {
  if (options_.pods == Pods::kRoundRobin) return NextInTurn();
  const BackendPtr& backend = slots_[slot];
  const bool may =
      backend != nullptr && (backend->pod.usable || !options_.reconnect);
  return may ? backend : nullptr;
}

Task<absl::StatusOr<Route>> Backends::TryAcquire(BackendPtr backend,
                                                 size_t port) {
  PodLink::ProviderPtr sessions = backend->link->sessions();
  absl::StatusOr<std::unique_ptr<SessionLease>> lease =
      co_await sessions->Acquire();
  if (!lease.ok()) {
    // No dial ends, then.
    if (absl::IsDeadlineExceeded(lease.status())) {
      backend->link->Doubt(sessions);
    }
    co_return UpgradeError(lease.status());
  }
  Route route;
  route.remote_port = backend->pod.remote_ports[port];
  route.backend = std::move(backend);
  route.sessions = std::move(sessions);
  route.lease = *std::move(lease);
  co_return route;
}

Task<absl::StatusOr<Route>> Backends::Acquire(size_t slot, size_t port,
                                              Waiting waiting) {
  BackendPtr backend;
  while (true) {
    // In turn, who has come to a pod stays with it until that fails.
    if (backend == nullptr || options_.pods != Pods::kRoundRobin ||
        backend->gone || !backend->pod.usable || backend->link->failing()) {
      backend = Choose(slot);
    }
    absl::Duration pause = kLookAgain;
    if (backend != nullptr && backend->link->sessions() != nullptr) {
      absl::StatusOr<Route> route = co_await TryAcquire(backend, port);
      if (route.ok() || !options_.reconnect ||
          absl::IsCancelled(route.status())) {
        co_return route;
      }
      pause = kTryAgain;
    } else if (backend != nullptr) {
      backend->link->Want();
      if (backend->link->failing_for().value_or(absl::ZeroDuration()) >=
              kPatienceWithPod &&
          IsRefusal(backend->link->error())) {
        co_return UpgradeError(backend->link->error());
      }
    }
    if (stopped_ || waiting.given_up()) {
      co_return absl::CancelledError("nobody waits for the way to a pod");
    }
    const auto left = absl::FromChrono(waiting.deadline - Clock::now());
    if (left <= absl::ZeroDuration()) co_return TimedOut(backend);
    absl::Status waited = co_await WithDeadline(
        std::min(left, pause), "way", [this]() { return changed_.Wait(); });
    if (absl::IsCancelled(waited)) co_return waited;
  }
}

absl::Status Backends::TimedOut(const BackendPtr& backend) const {
  absl::string_view reason = "no pod of it can be used";
  if (backend != nullptr) {
    reason = backend->link->failing() ? backend->link->error().message()
                                      : "its pod does not answer";
  }
  return absl::DeadlineExceededError(absl::StrCat(
      "error upgrading connection: no way to ", target_, " for ",
      absl::FormatDuration(options_.reconnect_timeout), ": ", reason));
}

Task<absl::Status> Backends::WaitLost() {
  while (!lost_) {
    absl::Status waited = co_await changed_.Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  co_return absl::UnavailableError("lost connection to pod");
}

void Backends::StopWaiting() {
  stopped_ = true;
  changed_.NotifyAll();
}

Task<absl::Status> Backends::Close() {
  StopWaiting();
  tasks_.Cancel();
  absl::Status joined = co_await tasks_.Join();
  joined.IgnoreError();
  for (const BackendPtr& backend : backends_) CloseInBackground(backend);
  for (const BackendPtr& backend : parted_) backend->link->StopWaiting();
  joined = co_await closings_.Join();
  joined.IgnoreError();
  co_return absl::OkStatus();
}

std::vector<std::string> Backends::pods() const {
  std::vector<std::string> names;
  for (const BackendPtr& backend : backends_) {
    if (backend->told) names.push_back(backend->pod.name);
  }
  return names;
}

absl::optional<absl::Duration> Backends::RoundTripTime() const {
  for (const BackendPtr& backend : backends_) {
    const PodLink::ProviderPtr& sessions = backend->link->sessions();
    if (!backend->told || sessions == nullptr) continue;
    const absl::optional<absl::Duration> time = sessions->RoundTripTime();
    if (time.has_value()) return time;
  }
  return absl::nullopt;
}

}  // namespace fairway::portforward
