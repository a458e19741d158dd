// SPDX-License-Identifier: Apache-2.0
// Which session a forwarded connection's streams are made in.
//
// Toward a peer without windows (Kubernetes' own servers) one connection that
// nobody reads stops all others of its session. So each connection gets a
// session of its own there, and one spare is kept ready so that nobody waits
// for a handshake.
#ifndef CLIENT_TOOLS_PORTFORWARD_SESSION_PROVIDER_H_
#define CLIENT_TOOLS_PORTFORWARD_SESSION_PROVIDER_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "httpstream/httpstream.h"

namespace fairway::portforward {

// Sessions that are dialled at a time.
inline constexpr size_t kMaxDials = 32;

struct SessionTimes {
  // How long a connection waits for its turn while no dial succeeds at all.
  absl::Duration acquire_timeout = absl::Seconds(30);
  // How long a new session is asked whether its peer keeps windows; a peer that
  // says nothing keeps none.
  absl::Duration windows_timeout = absl::Seconds(5);
  // When the spare has died and none is in use, the way to the pod is lost once
  // dials have failed for so long, or one has hung for so long.
  absl::Duration give_up_after = absl::Seconds(1);
  absl::Duration hang_after = absl::Seconds(3);
  // Between two attempts: doubled each time, and forgotten once a session was
  // used or has lived for `steady_after`.
  absl::Duration min_pause = absl::Milliseconds(100);
  absl::Duration max_pause = absl::Seconds(5);
  absl::Duration steady_after = absl::Seconds(10);
  // How long a session may take to end in good order, in the background.
  absl::Duration close_timeout = absl::Seconds(10);
  // How long all may take once the user waits for the end.
  absl::Duration stop_timeout = absl::Seconds(1);
};

// When a provider is lost because dials fail.
enum class GiveUp {
  kWhenUnused,  // not while a connection has a session, or waits for one
  kAnyway,      // somebody makes another, while those in use live on
};

enum class SessionPerConnection {
  kAuto,    // one for all if the peer keeps windows, else a session each
  kAlways,  // a session each
  kNever,   // one for all
};

// What became of a forwarded connection.
enum class ConnectionEnd {
  kInGoodOrder,  // what was sent is to arrive
  kAborted,      // cut off, as by SessionLease::Abort()
  kNotMade,      // the session makes no more streams
};

// A session, and what its provider knows of it.
struct ProvidedSession {
  std::shared_ptr<httpstream::Connection> connection;
  std::chrono::steady_clock::time_point dialed_at;
  // Its peer took a connection's streams.
  absl::optional<std::chrono::steady_clock::time_point> last_taken;
  size_t leases = 0;
  bool retired = false;  // nobody else gets it
};

// A connection's hold on a session.
//
// Lifetime: ends before the SessionProvider does.
class SessionLease {
 public:
  // `aborts`: the connection's abort is the session's.
  SessionLease(std::shared_ptr<ProvidedSession> session, bool aborts,
               std::function<void(ConnectionEnd)> on_end)
      : session_(std::move(session)),
        aborts_(aborts),
        on_end_(std::move(on_end)) {}
  ~SessionLease() { End(ConnectionEnd::kAborted); }
  SessionLease(const SessionLease&) = delete;
  SessionLease& operator=(const SessionLease&) = delete;

  // Valid until End(), as the next two.
  httpstream::Connection& session() const { return *session_->connection; }

  // The pod's end has taken the connection's streams.
  void NoteTaken() { session_->last_taken = std::chrono::steady_clock::now(); }
  // The session is alive, as far as anybody can know, for a moment after it has
  // taken a connection, be it another's. The past for one that never has.
  std::chrono::steady_clock::time_point AliveUntil() const;

  // The connection is cut off. Where a stream's reset would look like its end,
  // the session's transport ends at once. End() is still due.
  void Abort() {
    if (aborts_ && session_ != nullptr) session_->connection->Abort();
  }

  // Gives the session back. Never waits. Only the first call counts.
  void End(ConnectionEnd how) {
    if (session_ == nullptr) return;
    if (how == ConnectionEnd::kAborted) Abort();
    on_end_(how);
    session_ = nullptr;
  }

 private:
  std::shared_ptr<ProvidedSession> session_;
  const bool aborts_;
  const std::function<void(ConnectionEnd)> on_end_;
};

// Threads:  on `executor`.
// Lifetime: Close() before it dies.
// Cancel:   honoured by every call.
class SessionProvider {
 public:
  SessionProvider(Executor executor, std::unique_ptr<httpstream::Dialer> dialer,
                  SessionPerConnection mode, SessionTimes times = {},
                  GiveUp give_up = GiveUp::kWhenUnused);

  // Makes the first session, before anybody listens. Call it once.
  // Errors: of Dialer::Dial and KeepsStreamsApart.
  Task<absl::Status> Open();

  // For one more forwarded connection. At once where a session is at hand.
  // Errors: of Dialer::Dial; kDeadlineExceeded.
  Task<absl::StatusOr<std::unique_ptr<SessionLease>>> Acquire();

  // Returns when there is no way to the pod any more: the session that all
  // share was cut off, or no new one can be had while none is in use. Waits as
  // long as it takes: that is what a forwarder does.
  Task<absl::Status> WaitLost();

  // Why it is lost: what ended the shared session, or of the last dial.
  const absl::Status& loss() const { return loss_; }

  // Lends no session any more: Acquire() fails, the spare is closed, and
  // WaitLost() returns. Connections that have a session keep it. Never waits.
  // Idempotent.
  void Retire();
  // Whether that came before it was lost. A provider whose shared session ended
  // with nothing lost retires itself where somebody makes another
  // (GiveUp::kAnyway).
  bool retired() const { return retired_; }
  // Returns when no connection has a session, or after StopWaiting().
  Task<absl::Status> WaitUnused();
  void StopWaiting();

  // Whether connections have one session in common.
  bool shared() const { return shared_; }

  // Of the session that the next connection gets, or of one in use.
  absl::optional<absl::Duration> RoundTripTime() const;

  // Closes all sessions in good order, those in use too, and waits until they
  // are closed, for SessionTimes::close_timeout at most; after StopWaiting()
  // for SessionTimes::stop_timeout.
  Task<absl::Status> Close();

 private:
  using Clock = std::chrono::steady_clock;

  using SessionPtr = std::shared_ptr<ProvidedSession>;

  // Who waits in Acquire().
  struct Waiter {
    explicit Waiter(Executor executor) : changed(executor) {}
    absl::optional<absl::StatusOr<std::unique_ptr<SessionLease>>> result;
    Condition changed;
  };

  Task<absl::Status> LearnOfWindows(SessionPtr session);
  Task<absl::StatusOr<SessionPtr>> Dial();
  // Starts the dials that are wanted.
  void Refill();
  size_t WantedDials() const;
  Task<absl::Status> DialOne();
  // For the waiters, or to be at hand.
  void Offer(const SessionPtr& session);
  void NoteFailure(const absl::Status& error, Clock::time_point since);
  bool MayGiveUp() const;
  // No dial but for who waits until a pause is over.
  void Rest();
  Task<absl::Status> Watch(SessionPtr session);
  Task<absl::Status> WatchRedial();
  void Answer(absl::StatusOr<std::unique_ptr<SessionLease>> result);
  std::unique_ptr<SessionLease> Lend(SessionPtr session);
  void TakeBack(const SessionPtr& session, ConnectionEnd how);
  void CloseInBackground(const SessionPtr& session);
  void Lose(const absl::Status& loss);

  const Executor executor_;
  const std::unique_ptr<httpstream::Dialer> dialer_;
  const SessionPerConnection mode_;
  const SessionTimes times_;
  const GiveUp give_up_;
  bool shared_ = true;  // known once open
  bool peer_keeps_windows_ = true;

  SessionPtr ready_;  // the spare, or the one that all share
  std::set<SessionPtr> in_use_;
  std::list<Waiter*> waiters_;
  size_t dialing_ = 0;
  size_t dialed_ = 0;
  size_t leases_ = 0;

  absl::Duration pause_;
  bool resting_ = false;
  absl::optional<Clock::time_point> failing_since_;
  bool lost_ = false;
  absl::Status loss_;
  bool retired_ = false;
  bool closing_ = false;
  bool waiting_stopped_ = false;
  Condition lost_condition_;
  Condition unused_;
  TaskGroup tasks_;     // dials, pauses, watches: end with Close()
  TaskGroup closings_;  // sessions on their way out
};

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_SESSION_PROVIDER_H_
