// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/storage/cacher/watch_cache.go (v0.20.2)
// The latest changes of a store, kept in memory for its watchers.
//
// A watcher is a position in the log, not a queue of its own: however slow it
// reads, it costs nothing, and it ends when the log has moved past it.
//
// Threads:  on the executor of its making.
// Lifetime: shared with its watches.
#ifndef APISERVER_STORAGE_EVENT_LOG_H_
#define APISERVER_STORAGE_EVENT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "apiserver/storage/storage.h"
#include "base/task/condition.h"
#include "base/task/task.h"

namespace fairway::apiserver::storage {

struct EventLogOptions {
  absl::Duration max_age = absl::Seconds(1000);
  size_t max_events = 20000;
  size_t max_bytes = 64 << 20;
  std::function<absl::Time()> now = absl::Now;
};

class EventLog : public std::enable_shared_from_this<EventLog> {
 public:
  // The store is at `revision`; what came before is not in the log.
  EventLog(Executor executor, int64_t revision, EventLogOptions options);

  // `event` is newer than all before.
  void Append(Event event);

  // Errors: kOutOfRange; see Interface::NewWatch.
  absl::StatusOr<std::unique_ptr<Watch>> NewWatch(std::string prefix,
                                                  int64_t revision);

  // Ends every watch with kUnavailable.
  void Close();

  int64_t revision() const { return revision_; }
  // Events up to this revision are gone.
  int64_t compacted_revision() const { return compacted_; }
  size_t size() const { return entries_.size(); }

 private:
  class LogWatch;
  struct Entry {
    std::shared_ptr<const Event> event;
    absl::Time time;
    size_t bytes;
  };

  void Compact();
  // The first event behind `*position` below `prefix`; moves `*position` to it,
  // or to the end.
  std::shared_ptr<const Event> NextEvent(const std::string& prefix,
                                         int64_t* position) const;

  EventLogOptions options_;
  std::deque<Entry> entries_;
  size_t bytes_ = 0;
  int64_t revision_;
  int64_t compacted_;
  bool closed_ = false;
  Condition changed_;
};

}  // namespace fairway::apiserver::storage

#endif  // APISERVER_STORAGE_EVENT_LOG_H_
