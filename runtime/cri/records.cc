// SPDX-License-Identifier: Apache-2.0
#include "runtime/cri/records.h"

#include <glog/logging.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fairway::runtime::cri {
namespace {

using Labels = google::protobuf::Map<std::string, std::string>;

bool HasLabels(const Labels& labels, const Labels& selector) {
  return std::all_of(
      selector.begin(), selector.end(), [&labels](const auto& wanted) {
        auto found = labels.find(wanted.first);
        return found != labels.end() && found->second == wanted.second;
      });
}

bool SameSandbox(const runtimeapi::PodSandboxMetadata& a,
                 const runtimeapi::PodSandboxMetadata& b) {
  return a.name() == b.name() && a.uid() == b.uid() &&
         a.namespace_() == b.namespace_() && a.attempt() == b.attempt();
}

template <typename Record>
absl::StatusOr<Record*> Find(std::map<std::string, Record>& records,
                             absl::string_view kind, absl::string_view id) {
  if (id.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(kind, " id is empty"));
  }
  auto first = records.lower_bound(std::string(id));
  if (first == records.end() || !absl::StartsWith(first->first, id)) {
    return absl::NotFoundError(absl::StrCat(kind, " \"", id, "\" not found"));
  }
  auto second = std::next(first);
  if (first->first.size() != id.size() && second != records.end() &&
      absl::StartsWith(second->first, id)) {
    return absl::InvalidArgumentError(
        absl::StrCat(kind, " \"", id, "\" is ambiguous"));
  }
  return &first->second;
}

template <typename Item>
void SortNewestFirst(google::protobuf::RepeatedPtrField<Item>& items) {
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) {
                     return a.created_at() > b.created_at();
                   });
}

}  // namespace

runtimeapi::PodSandbox ToPodSandbox(const SandboxRecord& record) {
  runtimeapi::PodSandbox sandbox;
  sandbox.set_id(record.status.id());
  *sandbox.mutable_metadata() = record.status.metadata();
  sandbox.set_state(record.status.state());
  sandbox.set_created_at(record.status.created_at());
  *sandbox.mutable_labels() = record.status.labels();
  *sandbox.mutable_annotations() = record.status.annotations();
  sandbox.set_runtime_handler(record.status.runtime_handler());
  return sandbox;
}

runtimeapi::Container ToContainer(const ContainerRecord& record) {
  runtimeapi::Container container;
  container.set_id(record.status.id());
  container.set_pod_sandbox_id(record.pod_sandbox_id);
  *container.mutable_metadata() = record.status.metadata();
  *container.mutable_image() = record.status.image();
  container.set_image_ref(record.status.image_ref());
  container.set_state(record.status.state());
  container.set_created_at(record.status.created_at());
  *container.mutable_labels() = record.status.labels();
  *container.mutable_annotations() = record.status.annotations();
  return container;
}

bool Matches(const runtimeapi::PodSandboxFilter& filter,
             const runtimeapi::PodSandbox& sandbox) {
  if (!absl::StartsWith(sandbox.id(), filter.id())) return false;
  if (filter.has_state() && filter.state().state() != sandbox.state()) {
    return false;
  }
  return HasLabels(sandbox.labels(), filter.label_selector());
}

bool Matches(const runtimeapi::ContainerFilter& filter,
             const runtimeapi::Container& container) {
  if (!absl::StartsWith(container.id(), filter.id())) return false;
  if (!absl::StartsWith(container.pod_sandbox_id(), filter.pod_sandbox_id())) {
    return false;
  }
  if (filter.has_state() && filter.state().state() != container.state()) {
    return false;
  }
  return HasLabels(container.labels(), filter.label_selector());
}

std::string NewId() {
  char bytes[32];
  // Fails only where the kernel has no such call.
  CHECK_EQ(getentropy(bytes, sizeof(bytes)), 0);
  return absl::BytesToHexString(absl::string_view(bytes, sizeof(bytes)));
}

absl::Status Records::AddSandbox(SandboxRecord record) {
  for (const auto& [id, existing] : sandboxes_) {
    if (id == record.status.id() ||
        SameSandbox(existing.status.metadata(), record.status.metadata())) {
      return absl::AlreadyExistsError(
          absl::StrCat("sandbox \"", record.status.metadata().name(),
                       "\" is reserved for \"", id, "\""));
    }
  }
  std::string id = record.status.id();
  sandboxes_.emplace(std::move(id), std::move(record));
  return absl::OkStatus();
}

absl::Status Records::AddContainer(ContainerRecord record) {
  if (sandboxes_.count(record.pod_sandbox_id) == 0) {
    return absl::NotFoundError(
        absl::StrCat("sandbox \"", record.pod_sandbox_id, "\" not found"));
  }
  const runtimeapi::ContainerMetadata& wanted = record.status.metadata();
  for (const auto& [id, existing] : containers_) {
    const runtimeapi::ContainerMetadata& taken = existing.status.metadata();
    if (id == record.status.id() ||
        (existing.pod_sandbox_id == record.pod_sandbox_id &&
         taken.name() == wanted.name() &&
         taken.attempt() == wanted.attempt())) {
      return absl::AlreadyExistsError(absl::StrCat(
          "container \"", wanted.name(), "\" is reserved for \"", id, "\""));
    }
  }
  std::string id = record.status.id();
  containers_.emplace(std::move(id), std::move(record));
  return absl::OkStatus();
}

absl::StatusOr<SandboxRecord*> Records::FindSandbox(absl::string_view id) {
  return Find(sandboxes_, "sandbox", id);
}

absl::StatusOr<ContainerRecord*> Records::FindContainer(absl::string_view id) {
  return Find(containers_, "container", id);
}

void Records::RemoveSandbox(absl::string_view id) {
  for (const std::string& container : ContainersOf(id)) {
    containers_.erase(container);
  }
  sandboxes_.erase(std::string(id));
}

void Records::RemoveContainer(absl::string_view id) {
  containers_.erase(std::string(id));
}

runtimeapi::ListPodSandboxResponse Records::ListPodSandbox(
    const runtimeapi::ListPodSandboxRequest& request) const {
  runtimeapi::ListPodSandboxResponse response;
  for (const auto& [id, record] : sandboxes_) {
    runtimeapi::PodSandbox sandbox = ToPodSandbox(record);
    if (!Matches(request.filter(), sandbox)) continue;
    *response.add_items() = std::move(sandbox);
  }
  SortNewestFirst(*response.mutable_items());
  return response;
}

runtimeapi::ListContainersResponse Records::ListContainers(
    const runtimeapi::ListContainersRequest& request) const {
  runtimeapi::ListContainersResponse response;
  for (const auto& [id, record] : containers_) {
    runtimeapi::Container container = ToContainer(record);
    if (!Matches(request.filter(), container)) continue;
    *response.add_containers() = std::move(container);
  }
  SortNewestFirst(*response.mutable_containers());
  return response;
}

std::vector<std::string> Records::ContainersOf(
    absl::string_view sandbox_id) const {
  std::vector<std::string> ids;
  for (const auto& [id, record] : containers_) {
    if (record.pod_sandbox_id == sandbox_id) ids.push_back(id);
  }
  return ids;
}

}  // namespace fairway::runtime::cri
