// SPDX-License-Identifier: Apache-2.0
#include "apiserver/storage/event_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fairway::apiserver::storage {
namespace {

absl::Status TooOld(int64_t asked, int64_t oldest) {
  return absl::OutOfRangeError(
      absl::StrCat("too old resource version: ", asked, " (", oldest, ")"));
}

}  // namespace

class EventLog::LogWatch final : public Watch {
 public:
  LogWatch(std::shared_ptr<EventLog> log, std::string prefix, int64_t position)
      : log_(std::move(log)), prefix_(std::move(prefix)), position_(position) {}

  Task<absl::StatusOr<std::shared_ptr<const Event>>> Next() override {
    for (;;) {
      if (log_->closed_) co_return absl::UnavailableError("store: closed");
      if (position_ < log_->compacted_) {
        co_return TooOld(position_, log_->compacted_);
      }
      std::shared_ptr<const Event> event = log_->NextEvent(prefix_, &position_);
      if (event != nullptr) co_return event;
      absl::Status waited = co_await log_->changed_.Wait();
      if (!waited.ok()) co_return waited;
    }
  }

  int64_t revision() const override { return position_; }

 private:
  std::shared_ptr<EventLog> log_;
  std::string prefix_;
  int64_t position_;
};

EventLog::EventLog(Executor executor, int64_t revision, EventLogOptions options)
    : options_(std::move(options)),
      revision_(revision),
      compacted_(revision),
      changed_(executor) {}

void EventLog::Append(Event event) {
  const size_t bytes =
      event.document.json.size() + event.previous_json.size() + sizeof(Event);
  revision_ = event.document.revision;
  bytes_ += bytes;
  entries_.push_back(
      {std::make_shared<const Event>(std::move(event)), options_.now(), bytes});
  Compact();
  changed_.NotifyAll();
}

void EventLog::Compact() {
  const absl::Time oldest = options_.now() - options_.max_age;
  // The newest stays, however large: its watchers wait for it.
  while (entries_.size() > 1 &&
         (entries_.size() > options_.max_events ||
          bytes_ > options_.max_bytes || entries_.front().time < oldest)) {
    compacted_ = entries_.front().event->document.revision;
    bytes_ -= entries_.front().bytes;
    entries_.pop_front();
  }
}

std::shared_ptr<const Event> EventLog::NextEvent(const std::string& prefix,
                                                 int64_t* position) const {
  auto it = std::upper_bound(entries_.begin(), entries_.end(), *position,
                             [](int64_t revision, const Entry& entry) {
                               return revision < entry.event->document.revision;
                             });
  for (; it != entries_.end(); ++it) {
    *position = it->event->document.revision;
    if (absl::StartsWith(it->event->document.key, prefix)) return it->event;
  }
  return nullptr;
}

absl::StatusOr<std::unique_ptr<Watch>> EventLog::NewWatch(std::string prefix,
                                                          int64_t revision) {
  if (revision < compacted_) return TooOld(revision, compacted_);
  return std::make_unique<LogWatch>(shared_from_this(), std::move(prefix),
                                    revision);
}

void EventLog::Close() {
  closed_ = true;
  changed_.NotifyAll();
}

}  // namespace fairway::apiserver::storage
