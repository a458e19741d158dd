// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/cache/reflector.go (v0.20.2)
#include "client/polymorphichelpers/pod_watch.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/errors.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"

namespace fairway::polymorphichelpers {
namespace {

// A watch that holds so long has not failed.
constexpr absl::Duration kHolds = absl::Seconds(1);
// When the server ends a watch of its own accord, spread as upstream does.
constexpr int kMinWatchSeconds = 300;

// Goes on evenly when the clock on the wall is set.
absl::Time Now() {
  return absl::UnixEpoch() +
         absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

bool Broke(const absl::Status& end) {
  return absl::IsUnavailable(end) || absl::IsAborted(end) ||
         absl::IsDeadlineExceeded(end) || absl::IsCancelled(end);
}

bool IsRefusal(const absl::Status& status) {
  return absl::IsPermissionDenied(status) && api::IsApiStatus(status);
}

}  // namespace

PodWatch::PodWatch(Executor executor, rest::RESTClient* client, PodQuery query,
                   PodWatchTimes times)
    : executor_(executor),
      client_(client),
      query_(std::move(query)),
      times_(times),
      wake_(executor) {}

void PodWatch::ResumeFrom(std::string resource_version) {
  version_ = std::move(resource_version);
  resumable_ = true;
  heard_ = Now();
}

void PodWatch::Doubt() {
  const absl::Time now = Now();
  if (now - heard_ < times_.doubt_after) return;
  if (now - doubted_at_ < times_.doubt_pause) return;
  doubted_at_ = now;
  if (watcher_ != nullptr) doubted_ = true;
  wake_.NotifyAll();
}

rest::Resource PodWatch::Pods() const {
  rest::Resource pods;
  pods.resource = "pods";
  pods.namespace_ = query_.namespace_;
  if (!query_.name.empty()) {
    pods.query.emplace_back("fieldSelector",
                            absl::StrCat("metadata.name=", query_.name));
  }
  if (!query_.label_selector.empty()) {
    pods.query.emplace_back("labelSelector", query_.label_selector);
  }
  return pods;
}

Task<absl::StatusOr<std::vector<api::Pod>>> PodWatch::List() {
  if (get_instead_of_list_) {
    absl::StatusOr<std::vector<api::Pod>> pods = co_await GetOnce();
    co_return pods;
  }
  absl::StatusOr<std::vector<api::Pod>> pods = co_await ListOnce();
  co_return pods;
}

Task<absl::StatusOr<std::vector<api::Pod>>> PodWatch::ListOnce() {
  rest::Resource resource = Pods();
  absl::StatusOr<std::string> json =
      co_await client_->List(std::move(resource));
  if (!json.ok()) co_return json.status();
  absl::StatusOr<api::PodList> list = api::PodListFromJson(*json);
  if (!list.ok()) co_return list.status();
  ResumeFrom(list->resource_version);
  co_return std::move(list->items);
}

Task<absl::StatusOr<std::vector<api::Pod>>> PodWatch::GetOnce() {
  rest::Resource resource;
  resource.resource = "pods";
  resource.namespace_ = query_.namespace_;
  resource.name = query_.name;
  absl::StatusOr<std::string> json = co_await client_->Get(std::move(resource));
  std::vector<api::Pod> pods;
  if (absl::IsNotFound(json.status())) {
    ResumeFrom("");
    co_return pods;
  }
  if (!json.ok()) co_return json.status();
  absl::StatusOr<api::Pod> pod = api::PodFromJson(*json);
  if (!pod.ok()) co_return pod.status();
  ResumeFrom(pod->metadata.resource_version);
  pods.push_back(*std::move(pod));
  co_return pods;
}

Task<absl::StatusOr<PodChange>> PodWatch::Next() {
  while (true) {
    const bool cancelled = co_await IsCancelled();
    if (cancelled) co_return absl::CancelledError("pods");
    if (watcher_ != nullptr) {
      absl::StatusOr<absl::optional<PodChange>> change = co_await NextEvent();
      if (!change.ok()) co_return change.status();
      if (change->has_value()) co_return **std::move(change);
      continue;
    }
    if (!resumable_) {
      std::function<Task<absl::StatusOr<std::vector<api::Pod>>>()> list =
          [this] { return List(); };
      absl::StatusOr<std::vector<api::Pod>> pods =
          co_await WithDeadline<std::vector<api::Pod>>(AttemptTimeout(), "list",
                                                       list);
      if (pods.ok()) {
        refused_since_ = absl::InfiniteFuture();
        if (Now() < poll_until_) failures_ = 0;
        PodChange all;
        all.pods = *std::move(pods);
        co_return all;
      }
      absl::Status failed = co_await AfterFailedList(pods.status());
      if (!failed.ok()) co_return failed;
      continue;
    }
    absl::Status status;
    if (Now() < poll_until_) {
      resumable_ = false;
      status = co_await Sleep(times_.poll_period);
    } else {
      get_instead_of_list_ = false;
      status = co_await StartWatch();
    }
    if (!status.ok()) co_return status;
  }
}

Task<absl::Status> PodWatch::AfterFailedList(absl::Status failure) {
  if (!IsRefusal(failure)) {
    refused_since_ = absl::InfiniteFuture();
  } else if (!query_.name.empty() && !get_instead_of_list_) {
    get_instead_of_list_ = true;
    poll_until_ = Now() + times_.poll_for;
    co_return absl::OkStatus();
  } else {
    refused_since_ = std::min(refused_since_, Now());
    if (Now() - refused_since_ >= times_.refused_for) co_return failure;
  }
  absl::Status paused = co_await Pause();
  co_return paused;
}

Task<absl::Status> PodWatch::StartWatch() {
  rest::Resource pods = Pods();
  if (!version_.empty()) pods.query.emplace_back("resourceVersion", version_);
  pods.query.emplace_back("allowWatchBookmarks", "true");
  std::uniform_int_distribution<int> seconds(kMinWatchSeconds,
                                             2 * kMinWatchSeconds);
  pods.query.emplace_back("timeoutSeconds", absl::StrCat(seconds(random_)));
  using Made = std::unique_ptr<rest::Watcher>;
  std::function<Task<absl::StatusOr<Made>>()> watch = [this, &pods] {
    return client_->Watch(pods);
  };
  absl::StatusOr<Made> watcher =
      co_await WithDeadline<Made>(AttemptTimeout(), "watch", watch);
  if (watcher.ok()) {
    watcher_ = *std::move(watcher);
    watching_since_ = Now();
    heard_ = watching_since_;
    doubted_ = false;
    co_return absl::OkStatus();
  }
  const absl::Status& failure = watcher.status();
  const bool cannot_watch = absl::IsNotFound(failure) ||
                            absl::IsUnimplemented(failure) ||
                            absl::IsPermissionDenied(failure);
  if (cannot_watch && api::IsApiStatus(failure)) {
    poll_until_ = Now() + times_.poll_for;
    co_return absl::OkStatus();
  }
  absl::Status paused = co_await AfterWatch(failure);
  co_return paused;
}

Task<absl::StatusOr<absl::optional<PodChange>>> PodWatch::NextEvent() {
  using Event = absl::optional<api::WatchEvent>;
  absl::StatusOr<Event> event = absl::CancelledError("watch");
  bool done = false;
  TaskGroup group(executor_);
  group.Spawn([this, &event, &done]() -> Task<absl::Status> {
    absl::StatusOr<Event> next = co_await watcher_->Next();
    event = std::move(next);
    done = true;
    wake_.NotifyAll();
    co_return absl::OkStatus();
  });
  std::function<Task<absl::Status>()> wait = [this,
                                              &done]() -> Task<absl::Status> {
    while (!done && !doubted_) {
      absl::Status woken = co_await wake_.Wait();
      if (!woken.ok()) co_return woken;
    }
    co_return absl::OkStatus();
  };
  absl::Status waited = co_await WithDeadline(times_.silence, "watch", wait);
  const bool heard = done;
  group.Cancel();
  absl::Status joined = co_await group.Join();
  joined.IgnoreError();
  absl::optional<PodChange> change;
  if (heard && event.ok() && event->has_value()) {
    heard_ = Now();
    failures_ = 0;
    change = ChangeOf(**event);
    co_return change;
  }
  watcher_.reset();
  if (absl::IsCancelled(waited)) co_return waited;
  if (!heard) {
    // In doubt all that is known is; after silence only the connection.
    if (doubted_) resumable_ = false;
    co_return change;
  }
  if (Now() - watching_since_ >= kHolds) {
    failures_ = 0;
    // An end in good order.
    if (event.ok()) co_return change;
  }
  absl::Status paused = co_await AfterWatch(event.status());
  if (!paused.ok()) co_return paused;
  co_return change;
}

Task<absl::Status> PodWatch::AfterWatch(absl::Status end) {
  // What the server says against the watch, be it unreadable, may be about its
  // version; a connection that broke is not.
  if (api::IsApiStatus(end) || !(end.ok() || Broke(end))) resumable_ = false;
  absl::Status paused = co_await Pause();
  co_return paused;
}

absl::optional<PodChange> PodWatch::ChangeOf(const api::WatchEvent& event) {
  absl::StatusOr<api::Pod> pod = api::PodFromJson(event.object_json);
  // What no one can read is no pod to forward to.
  if (!pod.ok()) return absl::nullopt;
  if (!pod->metadata.resource_version.empty()) {
    version_ = pod->metadata.resource_version;
  }
  PodChange change;
  if (event.type == "ADDED" || event.type == "MODIFIED") {
    change.kind = PodChange::Kind::kPut;
  } else if (event.type == "DELETED") {
    change.kind = PodChange::Kind::kGone;
  } else {
    return absl::nullopt;
  }
  change.pods.push_back(*std::move(pod));
  return change;
}

bool PodWatch::InEarlyTrouble() const {
  return failures_ == 0 || Now() - trouble_since_ < times_.early;
}

absl::Duration PodWatch::AttemptTimeout() const {
  return InEarlyTrouble() ? times_.early_attempt : times_.late_attempt;
}

Task<absl::Status> PodWatch::Pause() {
  if (failures_ == 0) trouble_since_ = Now();
  const absl::Duration most =
      InEarlyTrouble() ? times_.early_pause : times_.late_pause;
  const absl::Duration pause =
      std::min(most, times_.first_pause * (1 << std::min(failures_, 16)));
  ++failures_;
  std::uniform_real_distribution<double> share(0.75, 1);
  absl::Status woken = co_await WithDeadline(pause * share(random_), "pause",
                                             [this] { return wake_.Wait(); });
  if (absl::IsDeadlineExceeded(woken)) co_return absl::OkStatus();
  co_return woken;
}

}  // namespace fairway::polymorphichelpers
