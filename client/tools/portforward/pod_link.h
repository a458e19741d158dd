// SPDX-License-Identifier: Apache-2.0
// The way to one pod: sessions that are made anew when they are lost.
#ifndef CLIENT_TOOLS_PORTFORWARD_POD_LINK_H_
#define CLIENT_TOOLS_PORTFORWARD_POD_LINK_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "client/tools/portforward/session_provider.h"
#include "httpstream/httpstream.h"

namespace fairway::portforward {

struct LinkTimes {
  // Between two attempts: doubled each time, and forgotten once a way has
  // lasted for SessionTimes::steady_after.
  absl::Duration min_pause = absl::Milliseconds(100);
  absl::Duration max_pause = absl::Seconds(5);
  // The longest while somebody waits for the way.
  absl::Duration max_pause_wanted = absl::Seconds(1);
  // An attempt that takes longer gets company: what it was sent may have been
  // lost with a path that works again by now.
  absl::Duration company_after = absl::Seconds(2);
  absl::Duration attempt_timeout = absl::Seconds(10);
  // What was made so lately leads where the pod is now, whatever is said of it.
  absl::Duration beyond_doubt = absl::Seconds(1);
  SessionTimes session;
};

// The times of a link whose sessions are made anew.
LinkTimes ReconnectTimes();

// Without GiveUp::kAnyway the first loss is the last.
//
// Threads:  on `executor`.
// Lifetime: Close() before it dies.
class PodLink {
 public:
  using ProviderPtr = std::shared_ptr<SessionProvider>;
  using NewDialer =
      std::function<absl::StatusOr<std::unique_ptr<httpstream::Dialer>>()>;

  // `on_change` is called when the way was made, was lost, or when it could not
  // be made.
  PodLink(Executor executor, NewDialer new_dialer, SessionPerConnection mode,
          GiveUp give_up, LinkTimes times, std::function<void()> on_change);

  // Makes the way once, and keeps it from then on. Call it instead of the first
  // Need(). Errors: of NewDialer; "error upgrading connection: ...".
  Task<absl::Status> Open();

  // Makes the way, and keeps it from then on.
  void Need();
  // The same, and soon: somebody waits for it, and says so again and again.
  void Want();
  // Nobody needs it any more. Sessions in use live on; Need() may follow.
  void Stop();

  // What lends sessions; null while there is no way.
  const ProviderPtr& sessions() const { return sessions_; }
  // For how long the way has been lost, or attempts to make it have failed;
  // none when neither is so.
  absl::optional<absl::Duration> failing_for() const;
  bool failing() const { return failing_since_.has_value(); }
  // Why that is so.
  const absl::Status& error() const { return error_; }

  // What `provider` lends may lead nowhere: others are made. Without effect
  // when that was done already. Connections that have a session keep it.
  void Doubt(const ProviderPtr& provider);

  // Ends all sessions in good order, each once no connection uses it.
  Task<absl::Status> Close();
  // Close() does not wait for connections.
  void StopWaiting();

 private:
  using Clock = std::chrono::steady_clock;

  // Attempts that are under way together.
  struct Attempts {
    size_t running = 0;
    ProviderPtr won;
    absl::Status error;  // of the last that failed
  };

  absl::StatusOr<ProviderPtr> NewProvider();
  void Start();
  Task<absl::Status> Keep();
  // Returns when the way is lost, doubted or not needed any more.
  Task<absl::Status> WatchSessions();
  Task<absl::StatusOr<ProviderPtr>> Dial();
  Task<absl::Status> Attempt(Attempts* attempts);
  Task<absl::Status> WaitAttempts(const Attempts* attempts);
  Task<absl::Status> Pause();
  void Connected(ProviderPtr provider);
  void Failed(const absl::Status& error);
  void Retire(const ProviderPtr& provider);
  // Closes it once no connection uses it.
  void CloseInBackground(ProviderPtr provider);

  const Executor executor_;
  const NewDialer new_dialer_;
  const SessionPerConnection mode_;
  const GiveUp give_up_;
  const LinkTimes times_;
  const std::function<void()> on_change_;
  bool started_ = false;
  bool needed_ = false;
  bool wanted_ = false;  // somebody waits
  bool closing_ = false;
  bool waiting_stopped_ = false;
  ProviderPtr sessions_;
  Clock::time_point connected_at_;
  absl::optional<Clock::time_point> failing_since_;
  absl::Status error_;
  absl::Duration pause_;
  bool pause_over_ = false;
  std::set<ProviderPtr> retired_;
  Condition changed_;
  TaskGroup tasks_;
  TaskGroup closings_;
};

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_POD_LINK_H_
