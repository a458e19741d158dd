// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/forward_group.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "client/cmd/check_err.h"

namespace fairway::cmd {

using State = ForwardRun::State;

namespace {

// SIGHUP too, which comes when the terminal is closed, unless it was ignored
// before (nohup).
std::vector<int> EndingSignals() {
  std::vector<int> signals = {SIGINT, SIGTERM};
  struct sigaction hangup = {};
  if (sigaction(SIGHUP, nullptr, &hangup) == 0 &&
      hangup.sa_handler != SIG_IGN) {
    signals.push_back(SIGHUP);
  }
  return signals;
}

}  // namespace

ForwardGroup::ForwardGroup(Executor executor, const IOStreams& streams,
                           GroupOptions options, std::vector<ForwardPlan> plans)
    : executor_(executor),
      options_(std::move(options)),
      console_(streams, options_.stats ? Console::Panel::kOnTerminal
                                       : Console::Panel::kNone),
      ports_file_(options_.ports_file),
      changed_(executor) {
  RunOptions run_options;
  run_options.format = options_.format;
  run_options.named_lines = plans.size() > 1;
  for (ForwardPlan& plan : plans) {
    runs_.push_back(std::make_unique<ForwardRun>(
        executor_, std::move(plan), run_options, &console_,
        [this]() { changed_.NotifyAll(); }));
  }
}

Task<absl::Status> ForwardGroup::Run() {
  TaskGroup around(executor_);
  around.Spawn([this]() { return StopAtSignal(); });
  around.Spawn([this]() { return TellWhenReady(); });
  if (options_.stats) {
    around.Spawn([this]() {
      return ReportStats(
          &console_,
          [this]() {
            std::vector<StatsRow> rows;
            for (const auto& run : runs_) rows.push_back(run->Stats());
            return rows;
          },
          options_.stats_periods);
    });
  }
  TaskGroup forwards(executor_);
  for (const auto& run : runs_) {
    ForwardRun* raw = run.get();
    forwards.Spawn([this, raw]() { return RunOne(raw); });
  }
  absl::Status joined = co_await forwards.Join();
  joined.IgnoreError();
  around.Cancel();
  joined = co_await around.Join();
  joined.IgnoreError();
  ports_file_.Remove();
  if (!untold_.ok()) co_return untold_;
  if (runs_.size() <= 1 || failed_ == 0) co_return first_failure_;
  co_return absl::UnknownError(
      absl::StrCat(failed_, " of ", runs_.size(), " forwards failed"));
}

Task<absl::Status> ForwardGroup::RunOne(ForwardRun* run) {
  absl::Status status = co_await run->Run();
  if (status.ok()) co_return status;
  ++failed_;
  first_failure_.Update(status);
  // That of the only one is the command's.
  if (runs_.size() > 1) run->err_out() << ErrorMessage(status) << std::flush;
  co_return status;
}

Task<absl::Status> ForwardGroup::StopAtSignal() {
  std::vector<int> numbers = EndingSignals();
  absl::StatusOr<int> signal = co_await WaitForSignal(std::move(numbers));
  if (signal.ok()) StopAll();
  co_return signal.status();
}

void ForwardGroup::StopAll() {
  for (const auto& run : runs_) run->Stop();
}

bool ForwardGroup::Settled() const {
  return std::none_of(runs_.begin(), runs_.end(), [](const auto& run) {
    return run->state() == State::kStarting;
  });
}

Task<absl::Status> ForwardGroup::TellWhenReady() {
  while (!Settled()) {
    absl::Status waited = co_await changed_.Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  std::vector<ForwardListeners> all;
  bool listening = false;
  for (const auto& run : runs_) {
    all.push_back(run->listeners());
    listening = listening || run->state() == State::kListening;
  }
  if (!listening) co_return absl::OkStatus();
  absl::Status written = ports_file_.Write(PortsFileText(getpid(), all));
  if (!written.ok()) {
    // Whoever asked for it waits for it.
    untold_ = written;
    StopAll();
    co_return written;
  }
  if (options_.ready_fd != kNoReadyFd) TellReady(options_.ready_fd);
  co_return absl::OkStatus();
}

}  // namespace fairway::cmd
