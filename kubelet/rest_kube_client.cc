// SPDX-License-Identifier: Apache-2.0
#include "kubelet/rest_kube_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "api/errors.h"
#include "api/json.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"
#include "base/time/go_time.h"

namespace fairway::kubelet {
namespace {

using nlohmann::json;

// The server ends a watch after so long; a connection on which even that does
// not come is dead.
constexpr int kWatchSeconds = 300;
constexpr absl::Duration kWatchLeeway = absl::Seconds(30);

constexpr int kStatusAttempts = 5;

rest::Resource PodResource(std::string namespace_, std::string name,
                           std::string subresource) {
  rest::Resource resource;
  resource.resource = "pods";
  resource.namespace_ = std::move(namespace_);
  resource.name = std::move(name);
  resource.subresource = std::move(subresource);
  return resource;
}

rest::Resource NodeResource(std::string name, std::string subresource) {
  rest::Resource resource;
  resource.resource = "nodes";
  resource.name = std::move(name);
  resource.subresource = std::move(subresource);
  return resource;
}

rest::Resource PodsOfNode(const std::string& node_name) {
  rest::Resource resource;
  resource.resource = "pods";
  resource.query = {
      {"fieldSelector", absl::StrCat("spec.nodeName=", node_name)}};
  return resource;
}

std::string StringField(const json& object, const char* key) {
  if (!object.is_object()) return "";
  auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return "";
  return found->get<std::string>();
}

std::string UidOf(const json& document) {
  auto metadata = document.find("metadata");
  return metadata == document.end() ? "" : StringField(*metadata, "uid");
}

// Gives each of `ours` the time of its last change, and keeps the conditions
// of others.
json MergeConditions(const json& theirs, json ours) {
  const std::string now = FormatRFC3339(absl::Now());
  for (json& condition : ours) condition["lastTransitionTime"] = now;
  if (!theirs.is_array()) return ours;
  for (const json& known : theirs) {
    const std::string type = StringField(known, "type");
    bool found = false;
    for (json& condition : ours) {
      if (StringField(condition, "type") != type) continue;
      found = true;
      const std::string since = StringField(known, "lastTransitionTime");
      if (StringField(known, "status") == StringField(condition, "status") &&
          !since.empty()) {
        condition["lastTransitionTime"] = since;
      }
    }
    if (!found) ours.push_back(known);
  }
  return ours;
}

// `document` with the status of `pod`.
absl::StatusOr<std::string> WithStatus(json document, const api::Pod& pod) {
  absl::StatusOr<json> ours = api::ParseJson(api::ToJson(pod));
  if (!ours.ok()) return ours.status();
  json& status = document["status"];
  if (!status.is_object()) status = json::object();
  // What the kubelet owns and no longer says is gone.
  for (const char* key : {"podIP", "podIPs", "reason", "message"}) {
    status.erase(key);
  }
  for (auto& [key, value] : (*ours)["status"].items()) {
    if (key == "conditions") {
      status[key] = MergeConditions(status[key], value);
    } else {
      status[key] = value;
    }
  }
  return api::DumpJson(document);
}

class RestKubeClient : public KubeClient {
 public:
  explicit RestKubeClient(rest::RESTClient& client) : client_(client) {}

  Task<absl::StatusOr<api::PodList>> ListPods(std::string node_name) override {
    rest::Resource resource = PodsOfNode(node_name);
    absl::StatusOr<std::string> text =
        co_await client_.List(std::move(resource));
    if (!text.ok()) co_return text.status();
    co_return api::PodListFromJson(*text);
  }

  Task<absl::Status> WatchPods(
      std::string node_name, std::string resource_version,
      std::function<absl::Status(api::WatchEvent)> on_event) override {
    rest::Resource resource = PodsOfNode(node_name);
    resource.query.emplace_back("resourceVersion", resource_version);
    resource.query.emplace_back("allowWatchBookmarks", "true");
    resource.query.emplace_back("timeoutSeconds", absl::StrCat(kWatchSeconds));
    absl::Status ended = co_await WithDeadline(
        absl::Seconds(kWatchSeconds) + kWatchLeeway, "watch pods",
        [&] { return Watch(resource, on_event); });
    co_return ended;
  }

  Task<absl::StatusOr<api::Pod>> GetPod(std::string namespace_,
                                        std::string name,
                                        std::string uid) override {
    absl::StatusOr<json> document = co_await GetPodDocument(
        std::move(namespace_), std::move(name), std::move(uid));
    if (!document.ok()) co_return document.status();
    co_return api::PodFromJson(api::DumpJson(*document));
  }

  Task<absl::Status> UpdatePodStatus(api::Pod pod) override {
    absl::Status status;
    for (int attempt = 0; attempt < kStatusAttempts; ++attempt) {
      status = co_await TryUpdatePodStatus(pod);
      if (!absl::IsAborted(status)) co_return status;
    }
    co_return status;
  }

  Task<absl::Status> DeletePod(std::string namespace_, std::string name,
                               std::string uid) override {
    rest::Resource resource =
        PodResource(std::move(namespace_), std::move(name), "");
    std::string options = api::DumpJson({{"apiVersion", "v1"},
                                         {"kind", "DeleteOptions"},
                                         {"gracePeriodSeconds", 0},
                                         {"preconditions", {{"uid", uid}}}});
    absl::StatusOr<std::string> deleted =
        co_await client_.Delete(std::move(resource), std::move(options));
    co_return deleted.status();
  }

  Task<absl::Status> CreateNode(std::string node_json) override {
    rest::Resource resource = NodeResource("", "");
    absl::StatusOr<std::string> created =
        co_await client_.Create(std::move(resource), std::move(node_json));
    co_return created.status();
  }

  Task<absl::StatusOr<std::string>> GetNode(std::string name) override {
    rest::Resource resource = NodeResource(std::move(name), "");
    absl::StatusOr<std::string> node =
        co_await client_.Get(std::move(resource));
    co_return node;
  }

  Task<absl::Status> UpdateNodeStatus(std::string name,
                                      std::string node_json) override {
    rest::Resource resource = NodeResource(std::move(name), "status");
    absl::StatusOr<std::string> updated =
        co_await client_.Update(std::move(resource), std::move(node_json));
    co_return updated.status();
  }

 private:
  Task<absl::Status> Watch(
      rest::Resource resource,
      std::function<absl::Status(api::WatchEvent)> on_event) {
    absl::StatusOr<std::unique_ptr<rest::Watcher>> watcher =
        co_await client_.Watch(std::move(resource));
    if (!watcher.ok()) co_return watcher.status();
    while (true) {
      absl::StatusOr<absl::optional<api::WatchEvent>> event =
          co_await (*watcher)->Next();
      if (!event.ok()) co_return event.status();
      if (!event->has_value()) co_return absl::OkStatus();
      absl::Status handled = on_event(**std::move(event));
      FAIRWAY_CO_RETURN_IF_ERROR(handled);
    }
  }

  Task<absl::StatusOr<json>> GetPodDocument(std::string namespace_,
                                            std::string name, std::string uid) {
    rest::Resource resource = PodResource(std::move(namespace_), name, "");
    absl::StatusOr<std::string> text =
        co_await client_.Get(std::move(resource));
    if (!text.ok()) co_return text.status();
    absl::StatusOr<json> document = api::ParseJson(*text);
    if (!document.ok()) co_return document.status();
    if (!document->is_object() || UidOf(*document) != uid) {
      co_return api::NewNotFound("pods", name);
    }
    co_return document;
  }

  Task<absl::Status> TryUpdatePodStatus(api::Pod pod) {
    const api::ObjectMeta& meta = pod.metadata;
    absl::StatusOr<json> document =
        co_await GetPodDocument(meta.namespace_, meta.name, meta.uid);
    if (!document.ok()) co_return document.status();
    absl::StatusOr<std::string> body = WithStatus(*std::move(document), pod);
    if (!body.ok()) co_return body.status();
    rest::Resource resource = PodResource(meta.namespace_, meta.name, "status");
    absl::StatusOr<std::string> updated =
        co_await client_.Update(std::move(resource), *std::move(body));
    co_return updated.status();
  }

  rest::RESTClient& client_;
};

}  // namespace

std::unique_ptr<KubeClient> NewRestKubeClient(rest::RESTClient& client) {
  return std::make_unique<RestKubeClient>(client);
}

}  // namespace fairway::kubelet
