// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/portforward.go (v0.20.2): what
// handleConnection does once it has its streams
#include "client/tools/portforward/forwarded_connection.h"

#include <array>
#include <utility>

#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "net/relay/relay.h"

namespace fairway::portforward {
namespace {

// The three tasks of one connection and what they know of each other.
struct Exchange {
  Exchange(Executor executor, net::ByteStream& l, httpstream::Stream& d,
           httpstream::Stream& e, ForwardedBytes& b)
      : local(l),
        data(d),
        error(e),
        bytes(b),
        changed(executor),
        tasks(executor) {}

  net::ByteStream& local;
  httpstream::Stream& data;
  httpstream::Stream& error;
  ForwardedBytes& bytes;
  std::string text;
  absl::Status status;
  bool to_remote_ended = false;
  bool to_local_ended = false;
  bool error_ended = false;
  ForwardEvents events;
  Condition changed;
  TaskGroup tasks;

  void Note(bool* ended, const absl::Status& why) {
    *ended = true;
    Break(why);
  }

  void NoteFin(bool* ended, const absl::Status& why) {
    Note(ended, why);
    if (why.ok() && to_remote_ended != to_local_ended) {
      events.on_first_fin();
    }
  }

  void Break(const absl::Status& why) {
    if (status.ok()) status = why;
    changed.NotifyAll();
  }

  bool Over() const {
    if (!status.ok() || !text.empty()) return true;
    return to_local_ended && (to_remote_ended || error_ended);
  }
};

// Reads to the end or to kMaxErrorBytes; what goes beyond is not wanted.
Task<absl::Status> ReadErrorText(Exchange& exchange) {
  std::array<char, 1024> buffer;
  std::string text;
  while (text.size() < kMaxErrorBytes) {
    const absl::Span<char> room(buffer.data(), buffer.size());
    absl::StatusOr<size_t> count = co_await exchange.error.Read(room);
    // A reset behind the text is how newer servers end it.
    if (!count.ok() || *count == 0) break;
    if (text.empty()) exchange.events.on_error_text();
    text.append(buffer.data(), *count);
  }
  exchange.text = std::move(text);
  exchange.Note(&exchange.error_ended, absl::OkStatus());
  co_return absl::OkStatus();
}

// Waits until `exchange` says that it is over; false if cancelled.
Task<bool> WaitOver(Exchange& exchange) {
  while (!exchange.Over()) {
    absl::Status waited = co_await exchange.changed.Wait();
    if (!waited.ok()) co_return false;
  }
  co_return true;
}

// Waits for what follows the end: the rest of the error stream, and behind its
// text the end of the data.
Task<absl::Status> WaitAllSaid(Exchange& exchange) {
  while (!exchange.error_ended ||
         (exchange.status.ok() && !exchange.to_local_ended)) {
    absl::Status waited = co_await exchange.changed.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

// Ends the streams that are left, in good order where nothing was cut off.
Task<void> EndStreams(Exchange& exchange) {
  absl::Status closed;
  if (exchange.status.ok() && exchange.to_local_ended) {
    closed = co_await exchange.local.Close();
  } else {
    exchange.local.Abort();
  }
  if (exchange.status.ok() && exchange.to_local_ended &&
      exchange.to_remote_ended) {
    closed = co_await exchange.data.Close();
  } else {
    exchange.data.Reset();
  }
  if (exchange.error_ended) {
    closed = co_await exchange.error.Close();
  } else {
    exchange.error.Reset();
  }
}

void Start(Exchange& exchange) {
  exchange.tasks.Spawn([&exchange]() { return ReadErrorText(exchange); });
  exchange.tasks.Spawn([&exchange]() -> Task<absl::Status> {
    std::function<void()> given_up = [&exchange]() {
      exchange.Break(absl::AbortedError("read: connection reset by peer"));
    };
    absl::Status copied =
        co_await net::CopyUntilFin(exchange.local, exchange.data,
                                   &exchange.bytes.sent, std::move(given_up));
    exchange.NoteFin(&exchange.to_remote_ended, copied);
    co_return copied;
  });
  exchange.tasks.Spawn([&exchange]() -> Task<absl::Status> {
    absl::Status copied = co_await net::CopyUntilFin(
        exchange.data, exchange.local, &exchange.bytes.received);
    exchange.NoteFin(&exchange.to_local_ended, copied);
    co_return copied;
  });
}

// Joins the tasks, whose streams have ended; what still is being written ends
// with the session.
Task<void> JoinTasks(Exchange& exchange) {
  exchange.tasks.Cancel();
  std::function<Task<absl::Status>()> all_ended =
      [&exchange]() -> Task<absl::Status> {
    while (!exchange.error_ended || !exchange.to_local_ended ||
           !exchange.to_remote_ended) {
      absl::Status waited = co_await exchange.changed.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return absl::OkStatus();
  };
  absl::Status ended = co_await WithDeadline(kLastWriteTimeout, "last write",
                                             std::move(all_ended));
  if (!ended.ok()) exchange.events.on_cut_off();
  absl::Status joined = co_await exchange.tasks.Join();
  joined.IgnoreError();
}

}  // namespace

Task<ForwardResult> ForwardConnection(net::ByteStream& local,
                                      httpstream::Stream& data,
                                      httpstream::Stream& error,
                                      ForwardedBytes& bytes,
                                      ForwardEvents events) {
  Executor executor = co_await kThisExecutor;
  Exchange exchange(executor, local, data, error, bytes);
  exchange.events = std::move(events);
  Start(exchange);
  ForwardResult result;
  const bool over = co_await WaitOver(exchange);
  if (!over) {
    local.Abort();
    data.Reset();
    error.Reset();
    exchange.events.on_cut_off();
    result.status = absl::CancelledError("forward: cancelled");
  } else {
    if (!exchange.status.ok()) {
      // Before waiting for words about it: the other end learns of it now.
      local.Abort();
      data.Reset();
      exchange.events.on_cut_off();
    }
    absl::Status waited =
        co_await WithDeadline(kErrorStreamTimeout, "error stream",
                              [&exchange]() { return WaitAllSaid(exchange); });
    waited.IgnoreError();
    result.status = exchange.status;
    co_await EndStreams(exchange);
  }
  co_await JoinTasks(exchange);
  result.remote_error = std::move(exchange.text);
  co_return result;
}

}  // namespace fairway::portforward
