// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/registry/generic/registry/store.go (v0.20.2)
// Every verb on objects of one kind, over any storage.
#ifndef APISERVER_REGISTRY_GENERIC_STORE_H_
#define APISERVER_REGISTRY_GENERIC_STORE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "apiserver/registry/generic/strategy.h"
#include "apiserver/registry/rest/rest.h"
#include "apiserver/storage/storage.h"
#include "base/task/task.h"

namespace fairway::apiserver::registry::generic {

struct StoreOptions {
  storage::Interface* storage = nullptr;  // outlives the store
  std::unique_ptr<const Strategy> strategy;
  std::vector<std::string> verbs;  // a status subresource has fewer
  std::function<absl::Time()> now = absl::Now;
};

// All verbs of a main resource; those of its status.
std::vector<std::string> AllVerbs();
std::vector<std::string> StatusVerbs();

// Threads:  on the executor of its storage.
// Lifetime: must outlive its calls and watches.
class Store : public rest::Storage {
 public:
  explicit Store(StoreOptions options) : options_(std::move(options)) {}

  const rest::ResourceInfo& info() const override {
    return options_.strategy->info();
  }
  std::vector<std::string> verbs() const override { return options_.verbs; }

  Task<absl::StatusOr<Json>> Get(std::string ns, std::string name) override;
  Task<absl::StatusOr<rest::List>> ListObjects(
      std::string ns, rest::ListOptions options) override;
  Task<absl::StatusOr<std::unique_ptr<rest::Watch>>> NewWatch(
      std::string ns, rest::ListOptions options) override;
  Task<absl::StatusOr<Json>> Create(std::string ns, std::string name,
                                    Json object, rest::DryRun dry_run) override;
  Task<absl::StatusOr<Json>> Update(std::string ns, std::string name,
                                    rest::UpdateObject update,
                                    rest::DryRun dry_run) override;
  Task<absl::StatusOr<rest::DeleteResult>> Delete(
      std::string ns, std::string name, rest::DeleteOptions options,
      rest::DryRun dry_run) override;

 private:
  // Errors: 400 for a name that cannot be part of a key.
  absl::StatusOr<std::string> Key(const std::string& ns,
                                  const std::string& name) const;
  std::string Prefix(const std::string& ns) const;
  // A storage error in the words of the API.
  absl::Status Interpret(const absl::Status& error,
                         const std::string& name) const;
  // Errors: 400 for a field that cannot be selected by.
  absl::Status CheckFields(const rest::Requirements& fields) const;
  absl::Status CheckVersion(const std::string& version) const;

  StoreOptions options_;
};

// `storage` outlives it.
std::unique_ptr<rest::Storage> NewStore(
    storage::Interface* storage, std::unique_ptr<const Strategy> strategy,
    std::vector<std::string> verbs);

}  // namespace fairway::apiserver::registry::generic

#endif  // APISERVER_REGISTRY_GENERIC_STORE_H_
