// SPDX-License-Identifier: Apache-2.0
#include "apiserver/storage/sqlite/sqlite_store.h"

#include <functional>
#include <utility>

#include "apiserver/storage/sqlite/database.h"
#include "base/task/loop.h"
#include "base/task/run_on.h"

namespace fairway::apiserver::storage::sqlite {
namespace {

// `log` belongs to the loop of the callers, `database` to the SQL thread.
class SqliteStore final : public Interface {
 public:
  SqliteStore(Executor executor, std::unique_ptr<Database> database,
              EventLogOptions options)
      : executor_(executor),
        log_(std::make_shared<EventLog>(executor, database->revision(),
                                        std::move(options))),
        database_(std::move(database)),
        thread_("fairway-sqlite") {}

  ~SqliteStore() override { log_->Close(); }

  Task<absl::StatusOr<Document>> Create(std::string key,
                                        std::string json) override {
    std::function<absl::StatusOr<Change>()> change =
        [this, key = std::move(key), json = std::move(json)] {
          return database_->Create(key, json);
        };
    absl::StatusOr<Document> created =
        co_await Apply(EventType::kAdded, std::move(change));
    co_return created;
  }

  Task<absl::StatusOr<Document>> Get(std::string key) override {
    using Result = absl::StatusOr<Document>;
    std::function<Task<Result>()> body =
        [this, key = std::move(key)]() -> Task<Result> {
      co_return database_->Get(key);
    };
    Result result = co_await RunOn<Result>(thread_.executor(), std::move(body));
    co_return result;
  }

  Task<absl::StatusOr<DocumentList>> List(ListRequest request) override {
    using Result = absl::StatusOr<DocumentList>;
    std::function<Task<Result>()> body =
        [this, request = std::move(request)]() -> Task<Result> {
      co_return database_->List(request);
    };
    Result result = co_await RunOn<Result>(thread_.executor(), std::move(body));
    co_return result;
  }

  Task<absl::StatusOr<Document>> Update(std::string key, std::string json,
                                        int64_t expected) override {
    std::function<absl::StatusOr<Change>()> change =
        [this, key = std::move(key), json = std::move(json), expected] {
          return database_->Update(key, json, expected);
        };
    absl::StatusOr<Document> updated =
        co_await Apply(EventType::kModified, std::move(change));
    co_return updated;
  }

  Task<absl::StatusOr<Document>> Delete(std::string key,
                                        int64_t expected) override {
    std::function<absl::StatusOr<Change>()> change =
        [this, key = std::move(key), expected] {
          return database_->Delete(key, expected);
        };
    absl::StatusOr<Document> deleted =
        co_await Apply(EventType::kDeleted, std::move(change));
    co_return deleted;
  }

  Task<absl::StatusOr<std::unique_ptr<Watch>>> NewWatch(
      std::string prefix, int64_t revision) override {
    co_return log_->NewWatch(std::move(prefix), revision);
  }

  int64_t revision() const override { return log_->revision(); }

 private:
  // The event goes to the log from the SQL thread and not from the caller's
  // coroutine, so that no cancellation of the caller can lose it, and before
  // the caller goes on.
  Task<absl::StatusOr<Document>> Apply(
      EventType type, std::function<absl::StatusOr<Change>()> change) {
    using Result = absl::StatusOr<Document>;
    std::function<Task<Result>()> body =
        [this, type, change = std::move(change)]() -> Task<Result> {
      absl::StatusOr<Change> done = change();
      if (!done.ok()) co_return done.status();
      Event event;
      event.type = type;
      event.document = done->document;
      event.previous_json = std::move(done->previous_json);
      auto shared = std::make_shared<Event>(std::move(event));
      Post(executor_, [log = std::weak_ptr<EventLog>(log_), shared] {
        std::shared_ptr<EventLog> alive = log.lock();
        if (alive != nullptr) alive->Append(std::move(*shared));
      });
      co_return std::move(done->document);
    };
    Result result = co_await RunOn<Result>(thread_.executor(), std::move(body));
    co_return result;
  }

  Executor executor_;
  std::shared_ptr<EventLog> log_;
  std::unique_ptr<Database> database_;
  LoopThread thread_;  // last: its end is the end of all use of the database
};

}  // namespace

absl::StatusOr<std::unique_ptr<Interface>> OpenSqliteStore(
    Executor executor, SqliteOptions options) {
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::Open(options.path, options.lock_timeout);
  if (!database.ok()) return database.status();
  return std::make_unique<SqliteStore>(executor, *std::move(database),
                                       std::move(options.events));
}

}  // namespace fairway::apiserver::storage::sqlite
