// SPDX-License-Identifier: Apache-2.0
#include "apiserver/storage/sqlite/sqlite_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apiserver/storage/sqlite/database.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"

namespace fairway::apiserver::storage::sqlite {
namespace {

using ::testing::HasSubstr;
using Docs = absl::StatusOr<Document>;

// GCC 12 spoils temporaries that are not trivial in the operand of co_await,
// hence no std::string is made there.
Task<Docs> Create(Interface& store, const char* key, const char* json) {
  std::string k = key, j = json;
  Docs result = co_await store.Create(std::move(k), std::move(j));
  co_return result;
}
Task<Docs> Get(Interface& store, const char* key) {
  std::string k = key;
  Docs result = co_await store.Get(std::move(k));
  co_return result;
}
Task<Docs> Update(Interface& store, const char* key, const char* json,
                  int64_t expected) {
  std::string k = key, j = json;
  Docs result = co_await store.Update(std::move(k), std::move(j), expected);
  co_return result;
}
Task<Docs> Delete(Interface& store, const char* key, int64_t expected) {
  std::string k = key;
  Docs result = co_await store.Delete(std::move(k), expected);
  co_return result;
}
Task<absl::StatusOr<std::unique_ptr<Watch>>> NewWatch(Interface& store,
                                                      const char* prefix,
                                                      int64_t revision) {
  std::string p = prefix;
  auto result = co_await store.NewWatch(std::move(p), revision);
  co_return result;
}
Task<Docs> Change(Interface& store, const char* key, UpdateFunc update) {
  std::string k = key;
  Docs result =
      co_await GuaranteedUpdate(store, std::move(k), std::move(update));
  co_return result;
}

class SqliteStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = absl::StrCat(::testing::TempDir(), "/storeXXXXXX");
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder + "/store.db";
  }
  void TearDown() override {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }

  // Runs `body` over the store, which it opens and closes.
  absl::Status WithStore(std::function<Task<absl::Status>(Interface&)> body) {
    return RunLoop([&]() -> Task<absl::Status> {
      Executor executor = co_await kThisExecutor;
      SqliteOptions options;
      options.path = path_;
      options.lock_timeout = absl::ZeroDuration();
      auto store = OpenSqliteStore(executor, options);
      if (!store.ok()) co_return store.status();
      absl::Status status = co_await body(**store);
      co_return status;
    });
  }

  std::string folder_;
  std::string path_;
};

TEST_F(SqliteStoreTest, CreatesReadsUpdatesAndDeletesUnderPreconditions) {
  absl::Status status = WithStore([](Interface& s) -> Task<absl::Status> {
    Docs made = co_await Create(s, "/registry/pods/d/a", "{}");
    EXPECT_EQ(made->revision, 2);
    Docs again = co_await Create(s, "/registry/pods/d/a", "{}");
    EXPECT_THAT(again, StatusIs(absl::StatusCode::kAlreadyExists));
    Docs changed = co_await Update(s, "/registry/pods/d/a", "[1]", 2);
    EXPECT_EQ(changed->revision, 3);
    Docs stale = co_await Update(s, "/registry/pods/d/a", "[2]", 2);
    EXPECT_THAT(stale, StatusIs(absl::StatusCode::kAborted));
    Docs read = co_await Get(s, "/registry/pods/d/a");
    EXPECT_EQ(read->json, "[1]");
    Docs stale_delete = co_await Delete(s, "/registry/pods/d/a", 2);
    EXPECT_THAT(stale_delete, StatusIs(absl::StatusCode::kAborted));
    Docs deleted = co_await Delete(s, "/registry/pods/d/a", kAnyRevision);
    EXPECT_EQ(deleted->json, "[1]");
    EXPECT_EQ(deleted->revision, 4);
    Docs gone = co_await Get(s, "/registry/pods/d/a");
    EXPECT_THAT(gone, StatusIs(absl::StatusCode::kNotFound));
    Docs none = co_await Update(s, "/registry/pods/d/a", "{}", kAnyRevision);
    EXPECT_THAT(none, StatusIs(absl::StatusCode::kNotFound));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(SqliteStoreTest, ListsAPrefixInPages) {
  absl::Status status = WithStore([](Interface& s) -> Task<absl::Status> {
    for (const char* key : {"/r/a/1", "/r/a/2", "/r/a/3", "/r/ab/1", "/r/b"}) {
      Docs made = co_await Create(s, key, "{}");
      EXPECT_THAT(made, IsOk());
    }
    ListRequest request;
    request.prefix = "/r/a/";
    absl::StatusOr<DocumentList> all = co_await s.List(request);
    EXPECT_EQ(all->documents.size(), 3u);
    EXPECT_EQ(all->revision, 6);
    EXPECT_FALSE(all->more);
    request.limit = 2;
    absl::StatusOr<DocumentList> first = co_await s.List(request);
    EXPECT_TRUE(first->more);
    request.after_key = first->documents.back().key;
    absl::StatusOr<DocumentList> rest = co_await s.List(request);
    EXPECT_EQ(rest->documents.size(), 1u);
    EXPECT_EQ(rest->documents[0].key, "/r/a/3");
    EXPECT_FALSE(rest->more);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(SqliteStoreTest, WatchSeesEachChangeInOrderWithItsPrevious) {
  absl::Status status = WithStore([](Interface& s) -> Task<absl::Status> {
    auto watch = co_await NewWatch(s, "/r/", s.revision());
    Docs made = co_await Create(s, "/r/a", "1");
    EXPECT_EQ(s.revision(), made->revision);
    Docs changed = co_await Update(s, "/r/a", "2", made->revision);
    Docs deleted = co_await Delete(s, "/r/a", changed->revision);
    EXPECT_THAT(deleted, IsOk());
    const EventType types[] = {EventType::kAdded, EventType::kModified,
                               EventType::kDeleted};
    const char* texts[] = {"1", "2", "2"};
    const char* previous[] = {"", "1", "2"};
    for (int i = 0; i < 3; ++i) {
      absl::StatusOr<std::shared_ptr<const Event>> event =
          co_await (*watch)->Next();
      if (!event.ok()) co_return event.status();
      EXPECT_EQ((*event)->type, types[i]);
      EXPECT_EQ((*event)->document.json, texts[i]);
      EXPECT_EQ((*event)->previous_json, previous[i]);
      EXPECT_EQ((*event)->document.revision, made->revision + i);
    }
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(SqliteStoreTest, GuaranteedUpdateTriesAgainAfterAConflict) {
  absl::Status status = WithStore([](Interface& s) -> Task<absl::Status> {
    Docs made = co_await Create(s, "/r/a", "1");
    int calls = 0;
    UpdateFunc append =
        [&](const Document& current) -> absl::StatusOr<std::string> {
      ++calls;
      return current.json + "x";
    };
    Docs done = co_await Change(s, "/r/a", append);
    EXPECT_EQ(done->json, "1x");
    EXPECT_EQ(calls, 1);
    UpdateFunc keep =
        [](const Document& current) -> absl::StatusOr<std::string> {
      return current.json;
    };
    Docs same = co_await Change(s, "/r/a", keep);
    EXPECT_EQ(same->revision, done->revision);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(SqliteStoreTest, RevisionAndDocumentsSurviveAReopen) {
  absl::Status first = WithStore([](Interface& s) -> Task<absl::Status> {
    Docs a = co_await Create(s, "/r/a", "1");
    Docs b = co_await Create(s, "/r/b", "2");
    Docs gone = co_await Delete(s, "/r/b", b->revision);
    EXPECT_EQ(gone->revision, 4);
    co_return a.status();
  });
  EXPECT_THAT(first, IsOk());
  absl::Status second = WithStore([](Interface& s) -> Task<absl::Status> {
    EXPECT_EQ(s.revision(), 4);
    Docs a = co_await Get(s, "/r/a");
    EXPECT_EQ(a->revision, 2);
    auto old = co_await NewWatch(s, "/r/", 3);
    EXPECT_THAT(old.status(), StatusIs(absl::StatusCode::kOutOfRange,
                                       "too old resource version: 3 (4)"));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(second, IsOk());
}

TEST_F(SqliteStoreTest, SecondProcessOnTheSameFileIsRefused) {
  absl::Status status = WithStore([this](Interface&) -> Task<absl::Status> {
    // A lock of POSIX does not keep out the process that holds it.
    const pid_t child = fork();
    if (child == 0) {
      auto second = Database::Open(path_, absl::ZeroDuration());
      const bool refused =
          absl::IsUnavailable(second.status()) &&
          absl::StrContains(second.status().message(),
                            "does another kube-apiserver use it?");
      _exit(refused ? 0 : 1);
    }
    int result = -1;
    waitpid(child, &result, 0);
    EXPECT_EQ(result, 0);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(SqliteStoreTest, WhatWasAcknowledgedSurvivesKill) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(fds[0]);
    absl::Status written = WithStore([&](Interface& s) -> Task<absl::Status> {
      for (int i = 0;; ++i) {
        const std::string key = absl::StrCat("/r/", i);
        Docs made = co_await Create(s, key.c_str(), "{}");
        if (!made.ok()) co_return made.status();
        const int32_t acknowledged = i;
        if (write(fds[1], &acknowledged, sizeof acknowledged) < 0) break;
      }
      co_return absl::OkStatus();
    });
    _exit(written.ok() ? 0 : 1);
  }
  close(fds[1]);
  int32_t last = -1;
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(read(fds[0], &last, sizeof last), ssize_t{sizeof last});
  }
  kill(child, SIGKILL);
  int result = 0;
  waitpid(child, &result, 0);
  ASSERT_TRUE(WIFSIGNALED(result));
  int32_t more;
  while (read(fds[0], &more, sizeof more) == ssize_t{sizeof more}) last = more;
  close(fds[0]);
  absl::Status status = WithStore([last](Interface& s) -> Task<absl::Status> {
    ListRequest request;
    request.prefix = "/r/";
    absl::StatusOr<DocumentList> list = co_await s.List(request);
    EXPECT_GE(list->documents.size(), static_cast<size_t>(last) + 1);
    EXPECT_EQ(list->revision, static_cast<int64_t>(list->documents.size()) + 1);
    co_return list.status();
  });
  EXPECT_THAT(status, IsOk());
}

TEST_F(SqliteStoreTest, UnusableFilesAreNamed) {
  path_ = "/nowhere/store.db";
  absl::Status missing = WithStore(
      [](Interface&) -> Task<absl::Status> { co_return absl::OkStatus(); });
  EXPECT_THAT(missing, StatusIs(absl::StatusCode::kUnavailable,
                                HasSubstr("/nowhere/store.db: open: ")));
}

}  // namespace
}  // namespace fairway::apiserver::storage::sqlite
