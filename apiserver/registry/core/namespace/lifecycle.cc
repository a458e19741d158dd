// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/namespace/storage/storage.go and
// pkg/controller/namespace (v1.20.2)
#include "apiserver/registry/core/namespace/lifecycle.h"

#include <glog/logging.h>

#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "api/errors.h"
#include "apiserver/registry/core/namespace/strategy.h"
#include "apiserver/registry/generic/object_meta.h"
#include "apiserver/registry/generic/store.h"
#include "base/task/deadline.h"
#include "base/time/go_time.h"

namespace fairway::apiserver::registry::namespaces {
namespace {

constexpr absl::Duration kRetry = absl::Seconds(1);
constexpr char kRoot[] = "/registry/namespaces/";

bool IsTerminating(const Json& ns) {
  return !StringAt(ns, {"metadata", "deletionTimestamp"}).empty();
}

// What a deletion makes of the stored namespace.
absl::StatusOr<std::string> Terminate(const storage::Document& document,
                                      const rest::DeleteOptions& options) {
  absl::StatusOr<Json> ns = generic::Decode(document);
  if (!ns.ok()) return ns.status();
  NamespaceStrategy strategy;
  Json checked = *ns;
  const absl::Time now = absl::Now();
  absl::StatusOr<generic::DeleteStep> step =
      generic::BeforeDelete(strategy, options, now, checked);
  if (!step.ok()) return step.status();
  if (!IsTerminating(*ns)) {
    MutableObjectAt(*ns, {"metadata"})["deletionTimestamp"] =
        FormatRFC3339(now);
  }
  MutableObjectAt(*ns, {"status"})["phase"] = "Terminating";
  return generic::Encode(*ns);
}

class NamespaceStorage final : public generic::Store {
 public:
  NamespaceStorage(storage::Interface* storage, generic::StoreOptions options)
      : Store(std::move(options)), storage_(storage) {}

  Task<absl::StatusOr<rest::DeleteResult>> Delete(
      std::string ns, std::string name, rest::DeleteOptions options,
      rest::DryRun dry_run) override {
    std::string get_name = name;
    absl::StatusOr<Json> current =
        co_await Get(std::move(ns), std::move(get_name));
    if (!current.ok()) co_return current.status();
    rest::DeleteResult result;
    if (dry_run == rest::DryRun::kAll) {
      result.object = *std::move(current);
      co_return result;
    }
    storage::UpdateFunc terminate = [&options](const storage::Document& d) {
      return Terminate(d, options);
    };
    std::string key = kRoot + name;
    absl::StatusOr<storage::Document> written = co_await GuaranteedUpdate(
        *storage_, std::move(key), std::move(terminate));
    if (absl::IsNotFound(written.status())) {
      co_return api::NewNotFound("namespaces", name);
    }
    if (!written.ok()) co_return written.status();
    absl::StatusOr<Json> object = generic::Decode(*written);
    if (!object.ok()) co_return object.status();
    result.object = *std::move(object);
    co_return result;
  }

 private:
  storage::Interface* storage_;
};

// Asks for the end of all in `name`; true if nothing is left.
Task<absl::StatusOr<bool>> Empty(std::vector<rest::Storage*> contents,
                                 std::string name) {
  bool empty = true;
  for (rest::Storage* storage : contents) {
    std::string ns = name;
    rest::ListOptions all;
    absl::StatusOr<rest::List> list =
        co_await storage->ListObjects(std::move(ns), std::move(all));
    if (!list.ok()) co_return list.status();
    for (const Json& object : list->items) {
      std::string object_ns = name;
      std::string object_name = StringAt(object, {"metadata", "name"});
      rest::DeleteOptions options;
      absl::StatusOr<rest::DeleteResult> deleted =
          co_await storage->Delete(std::move(object_ns), std::move(object_name),
                                   std::move(options), rest::DryRun::kNo);
      if (absl::IsNotFound(deleted.status())) continue;
      if (!deleted.ok()) co_return deleted.status();
      empty = empty && deleted->deleted_immediately;
    }
  }
  co_return empty;
}

Task<absl::Status> SyncAll(storage::Interface& storage,
                           rest::Storage& namespaces,
                           std::vector<rest::Storage*> contents) {
  std::string none;
  rest::ListOptions options;
  absl::StatusOr<rest::List> list =
      co_await namespaces.ListObjects(std::move(none), std::move(options));
  if (!list.ok()) co_return list.status();
  for (const Json& ns : list->items) {
    if (!IsTerminating(ns)) continue;
    std::string name = StringAt(ns, {"metadata", "name"});
    std::string key = kRoot + name;
    absl::StatusOr<bool> empty = co_await Empty(contents, std::move(name));
    if (!empty.ok()) co_return empty.status();
    if (!*empty) continue;
    absl::StatusOr<storage::Document> removed =
        co_await storage.Delete(std::move(key), storage::kAnyRevision);
    if (!removed.ok() && !absl::IsNotFound(removed.status())) {
      co_return removed.status();
    }
  }
  co_return absl::OkStatus();
}

// Whether an event may make work for the controller.
bool Concerns(const storage::Event& event) {
  return event.type == storage::EventType::kDeleted ||
         (event.document.key.rfind(kRoot, 0) == 0 &&
          event.type == storage::EventType::kModified);
}

}  // namespace

std::unique_ptr<rest::Storage> NewNamespaceStorage(
    storage::Interface* storage) {
  generic::StoreOptions options;
  options.storage = storage;
  options.strategy = std::make_unique<NamespaceStrategy>();
  options.verbs = {"create", "delete", "get",  "list",
                   "patch",  "update", "watch"};
  return std::make_unique<NamespaceStorage>(storage, std::move(options));
}

Task<absl::Status> CreateSystemNamespaces(rest::Storage& namespaces) {
  for (const char* name :
       {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    Json ns;
    ns["metadata"]["name"] = name;
    std::string no_namespace;
    std::string no_name;
    absl::StatusOr<Json> created =
        co_await namespaces.Create(std::move(no_namespace), std::move(no_name),
                                   std::move(ns), rest::DryRun::kNo);
    if (!created.ok() && !absl::IsAlreadyExists(created.status())) {
      co_return created.status();
    }
  }
  co_return absl::OkStatus();
}

Task<absl::Status> RunController(storage::Interface& storage,
                                 rest::Storage& namespaces,
                                 std::vector<rest::Storage*> contents) {
  for (;;) {
    std::string prefix = "/registry/";
    const int64_t revision = storage.revision();
    absl::StatusOr<std::unique_ptr<storage::Watch>> watch =
        co_await storage.NewWatch(std::move(prefix), revision);
    absl::Status status = watch.status();
    if (status.ok()) {
      status = co_await SyncAll(storage, namespaces, contents);
    }
    while (status.ok()) {
      absl::StatusOr<std::shared_ptr<const storage::Event>> event =
          co_await (*watch)->Next();
      status = event.status();
      if (!status.ok() || !Concerns(**event)) continue;
      status = co_await SyncAll(storage, namespaces, contents);
    }
    if (!absl::IsCancelled(status)) {
      LOG(WARNING) << "namespace controller: " << status;
    }
    absl::Status slept = co_await Sleep(kRetry);
    if (!slept.ok()) co_return slept;
  }
}

}  // namespace fairway::apiserver::registry::namespaces
