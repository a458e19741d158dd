// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/storage/interfaces.go (v0.20.2)
// Where the API server keeps its objects: JSON documents under keys, each
// change numbered by one revision of the whole store.
//
// Differs: documents are text, so that an engine needs no scheme; who reads one
// adds metadata.resourceVersion from Document::revision.
#ifndef APISERVER_STORAGE_STORAGE_H_
#define APISERVER_STORAGE_STORAGE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/task/task.h"

namespace fairway::apiserver::storage {

struct Document {
  std::string key;  // "/registry/pods/default/nginx"
  std::string json;
  int64_t revision = 0;  // of its last change
};

struct ListRequest {
  std::string prefix;     // "/registry/pods/"
  std::string after_key;  // only keys behind this one, if not empty
  size_t limit = 0;       // 0: all
};

struct DocumentList {
  std::vector<Document> documents;  // by key
  int64_t revision = 0;             // the store's, when it was read
  bool more = false;                // the limit cut it short
};

enum class EventType { kAdded, kModified, kDeleted };

struct Event {
  EventType type = EventType::kAdded;
  // The new state; of a deletion the last one, with the deletion's revision.
  Document document;
  std::string previous_json;  // empty for kAdded
};

// The changes below a prefix, in order, each once.
//
// Threads:  on the Interface's executor; one Next at a time.
// Lifetime: may outlive the Interface, whose end is kUnavailable.
// Cancel:   Next honours Asio cancellation.
class Watch {
 public:
  virtual ~Watch() = default;
  // Errors: kOutOfRange once the reader fell out of the window of events that
  // are kept; kCancelled; kUnavailable.
  virtual Task<absl::StatusOr<std::shared_ptr<const Event>>> Next() = 0;
  // Everything up to this revision was returned, or was not below the prefix.
  virtual int64_t revision() const = 0;
};

// Takes a change at any current state.
inline constexpr int64_t kAnyRevision = 0;

// Threads:  on the executor of its making.
// Lifetime: must outlive every call.
// Cancel:   a change that has begun is completed.
class Interface {
 public:
  virtual ~Interface() = default;

  // Errors of all: kUnavailable when the engine fails.

  // Errors: kAlreadyExists.
  virtual Task<absl::StatusOr<Document>> Create(std::string key,
                                                std::string json) = 0;
  // Errors: kNotFound.
  virtual Task<absl::StatusOr<Document>> Get(std::string key) = 0;
  virtual Task<absl::StatusOr<DocumentList>> List(ListRequest request) = 0;
  // Errors: kNotFound; kAborted if the document's revision is not `expected`.
  virtual Task<absl::StatusOr<Document>> Update(std::string key,
                                                std::string json,
                                                int64_t expected) = 0;
  // Gives the last state, with the deletion's revision. Errors: as Update.
  virtual Task<absl::StatusOr<Document>> Delete(std::string key,
                                                int64_t expected) = 0;
  // The changes after `revision`. Errors: kOutOfRange, "too old resource
  // version: A (B)", when the events behind it are no longer kept.
  virtual Task<absl::StatusOr<std::unique_ptr<Watch>>> NewWatch(
      std::string prefix, int64_t revision) = 0;
  // Of the last change that was seen here.
  virtual int64_t revision() const = 0;
};

// What is to become of the current document; may run several times. An error
// ends the update.
using UpdateFunc = std::function<absl::StatusOr<std::string>(const Document&)>;

// Mirrors: Interface.GuaranteedUpdate. Reads, changes, and writes under the
// precondition that nobody wrote meanwhile, as often as it takes (at most 100
// times, then kAborted). An unchanged text is not written.
Task<absl::StatusOr<Document>> GuaranteedUpdate(Interface& store,
                                                std::string key,
                                                UpdateFunc update);

}  // namespace fairway::apiserver::storage

#endif  // APISERVER_STORAGE_STORAGE_H_
