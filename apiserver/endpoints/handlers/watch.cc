// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/handlers/watch.go (v0.20.2)
#include "apiserver/endpoints/handlers/watch.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "api/errors.h"
#include "api/json.h"
#include "apiserver/registry/rest/status_details.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"

namespace fairway::apiserver::endpoints::handlers {
namespace {

using net::http::QueryValue;

namespace rest = registry::rest;

constexpr absl::Duration kMinTimeout = absl::Minutes(30);
constexpr absl::Duration kBookmarkPeriod = absl::Minutes(1);

absl::StatusOr<absl::Duration> TimeoutOf(const net::http::Query& query) {
  const absl::string_view text = QueryValue(query, "timeoutSeconds");
  int64_t seconds = 0;
  if (!text.empty() && !absl::SimpleAtoi(text, &seconds)) {
    return api::NewBadRequest("timeoutSeconds: want an integer");
  }
  if (seconds > 0) return absl::Seconds(seconds);
  // Spread, so that clients do not come back all at once.
  return kMinTimeout * (1 + std::rand() / (RAND_MAX + 1.0));
}

std::string Line(const std::string& type, const Json& object) {
  Json event;
  event["type"] = type;
  event["object"] = object;
  return api::DumpJson(event) + "\n";
}

// One watch, once its header was sent.
class WatchServer {
 public:
  WatchServer(Call& call, MediaType type, rest::Watch& watch,
              absl::Time deadline)
      : call_(call),
        type_(std::move(type)),
        watch_(watch),
        deadline_(deadline) {}

  Task<absl::Status> Run(bool bookmarks) {
    for (;;) {
      const absl::Duration left = deadline_ - absl::Now();
      if (left <= absl::ZeroDuration()) co_return absl::OkStatus();
      const absl::Duration wait =
          bookmarks ? std::min(left, kBookmarkPeriod) : left;
      std::string what = "watch";
      std::function<Task<absl::StatusOr<rest::WatchEvent>>()> next = [this] {
        return watch_.Next();
      };
      absl::StatusOr<rest::WatchEvent> event =
          co_await WithDeadline<rest::WatchEvent>(wait, std::move(what),
                                                  std::move(next));
      std::string line;
      if (event.ok()) {
        line = EventLine(*event);
      } else if (absl::IsDeadlineExceeded(event.status())) {
        if (!bookmarks || wait == left) continue;
        line = BookmarkLine();
      } else if (absl::IsCancelled(event.status())) {
        co_return event.status();
      } else {
        line = Line("ERROR", StatusJson(event.status()));
      }
      absl::Status written = co_await call_.writer.Write(line);
      if (!written.ok()) co_return written;
      const bool failed =
          !event.ok() && !absl::IsDeadlineExceeded(event.status());
      if (failed) co_return absl::OkStatus();
    }
  }

 private:
  std::string EventLine(const rest::WatchEvent& event) {
    if (type_.shape != Shape::kTable) return Line(event.type, event.object);
    const TableHeader header = std::exchange(sent_header_, true)
                                   ? TableHeader::kWithout
                                   : TableHeader::kWith;
    return Line(event.type,
                AsTable(call_.context, type_, call_.scope.storage->info().kind,
                        event.object, header));
  }

  std::string BookmarkLine() {
    Json object;
    object["kind"] = call_.scope.storage->info().kind;
    object["apiVersion"] = call_.scope.storage->info().ApiVersion();
    object["metadata"]["creationTimestamp"] = nullptr;
    object["metadata"]["resourceVersion"] = std::to_string(watch_.revision());
    return Line("BOOKMARK", object);
  }

  Call& call_;
  const MediaType type_;
  rest::Watch& watch_;
  const absl::Time deadline_;
  bool sent_header_ = false;
};

}  // namespace

Task<absl::Status> ServeWatch(Call& call, rest::ListOptions options) {
  absl::StatusOr<MediaType> type =
      NegotiateOutput(call.request.headers.Get("Accept"), Shape::kTable);
  absl::StatusOr<absl::Duration> timeout = TimeoutOf(call.context.query);
  absl::Status refused = type.ok() ? timeout.status() : type.status();
  const bool bookmarks = options.allow_watch_bookmarks;
  absl::StatusOr<std::unique_ptr<rest::Watch>> watch;
  if (!refused.ok()) watch = refused;
  if (refused.ok()) {
    std::string ns = call.context.info.ns;
    watch = co_await call.scope.storage->NewWatch(std::move(ns),
                                                  std::move(options));
  }
  if (!watch.ok()) {
    absl::Status error = watch.status();
    absl::Status answered = co_await WriteError(call.writer, std::move(error));
    co_return answered;
  }
  call.writer.headers().Set("Content-Type", "application/json");
  absl::Status head = co_await call.writer.WriteHeader(200);
  if (!head.ok()) co_return head;

  Executor executor = co_await kThisExecutor;
  WatchServer server(call, *type, **watch, absl::Now() + *timeout);
  TaskGroup group(executor);
  absl::Status ended;
  group.Spawn([&]() -> Task<absl::Status> {
    absl::Status run = co_await server.Run(bookmarks);
    ended = run;
    group.Cancel();
    co_return absl::OkStatus();
  });
  group.Spawn([&]() -> Task<absl::Status> {
    absl::Status gone = co_await call.writer.WaitPeerGone();
    group.Cancel();
    co_return gone;
  });
  absl::Status joined = co_await group.Join();
  // Cancelled: the client left, or the server drains. Neither is a failure.
  const bool failed = !ended.ok() && !absl::IsCancelled(ended);
  co_return failed ? ended : absl::OkStatus();
}

}  // namespace fairway::apiserver::endpoints::handlers
