// SPDX-License-Identifier: Apache-2.0
#include "base/task/deadline.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/steady_timer.hpp>

#include "absl/strings/str_cat.h"
#include "base/task/asio_status.h"
#include "base/task/task_group.h"

namespace fairway {

namespace asio = boost::asio;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>,
                               Executor>;

namespace {

void Arm(Timer& timer, absl::Duration duration) {
  // A century stands for ever: adding more to now() would overflow.
  constexpr absl::Duration kForever = absl::Hours(24 * 36500);
  timer.expires_after(
      absl::ToChronoNanoseconds(duration < kForever ? duration : kForever));
}

}  // namespace

Task<absl::Status> Sleep(absl::Duration duration) {
  bool cancelled = co_await IsCancelled();
  if (cancelled) co_return absl::CancelledError("sleep: cancelled");
  Executor executor = co_await kThisExecutor;
  Timer timer(executor);
  Arm(timer, duration);
  auto [ec] = co_await timer.async_wait(kAwait);
  co_return FromAsio(ec, "sleep");
}

Task<absl::Status> WithDeadline(absl::Duration timeout, std::string what,
                                std::function<Task<absl::Status>()> body) {
  bool cancelled = co_await IsCancelled();
  if (cancelled) co_return absl::CancelledError(what + ": cancelled");
  Executor executor = co_await kThisExecutor;
  Timer timer(executor);
  TaskGroup group(executor);
  bool ended = false;
  absl::Status result;
  Arm(timer, timeout);
  group.Spawn([&]() -> Task<absl::Status> {
    absl::Status status = co_await body();
    result = status;
    ended = true;
    timer.cancel();
    co_return status;
  });
  // `body` may have ended before its first wait.
  bool timed_out = false;
  if (!ended) {
    auto [ec] = co_await timer.async_wait(kAwait);
    timed_out = !ec && !ended;
    if (!ended) group.Cancel();
  }
  // A cancelled wait above may have left `body` running: Join() ends it.
  absl::Status joined = co_await group.Join();
  if (timed_out && !result.ok()) {
    co_return absl::DeadlineExceededError(absl::StrCat(
        what, ": timed out after ", absl::FormatDuration(timeout)));
  }
  co_return ended ? result : joined;
}

}  // namespace fairway
