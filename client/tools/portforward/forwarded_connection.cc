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

// The two directions of one connection, what its error stream says, and what
// they know of each other.
struct Exchange {
  Exchange(Executor executor, net::ByteStream& l, httpstream::Stream& d,
           httpstream::Stream& e, ForwardedBytes& b, ForwardEvents& v)
      : local(l),
        data(d),
        error(e),
        bytes(b),
        events(v),
        changed(executor),
        tasks(executor) {}

  net::ByteStream& local;
  httpstream::Stream& data;
  httpstream::Stream& error;
  ForwardedBytes& bytes;
  ForwardEvents& events;
  ForwardResult result;
  bool answered = false;  // whether the remote side takes it or not
  bool to_remote_ended = false;
  bool to_local_ended = false;
  bool error_ended = false;
  bool hurrying = false;  // the error stream has kErrorStreamTimeout
  bool ending = false;    // what still ends is no news
  Condition changed;
  TaskGroup tasks;

  void NoteEnd(bool* ended, const absl::Status& why);
  void Break(const absl::Status& why);
  void NoteAnswer(const absl::Status& accepted);
  // The end of the error stream is not waited for without end any more.
  void Hurry();

  bool DataEnded() const { return CutOff() || to_local_ended; }
  bool CutOff() const { return !result.status.ok() || !result.refused.ok(); }
  bool Copied() const { return to_remote_ended && to_local_ended; }
  bool Over() const {
    if (!answered) return false;
    if (CutOff()) return true;
    if (error_ended && !result.remote_error.empty()) return true;
    return to_local_ended && (to_remote_ended || error_ended);
  }
};

void Exchange::NoteEnd(bool* ended, const absl::Status& why) {
  *ended = true;
  if (!why.ok()) {
    Break(why);
  } else if (!Copied()) {
    events.OnFirstFin();
  }
  if (Over()) Hurry();
  changed.NotifyAll();
}

void Exchange::Break(const absl::Status& why) {
  if (ending || !result.status.ok()) return;
  result.status = why;
  // Not only after words about it: the other end learns of it now.
  local.Abort();
  data.Reset();
  events.OnCutOff();
  Hurry();
  changed.NotifyAll();
}

void Exchange::NoteAnswer(const absl::Status& accepted) {
  answered = true;
  if (!accepted.ok() && !absl::IsCancelled(accepted) && !ending) {
    result.refused = accepted;
    data.Reset();
    error.Reset();
  }
  if (Over()) Hurry();
  changed.NotifyAll();
}

void Exchange::Hurry() {
  if (error_ended || hurrying || ending) return;
  hurrying = true;
  tasks.Spawn([this]() -> Task<absl::Status> {
    absl::Status slept = co_await Sleep(kErrorStreamTimeout);
    if (slept.ok()) error.Reset();
    co_return slept;
  });
}

// What one Read gives; an error is an end as well: a reset behind the text is
// how newer servers end it.
Task<std::string> ReadPieceOfText(Exchange& exchange) {
  std::array<char, 1024> buffer;
  const absl::Span<char> room(buffer.data(), buffer.size());
  absl::StatusOr<size_t> count = co_await exchange.error.Read(room);
  co_return std::string(buffer.data(), count.value_or(0));
}

// Reads to the end or to kMaxErrorBytes; what goes beyond is not wanted. Of the
// caller's own task: it holds little while nothing comes.
Task<void> ReadErrorText(Exchange& exchange) {
  std::string& text = exchange.result.remote_error;
  while (text.size() < kMaxErrorBytes) {
    absl::Status ready = co_await exchange.error.WaitReadable();
    if (!ready.ok()) break;
    std::string piece = co_await ReadPieceOfText(exchange);
    if (piece.empty()) break;
    if (text.empty()) exchange.events.OnErrorText();
    text += piece;
  }
  exchange.error_ended = true;
}

// Waits until `exchange` says that it is over; false if cancelled.
Task<bool> WaitOver(Exchange& exchange) {
  bool cancelled = co_await IsCancelled();
  while (!cancelled && !exchange.Over()) {
    absl::Status waited = co_await exchange.changed.Wait();
    cancelled = !waited.ok();
  }
  co_return !cancelled;
}

// Behind the text of the error stream, the end of the data.
Task<absl::Status> WaitDataEnd(Exchange& exchange) {
  while (!exchange.DataEnded()) {
    absl::Status waited = co_await exchange.changed.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

// Ends the streams that are left, in good order where nothing was cut off.
Task<void> EndStreams(Exchange& exchange) {
  exchange.ending = true;
  const bool whole = !exchange.CutOff();
  absl::Status closed;
  if (whole && exchange.to_local_ended) {
    closed = co_await exchange.local.Close();
  } else {
    exchange.local.Abort();
  }
  if (whole && exchange.Copied()) {
    closed = co_await exchange.data.Close();
  } else {
    exchange.data.Reset();
  }
  closed = co_await exchange.error.Close();
}

void Start(Exchange& exchange) {
  exchange.tasks.Spawn([&exchange]() -> Task<absl::Status> {
    absl::Status accepted = co_await exchange.events.WaitTaken();
    exchange.NoteAnswer(accepted);
    co_return accepted;
  });
  exchange.tasks.Spawn([&exchange]() -> Task<absl::Status> {
    std::function<void()> given_up = [&exchange]() {
      exchange.Break(absl::AbortedError("read: connection reset by peer"));
    };
    absl::Status copied =
        co_await net::CopyUntilFin(exchange.local, exchange.data,
                                   &exchange.bytes.sent, std::move(given_up));
    exchange.NoteEnd(&exchange.to_remote_ended, copied);
    co_return copied;
  });
  exchange.tasks.Spawn([&exchange]() -> Task<absl::Status> {
    absl::Status copied = co_await net::CopyUntilFin(
        exchange.data, exchange.local, &exchange.bytes.received);
    exchange.NoteEnd(&exchange.to_local_ended, copied);
    co_return copied;
  });
}

Task<absl::Status> WaitCopied(Exchange& exchange) {
  while (!exchange.Copied()) {
    absl::Status waited = co_await exchange.changed.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

// Joins the tasks, whose streams have ended; what still is being written ends
// with the session.
Task<void> JoinTasks(Exchange& exchange) {
  exchange.tasks.Cancel();
  if (!exchange.Copied()) {
    absl::Status ended =
        co_await WithDeadline(kLastWriteTimeout, "last write",
                              [&exchange]() { return WaitCopied(exchange); });
    if (!ended.ok()) exchange.events.OnCutOff();
  }
  absl::Status joined = co_await exchange.tasks.Join();
  joined.IgnoreError();
}

// Once the error stream has nothing more to say.
Task<void> Finish(Exchange& exchange) {
  const bool over = co_await WaitOver(exchange);
  if (over) {
    if (!exchange.DataEnded()) {
      absl::Status waited = co_await WithDeadline(
          kErrorStreamTimeout, "data stream",
          [&exchange]() { return WaitDataEnd(exchange); });
      waited.IgnoreError();
    }
    co_await EndStreams(exchange);
  } else {
    exchange.ending = true;
    exchange.local.Abort();
    exchange.data.Reset();
    exchange.error.Reset();
    exchange.events.OnCutOff();
    exchange.result.refused = absl::OkStatus();
    exchange.result.status = absl::CancelledError("forward: cancelled");
  }
  co_await JoinTasks(exchange);
}

}  // namespace

Task<ForwardResult> ForwardConnection(net::ByteStream& local,
                                      httpstream::Stream& data,
                                      httpstream::Stream& error,
                                      ForwardedBytes& bytes,
                                      ForwardEvents& events) {
  Executor executor = co_await kThisExecutor;
  Exchange exchange(executor, local, data, error, bytes, events);
  // We write nothing there.
  absl::Status fin = co_await error.CloseWrite();
  fin.IgnoreError();
  Start(exchange);
  co_await ReadErrorText(exchange);
  co_await Finish(exchange);
  co_return std::move(exchange.result);
}

}  // namespace fairway::portforward
