// SPDX-License-Identifier: Apache-2.0
// apiserver/storage/sqlite with pods, in a file of a temporary folder.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "apiserver/storage/sqlite/sqlite_store.h"
#include "apiserver/storage/storage.h"
#include "bench/micro/allocations.h"
#include "bench/micro/carry.h"
#include "bench/micro/pod.h"

namespace fairway::bench::micro {
namespace {

using apiserver::storage::Document;
using apiserver::storage::DocumentList;
using apiserver::storage::Interface;
using apiserver::storage::ListRequest;

constexpr int kPods = 100;
constexpr char kPrefix[] = "/registry/pods/";

std::string Key(int64_t number) {
  return absl::StrCat(kPrefix, "default/web-", number);
}

// A folder that goes with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    path_ = (std::filesystem::temp_directory_path() / "fairway-micro-XXXXXX")
                .string();
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Runs `body` with a store that has kPods pods.
void WithStore(benchmark::State& state,
               std::function<Task<absl::Status>(Interface&)> body) {
  const TemporaryFolder folder;
  Run(state, [&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    apiserver::storage::sqlite::SqliteOptions options;
    options.path = folder.path() + "/store";
    absl::StatusOr<std::unique_ptr<Interface>> store =
        apiserver::storage::sqlite::OpenSqliteStore(executor, options);
    if (!store.ok()) co_return store.status();
    for (int i = 0; i < kPods; ++i) {
      absl::StatusOr<Document> made =
          co_await (*store)->Create(Key(i), PodJson());
      if (!made.ok()) co_return made.status();
    }
    absl::Status measured = co_await body(**store);
    state.SetItemsProcessed(state.iterations());
    co_return measured;
  });
}

void StoreGet(benchmark::State& state) {
  WithStore(state, [&state](Interface& store) -> Task<absl::Status> {
    const AllocationCount allocations(state);
    int64_t i = 0;
    while (state.KeepRunning()) {
      absl::StatusOr<Document> got = co_await store.Get(Key(i++ % kPods));
      if (!got.ok()) co_return got.status();
    }
    co_return absl::OkStatus();
  });
}
BENCHMARK(StoreGet);

void StoreList100(benchmark::State& state) {
  WithStore(state, [&state](Interface& store) -> Task<absl::Status> {
    const AllocationCount allocations(state);
    while (state.KeepRunning()) {
      ListRequest request;
      request.prefix = kPrefix;
      absl::StatusOr<DocumentList> list =
          co_await store.List(std::move(request));
      if (!list.ok()) co_return list.status();
    }
    co_return absl::OkStatus();
  });
}
BENCHMARK(StoreList100);

void StoreCreate(benchmark::State& state) {
  WithStore(state, [&state](Interface& store) -> Task<absl::Status> {
    const AllocationCount allocations(state);
    int64_t i = kPods;
    while (state.KeepRunning()) {
      absl::StatusOr<Document> made =
          co_await store.Create(Key(i++), PodJson());
      if (!made.ok()) co_return made.status();
    }
    co_return absl::OkStatus();
  });
}
BENCHMARK(StoreCreate);

void StoreUpdate(benchmark::State& state) {
  WithStore(state, [&state](Interface& store) -> Task<absl::Status> {
    const AllocationCount allocations(state);
    int64_t i = 0;
    while (state.KeepRunning()) {
      absl::StatusOr<Document> changed = co_await store.Update(
          Key(i++ % kPods), PodJson(), apiserver::storage::kAnyRevision);
      if (!changed.ok()) co_return changed.status();
    }
    co_return absl::OkStatus();
  });
}
BENCHMARK(StoreUpdate);

}  // namespace
}  // namespace fairway::bench::micro
