// SPDX-License-Identifier: Apache-2.0
#include "apiserver/storage/event_log.h"

#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"

namespace fairway::apiserver::storage {
namespace {

using ::testing::HasSubstr;
using EventPtr = std::shared_ptr<const Event>;

Event Added(std::string key, int64_t revision, size_t bytes = 2) {
  Event event;
  event.document = {std::move(key), std::string(bytes, ' '), revision};
  return event;
}

TEST(EventLogTest, WatchReturnsOnlyKeysBelowThePrefixInOrder) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto log = std::make_shared<EventLog>(executor, 10, EventLogOptions());
    auto watch = log->NewWatch("/registry/pods/", 10);
    EXPECT_THAT(watch, IsOk());
    log->Append(Added("/registry/pods/a/x", 11));
    log->Append(Added("/registry/minions/n", 12));
    log->Append(Added("/registry/pods/a/y", 13));
    absl::StatusOr<EventPtr> first = co_await (*watch)->Next();
    EXPECT_EQ((*first)->document.revision, 11);
    absl::StatusOr<EventPtr> second = co_await (*watch)->Next();
    EXPECT_EQ((*second)->document.key, "/registry/pods/a/y");
    EXPECT_EQ((*watch)->revision(), 13);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST(EventLogTest, NextWaitsForTheNextChange) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto log = std::make_shared<EventLog>(executor, 0, EventLogOptions());
    auto watch = log->NewWatch("/", 0);
    TaskGroup group(executor);
    int64_t seen = 0;
    group.Spawn([&]() -> Task<absl::Status> {
      absl::StatusOr<EventPtr> event = co_await (*watch)->Next();
      if (event.ok()) seen = (*event)->document.revision;
      co_return event.status();
    });
    EXPECT_EQ(seen, 0);
    log->Append(Added("/a", 1));
    absl::Status joined = co_await group.Join();
    EXPECT_EQ(seen, 1);
    co_return joined;
  });
  EXPECT_THAT(status, IsOk());
}

TEST(EventLogTest, RefusesWhatIsNoLongerKept) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    EventLogOptions options;
    options.max_events = 2;
    auto log = std::make_shared<EventLog>(executor, 5, options);
    EXPECT_THAT(log->NewWatch("/", 4),
                StatusIs(absl::StatusCode::kOutOfRange,
                         "too old resource version: 4 (5)"));
    auto slow = log->NewWatch("/", 5);
    for (int64_t i = 6; i <= 9; ++i) log->Append(Added("/a", i));
    EXPECT_EQ(log->size(), 2u);
    absl::StatusOr<EventPtr> dropped = co_await (*slow)->Next();
    EXPECT_THAT(dropped, StatusIs(absl::StatusCode::kOutOfRange,
                                  "too old resource version: 5 (7)"));
    EXPECT_THAT(log->NewWatch("/", 7), IsOk());
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST(EventLogTest, AgeAndBytesBoundTheWindow) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    absl::Time now = absl::UnixEpoch();
    EventLogOptions options;
    options.max_bytes = 3000;
    options.now = [&now] { return now; };
    auto log = std::make_shared<EventLog>(executor, 0, options);
    log->Append(Added("/a", 1));
    now += absl::Seconds(1001);
    log->Append(Added("/a", 2));
    EXPECT_EQ(log->compacted_revision(), 1);
    log->Append(Added("/a", 3, 2900));
    EXPECT_EQ(log->compacted_revision(), 2);
    log->Append(Added("/a", 4, 100000));
    EXPECT_EQ(log->size(), 1u);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST(EventLogTest, CloseEndsWaitingWatches) {
  absl::Status status = RunLoop([]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    auto log = std::make_shared<EventLog>(executor, 0, EventLogOptions());
    auto watch = log->NewWatch("/", 0);
    TaskGroup group(executor);
    group.Spawn([&]() -> Task<absl::Status> {
      absl::StatusOr<EventPtr> event = co_await (*watch)->Next();
      co_return event.status();
    });
    log->Close();
    absl::Status joined = co_await group.Join();
    EXPECT_THAT(joined,
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("closed")));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

}  // namespace
}  // namespace fairway::apiserver::storage
