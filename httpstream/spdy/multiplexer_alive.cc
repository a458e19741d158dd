// SPDX-License-Identifier: Apache-2.0
// Whether the peer is still there, and whether anybody still needs it.
#include <time.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "base/task/deadline.h"
#include "httpstream/spdy/multiplexer.h"

namespace fairway::httpstream::spdy {
namespace {

// Time that also passes while the machine sleeps, unlike steady_clock's.
absl::Time NowAwakeOrAsleep() {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return absl::TimeFromTimespec(now);
}

}  // namespace

void Multiplexer::HearPeer() {
  peer_spoke_ = true;
  last_heard_ = Clock::now();
  asked_.reset();
}

// Go answers pings in the five queues that it handles frames in: behind a
// stream that nobody reads there, one in five is never answered. So while the
// transport takes nothing, its silence says nothing.
bool Multiplexer::PeerCanBeHeard() const {
  return !reading_waits_ && (windows_ == Windows::kAgreed || !writing_);
}

// Any byte shows that the peer is there; a ping makes it send one when none
// came for a period. If none comes in spite of it, the peer is gone.
Task<absl::Status> Multiplexer::KeepAlive() {
  const absl::Duration period = options_.ping_period;
  const absl::Duration timeout = options_.ping_timeout;
  // A process that was stopped must not count that time against the peer, and
  // sleeps briefly to notice it.
  const absl::Duration slice = timeout / 4;
  Clock::time_point last_ping;
  while (!ended_) {
    Clock::time_point now = Clock::now();
    const absl::Duration nap =
        asked_.has_value()
            ? std::min(slice, timeout - absl::FromChrono(now - *asked_))
            : period - absl::FromChrono(now - last_heard_);
    const absl::Time before = NowAwakeOrAsleep();
    absl::Status slept = co_await Sleep(nap);
    if (!slept.ok()) co_return slept;
    const bool overslept = NowAwakeOrAsleep() - before > nap + slice;
    now = Clock::now();
    if ((role_ == Role::kServer && !peer_spoke_) || !PeerCanBeHeard()) {
      last_heard_ = now;
      asked_.reset();
    } else if (overslept) {
      asked_ = now;
      SendPing();
      last_ping = now;
    } else if (!asked_.has_value()) {
      if (absl::FromChrono(now - last_heard_) < period) continue;
      asked_ = now;
      SendPing();
      last_ping = now;
    } else if (absl::FromChrono(now - *asked_) >= timeout) {
      End(absl::UnavailableError(
          absl::StrCat("no answer to a ping for ",
                       absl::FormatDuration(options_.ping_timeout))));
    } else if (absl::FromChrono(now - last_ping) >= period &&
               control_.empty()) {
      SendPing();
      last_ping = now;
    }
  }
  co_return absl::OkStatus();
}

void Multiplexer::SetIdleTimeout(absl::Duration timeout) {
  idle_watch_.Cancel();
  if (ended_ || timeout <= absl::ZeroDuration()) return;
  auto self = shared_from_this();
  idle_watch_.Spawn([self, timeout] { return self->WatchIdle(timeout); });
}

Task<absl::Status> Multiplexer::WatchIdle(absl::Duration timeout) {
  while (!ended_) {
    const auto idle = absl::FromChrono(Clock::now() - last_activity_);
    if (idle >= timeout) {
      auto self = shared_from_this();
      tasks_.Spawn([self, timeout] {
        return self->EndInGoodOrder(absl::DeadlineExceededError(
            absl::StrCat("idle for ", absl::FormatDuration(timeout))));
      });
      break;
    }
    absl::Status slept = co_await Sleep(timeout - idle);
    if (!slept.ok()) co_return slept;
  }
  co_return absl::OkStatus();
}

}  // namespace fairway::httpstream::spdy
