// SPDX-License-Identifier: Apache-2.0
#include "apiserver/storage/storage.h"

#include <utility>

namespace fairway::apiserver::storage {
namespace {

constexpr int kMaxAttempts = 100;

}  // namespace

Task<absl::StatusOr<Document>> GuaranteedUpdate(Interface& store,
                                                std::string key,
                                                UpdateFunc update) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    absl::StatusOr<Document> current = co_await store.Get(key);
    if (!current.ok()) co_return current.status();
    absl::StatusOr<std::string> changed = update(*current);
    if (!changed.ok()) co_return changed.status();
    if (*changed == current->json) co_return current;
    absl::StatusOr<Document> written =
        co_await store.Update(key, *std::move(changed), current->revision);
    if (written.ok() || !absl::IsAborted(written.status())) co_return written;
  }
  co_return absl::AbortedError(key + ": too many concurrent changes");
}

}  // namespace fairway::apiserver::storage
