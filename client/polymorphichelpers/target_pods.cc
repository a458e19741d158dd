// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/polymorphichelpers/attachablepodforobject.go
// (v0.20.2)
#include "client/polymorphichelpers/target_pods.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"
#include "client/polymorphichelpers/helpers.h"
#include "client/polymorphichelpers/port_translation.h"

namespace fairway::polymorphichelpers {
namespace {

using portforward::ForwardedPort;
using portforward::Target;
using portforward::TargetPod;

constexpr absl::string_view kWorkloads[] = {
    "ReplicationController", "Deployment", "ReplicaSet",
    "StatefulSet",           "DaemonSet",  "Job"};

bool HasEnded(absl::string_view phase) {
  return phase == api::kPodSucceeded || phase == api::kPodFailed;
}

bool ContainerRuns(const api::Pod& pod) {
  return pod.container_statuses.empty() ||
         std::any_of(pod.container_statuses.begin(),
                     pod.container_statuses.end(),
                     [](const api::ContainerStatus& status) {
                       return status.state == "running";
                     });
}

bool Same(const TargetPod& a, const TargetPod& b) {
  return a.name == b.name && a.uid == b.uid && a.usable == b.usable &&
         a.remote_ports == b.remote_ports;
}

absl::Status NotRunning(absl::string_view phase) {
  return absl::FailedPreconditionError(absl::StrCat(
      "unable to forward port because pod is not running. Current status=",
      phase));
}

}  // namespace

TargetPods::TargetPods(Executor executor, rest::RESTClient* client,
                       PodDialer dialer, TargetPodsOptions options)
    : executor_(executor),
      client_(client),
      dialer_(std::move(dialer)),
      options_(std::move(options)),
      is_pod_(options_.kind->kind == "Pod") {}

Task<absl::StatusOr<Target>> TargetPods::Resolve() {
  absl::StatusOr<Target> target = co_await FindTarget();
  // Nobody asks what becomes of the pods, then.
  if (!target.ok() || !options_.reconnect) watch_.reset();
  co_return target;
}

Task<absl::StatusOr<Target>> TargetPods::FindTarget() {
  const absl::Time deadline = absl::Now() + options_.pod_running_timeout;
  absl::Status found = co_await Find();
  if (!found.ok()) co_return found;
  while (true) {
    absl::StatusOr<absl::optional<Target>> target = TargetNow();
    if (!target.ok()) co_return target.status();
    if (target->has_value()) {
      told_ = (*target)->pods;
      co_return **std::move(target);
    }
    std::function<Task<absl::Status>()> update = [this] { return Update(); };
    absl::Status updated =
        co_await WithDeadline(deadline - absl::Now(), "pods", update);
    if (absl::IsDeadlineExceeded(updated)) co_return TimedOut();
    if (!updated.ok()) co_return updated;
  }
}

Task<absl::StatusOr<std::vector<TargetPod>>> TargetPods::WaitChange() {
  while (true) {
    absl::Status updated = co_await Update();
    if (!updated.ok()) co_return updated;
    std::vector<TargetPod> now = Snapshot();
    if (std::equal(now.begin(), now.end(), told_.begin(), told_.end(), Same)) {
      continue;
    }
    told_ = now;
    co_return now;
  }
}

absl::StatusOr<std::unique_ptr<httpstream::Dialer>> TargetPods::NewDialer(
    const TargetPod& pod) {
  if (watch_ != nullptr) watch_->Doubt();
  return dialer_(pod.name);
}

Task<absl::Status> TargetPods::Find() {
  known_.clear();
  told_.clear();
  ended_phase_.clear();
  service_.reset();
  rest::Resource resource =
      cmd::ResourceOf(*options_.kind, options_.namespace_, options_.name);
  absl::StatusOr<std::string> json =
      co_await cmd::GetObject(client_, std::move(resource));
  if (!json.ok()) co_return json.status();
  PodQuery query;
  query.namespace_ = options_.namespace_;
  if (is_pod_) {
    absl::StatusOr<api::Pod> pod = api::PodFromJson(*json);
    if (!pod.ok()) co_return pod.status();
    query.name = options_.name;
    watch_ = std::make_unique<PodWatch>(executor_, client_, std::move(query),
                                        options_.times);
    watch_->ResumeFrom(pod->metadata.resource_version);
    known_.emplace(pod->metadata.name, KnownOf(*pod));
    co_return absl::OkStatus();
  }
  absl::StatusOr<std::string> selector = SelectorOf(*json);
  if (!selector.ok()) co_return selector.status();
  if (service_.has_value()) {
    FAIRWAY_CO_RETURN_IF_ERROR(
        CheckUDPPortInService(options_.ports, *service_));
  }
  query.label_selector = *std::move(selector);
  watch_ = std::make_unique<PodWatch>(executor_, client_, std::move(query),
                                      options_.times);
  absl::StatusOr<std::vector<api::Pod>> pods = co_await watch_->List();
  if (!pods.ok()) co_return pods.status();
  PodChange all;
  all.pods = *std::move(pods);
  Apply(std::move(all));
  co_return absl::OkStatus();
}

absl::StatusOr<std::string> TargetPods::SelectorOf(const std::string& json) {
  const absl::string_view kind = options_.kind->kind;
  absl::StatusOr<std::string> selector = SelectorNotImplemented(kind);
  if (kind == "Service") {
    absl::StatusOr<api::Service> service = api::ServiceFromJson(json);
    if (!service.ok()) return service.status();
    service_ = *std::move(service);
    selector = SelectorsForObject(*service_);
  } else if (std::find(std::begin(kWorkloads), std::end(kWorkloads), kind) !=
             std::end(kWorkloads)) {
    absl::StatusOr<api::Workload> workload = api::WorkloadFromJson(kind, json);
    if (!workload.ok()) return workload.status();
    selector = SelectorsForObject(*workload);
  }
  if (!selector.ok()) return CannotAttach(kind, selector.status());
  return selector;
}

Task<absl::Status> TargetPods::Update() {
  if (watch_ == nullptr) {
    co_return absl::FailedPreconditionError("pods: there is no target yet");
  }
  absl::StatusOr<PodChange> change = co_await watch_->Next();
  if (!change.ok()) co_return change.status();
  Apply(*std::move(change));
  co_return absl::OkStatus();
}

void TargetPods::Apply(PodChange change) {
  if (change.kind == PodChange::Kind::kAll) known_.clear();
  for (const api::Pod& pod : change.pods) {
    const auto it = known_.find(pod.metadata.name);
    // Of a selector's pods there may be any number that have ended.
    const bool ended = !is_pod_ && HasEnded(pod.phase);
    if (ended) ended_phase_ = pod.phase;
    if (ended || change.kind == PodChange::Kind::kGone) {
      // Its successor may have been told of before.
      if (it != known_.end() && it->second.uid == pod.metadata.uid) {
        known_.erase(it);
      }
    } else if (it != known_.end()) {
      it->second = KnownOf(pod);
    } else if (known_.size() < kMaxPods) {
      known_.emplace(pod.metadata.name, KnownOf(pod));
    }
  }
}

TargetPods::Known TargetPods::KnownOf(const api::Pod& pod) const {
  const bool runs = pod.phase == api::kPodRunning &&
                    (!options_.ready_only || IsPodReady(pod));
  Known known;
  known.name = pod.metadata.name;
  known.uid = pod.metadata.uid;
  known.phase = pod.phase;
  known.lasting = pod.metadata.deletion_timestamp.empty() && ContainerRuns(pod);
  known.rank = RankOf(pod);
  known.ports = PortsOf(pod);
  known.usable =
      runs && known.ports.ok() && (known.lasting || !options_.reconnect);
  return known;
}

absl::StatusOr<std::vector<ForwardedPort>> TargetPods::PortsOf(
    const api::Pod& pod) const {
  absl::StatusOr<std::vector<std::string>> ports;
  if (service_.has_value()) {
    ports = TranslateServicePortToTargetPort(options_.ports, *service_, pod);
  } else {
    absl::Status checked = CheckUDPPortInPod(options_.ports, pod);
    if (!checked.ok()) return checked;
    ports = ConvertPodNamedPortToNumber(options_.ports, pod);
  }
  if (!ports.ok()) return ports.status();
  return portforward::ParsePorts(*ports);
}

std::vector<const TargetPods::Known*> TargetPods::Sorted() const {
  std::vector<const Known*> sorted;
  sorted.reserve(known_.size());
  for (const auto& [name, known] : known_) sorted.push_back(&known);
  // Pods that are equal stay in the order of their names.
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Known* a, const Known* b) {
                     if (a->usable != b->usable) return a->usable;
                     if (a->usable && a->lasting != b->lasting) {
                       return a->lasting;
                     }
                     return ActivePodsLess(b->rank, a->rank);
                   });
  return sorted;
}

std::vector<TargetPod> TargetPods::Snapshot() const {
  std::vector<TargetPod> pods;
  for (const Known* known : Sorted()) {
    if (HasEnded(known->phase)) continue;
    TargetPod pod;
    pod.namespace_ = options_.namespace_;
    pod.name = known->name;
    pod.uid = known->uid;
    pod.usable = known->usable;
    // One for each port, also where none is known.
    pod.remote_ports.resize(options_.ports.size());
    for (size_t i = 0; known->ports.ok() && i < known->ports->size(); ++i) {
      pod.remote_ports[i] = (*known->ports)[i].remote;
    }
    pods.push_back(std::move(pod));
  }
  return pods;
}

absl::StatusOr<absl::optional<Target>> TargetPods::TargetNow() const {
  absl::optional<Target> target;
  const std::vector<const Known*> sorted = Sorted();
  if (sorted.empty()) return target;
  const Known& first = *sorted.front();
  if (!first.ports.ok()) return first.ports.status();
  if (first.usable) {
    target.emplace();
    target->name = absl::StrCat(options_.kind->singular, "/", options_.name);
    target->ports = *first.ports;
    target->pods = Snapshot();
    return target;
  }
  if (is_pod_ && first.phase != api::kPodRunning &&
      (!options_.reconnect || HasEnded(first.phase))) {
    return NotRunning(first.phase);
  }
  return target;
}

absl::Status TargetPods::TimedOut() const {
  const std::vector<const Known*> sorted = Sorted();
  const std::string& phase =
      sorted.empty() ? ended_phase_ : sorted.front()->phase;
  if (phase.empty() || phase == api::kPodRunning) {
    return absl::DeadlineExceededError("timed out waiting for the condition");
  }
  return NotRunning(phase);
}

}  // namespace fairway::polymorphichelpers
