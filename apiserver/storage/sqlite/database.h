// SPDX-License-Identifier: Apache-2.0
// The store's tables in one SQLite file. Every call blocks.
//
// A change is on disk (WAL, synchronous=FULL) when its call returns: it
// survives the end of the process at any moment. The file is locked while it is
// open: a second process that opens it fails.
//
// Threads:  not thread-safe; may move from thread to thread.
#ifndef APISERVER_STORAGE_SQLITE_DATABASE_H_
#define APISERVER_STORAGE_SQLITE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apiserver/storage/storage.h"

namespace fairway::apiserver::storage::sqlite {

struct Change {
  Document document;
  std::string previous_json;
};

class Database {
 public:
  // Makes the file if there is none. Waits up to `lock_timeout` for another
  // process to release it.
  // Errors: kUnavailable, naming the file; kFailedPrecondition for a file of a
  // newer layout.
  static absl::StatusOr<std::unique_ptr<Database>> Open(
      const std::string& path, absl::Duration lock_timeout);
  virtual ~Database() = default;

  // Errors: as storage::Interface.
  virtual absl::StatusOr<Change> Create(const std::string& key,
                                        const std::string& json) = 0;
  virtual absl::StatusOr<Document> Get(const std::string& key) = 0;
  virtual absl::StatusOr<DocumentList> List(const ListRequest& request) = 0;
  virtual absl::StatusOr<Change> Update(const std::string& key,
                                        const std::string& json,
                                        int64_t expected) = 0;
  virtual absl::StatusOr<Change> Delete(const std::string& key,
                                        int64_t expected) = 0;
  virtual int64_t revision() const = 0;
};

}  // namespace fairway::apiserver::storage::sqlite

#endif  // APISERVER_STORAGE_SQLITE_DATABASE_H_
