// SPDX-License-Identifier: Apache-2.0
// The embedded store: one SQLite file, written by a thread of its own.
#ifndef APISERVER_STORAGE_SQLITE_SQLITE_STORE_H_
#define APISERVER_STORAGE_SQLITE_SQLITE_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apiserver/storage/event_log.h"
#include "apiserver/storage/storage.h"
#include "base/task/task.h"

namespace fairway::apiserver::storage::sqlite {

struct SqliteOptions {
  std::string path;
  absl::Duration lock_timeout = absl::Seconds(5);
  EventLogOptions events;
};

// A restart empties the window of events: a watch from before it is told "too
// old resource version". Errors: as Database::Open.
absl::StatusOr<std::unique_ptr<Interface>> OpenSqliteStore(
    Executor executor, SqliteOptions options);

}  // namespace fairway::apiserver::storage::sqlite

#endif  // APISERVER_STORAGE_SQLITE_SQLITE_STORE_H_
