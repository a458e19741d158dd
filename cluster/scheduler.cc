// SPDX-License-Identifier: Apache-2.0
#include "cluster/scheduler.h"

#include <glog/logging.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "base/task/deadline.h"

namespace fairway::cluster {
namespace {

// What a pod without a node costs while no node is ready.
constexpr absl::Duration kRetryAfter = absl::Seconds(1);

rest::Resource UnboundPods() {
  rest::Resource pods;
  pods.resource = "pods";
  pods.query = {{"fieldSelector", "spec.nodeName="}};
  return pods;
}

}  // namespace

bool NeedsNode(const api::Pod& pod) {
  return pod.node_name.empty() && pod.metadata.deletion_timestamp.empty() &&
         pod.phase != api::kPodSucceeded && pod.phase != api::kPodFailed;
}

Task<absl::Status> Scheduler::Run() {
  while (true) {
    absl::Status ended = co_await ListAndWatch();
    if (absl::IsCancelled(ended)) co_return ended;
    if (!ended.ok()) LOG(WARNING) << "scheduler: " << ended.message();
    absl::Status slept = co_await Sleep(kRetryAfter);
    if (!slept.ok()) co_return slept;
  }
}

Task<absl::Status> Scheduler::ListAndWatch() {
  absl::StatusOr<std::string> json = co_await client_.List(UnboundPods());
  if (!json.ok()) co_return json.status();
  absl::StatusOr<api::PodList> list = api::PodListFromJson(*json);
  if (!list.ok()) co_return list.status();
  for (const api::Pod& pod : list->items) {
    absl::Status bound = co_await Bind(pod);
    if (!bound.ok()) co_return bound;
  }
  rest::Resource watched = UnboundPods();
  watched.query.emplace_back("resourceVersion", list->resource_version);
  absl::StatusOr<std::unique_ptr<rest::Watcher>> watch =
      co_await client_.Watch(watched);
  if (!watch.ok()) co_return watch.status();
  while (true) {
    absl::StatusOr<absl::optional<api::WatchEvent>> event =
        co_await (*watch)->Next();
    if (!event.ok()) co_return event.status();
    if (!event->has_value()) co_return absl::OkStatus();
    if ((*event)->type != "ADDED" && (*event)->type != "MODIFIED") continue;
    absl::StatusOr<api::Pod> pod = api::PodFromJson((*event)->object_json);
    if (!pod.ok()) co_return pod.status();
    absl::Status bound = co_await Bind(*pod);
    if (!bound.ok()) co_return bound;
  }
}

Task<absl::StatusOr<std::string>> Scheduler::ReadyNode() {
  rest::Resource nodes;
  nodes.resource = "nodes";
  absl::StatusOr<std::string> json = co_await client_.List(nodes);
  if (!json.ok()) co_return json.status();
  absl::StatusOr<api::NodeList> list = api::NodeListFromJson(*json);
  if (!list.ok()) co_return list.status();
  for (const api::Node& node : list->items) {
    if (node.ready) co_return node.metadata.name;
  }
  co_return absl::UnavailableError("no nodes available to schedule pods");
}

Task<absl::Status> Scheduler::Bind(const api::Pod& pod) {
  if (!NeedsNode(pod)) co_return absl::OkStatus();
  absl::StatusOr<std::string> node = co_await ReadyNode();
  if (!node.ok()) co_return node.status();
  const nlohmann::json binding = {
      {"apiVersion", "v1"},
      {"kind", "Binding"},
      {"metadata",
       {{"name", pod.metadata.name},
        {"namespace", pod.metadata.namespace_},
        {"uid", pod.metadata.uid}}},
      {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", *node}}}};
  rest::Resource target;
  target.resource = "pods";
  target.namespace_ = pod.metadata.namespace_;
  target.name = pod.metadata.name;
  target.subresource = "binding";
  absl::StatusOr<std::string> bound =
      co_await client_.Create(target, binding.dump());
  // Somebody else bound it, or it is gone: either way it needs us no more.
  if (bound.ok() || absl::IsAlreadyExists(bound.status()) ||
      absl::IsAborted(bound.status()) || absl::IsNotFound(bound.status())) {
    VLOG(1) << "bound pod " << pod.metadata.namespace_ << "/"
            << pod.metadata.name << " to " << *node;
    co_return absl::OkStatus();
  }
  co_return bound.status();
}

}  // namespace fairway::cluster
