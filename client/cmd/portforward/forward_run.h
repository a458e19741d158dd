// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/portforward/portforward.go (v0.20.2):
// defaultPortForwarder
// One forward of a command line, from its start to its end.
#ifndef CLIENT_CMD_PORTFORWARD_FORWARD_RUN_H_
#define CLIENT_CMD_PORTFORWARD_FORWARD_RUN_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "client/cmd/portforward/console.h"
#include "client/cmd/portforward/event_log.h"
#include "client/cmd/portforward/hints.h"
#include "client/cmd/portforward/line_stream.h"
#include "client/cmd/portforward/observer_list.h"
#include "client/cmd/portforward/ports_file.h"
#include "client/cmd/portforward/stats_table.h"
#include "client/tools/portforward/forward_options.h"
#include "client/tools/portforward/observer.h"
#include "client/tools/portforward/portforward.h"
#include "client/tools/portforward/target.h"
#include "client/tools/portforward/text_observer.h"

namespace fairway::cmd {

// What is forwarded, and how.
struct ForwardPlan {
  std::string name;
  std::string target;
  std::string namespace_;
  // An error: the forward ends with it.
  absl::StatusOr<std::unique_ptr<portforward::PodSource>> pods;
  portforward::ForwardOptions options;
};

// What standard output gets. Errors go to standard error, whatever this is.
enum class OutputFormat {
  kText,   // upstream's lines
  kJson,   // events
  kQuiet,  // nothing
};

struct RunOptions {
  OutputFormat format = OutputFormat::kText;
  bool named_lines = false;  // the forward's name before each line
};

// Threads:  on `executor`.
// Lifetime: Run() has returned before it dies; `console` outlives it.
class ForwardRun {
 public:
  enum class State { kStarting, kListening, kEnded };

  // `on_change` is called after each change of state().
  ForwardRun(Executor executor, ForwardPlan plan, RunOptions options,
             Console* console, std::function<void()> on_change);
  ~ForwardRun();

  // Forwards until Stop() (OK) or until it cannot. Call it once.
  // Errors: of the plan and of PortForwarder::ForwardPorts; as an event they
  // have been told.
  Task<absl::Status> Run();

  // Ends Run(). Never waits.
  void Stop();

  State state() const { return state_; }
  // The local ends that listen, and the error that it ended with.
  const ForwardListeners& listeners() const { return listeners_; }
  // Without rates.
  StatsRow Stats() const;
  // Where lines about it go that are for standard error.
  std::ostream& err_out() { return errors_; }

 private:
  class Keeper;

  void SetState(State state);
  Task<absl::Status> WaitReady();

  const Executor executor_;
  ForwardPlan plan_;
  const std::function<void()> on_change_;
  State state_ = State::kStarting;
  bool stopped_ = false;
  ForwardListeners listeners_;
  LineStream lines_;
  LineStream errors_;
  LineStream event_lines_;
  portforward::TextObserver text_;
  HintObserver hints_;
  std::unique_ptr<EventLog> events_;  // null: nobody reads them
  std::unique_ptr<Keeper> keeper_;
  ObserverList observers_;
  std::unique_ptr<portforward::PortForwarder> forwarder_;
};

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_FORWARD_RUN_H_
