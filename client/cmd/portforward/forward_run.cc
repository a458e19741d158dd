// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/portforward/portforward.go (v0.20.2):
// defaultPortForwarder
#include "client/cmd/portforward/forward_run.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "base/task/task_group.h"
#include "client/cmd/check_err.h"
#include "net/socket/address_class.h"
#include "net/socket/socket.h"

namespace fairway::cmd {
namespace {

using portforward::LocalEnd;

// In a table: of a loopback address the port alone.
std::string ShortName(const LocalEnd& local) {
  if (!local.unix_path.empty() ||
      net::ClassifyAddress(local.address) == net::AddressClass::kLoopback) {
    return local.Name();
  }
  return net::JoinHostPort(local.address, absl::StrCat(local.port));
}

std::string ShortNames(const std::vector<LocalEnd>& locals) {
  std::vector<std::string> names;
  for (const LocalEnd& local : locals) {
    std::string name = ShortName(local);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  return absl::StrJoin(names, ",");
}

// A message without what only ends it.
std::string WithoutNewline(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// What every line begins with.
std::string Before(const RunOptions& options, const std::string& name) {
  return options.named_lines ? absl::StrCat(name, ": ") : "";
}

}  // namespace

// Keeps what listens.
class ForwardRun::Keeper final : public portforward::Observer {
 public:
  explicit Keeper(std::vector<LocalEnd>* locals) : locals_(locals) {}

  void Listening(const LocalEnd& local) override { locals_->push_back(local); }
  void ListenFailed(absl::string_view) override {}
  void Connected(const portforward::TargetPod&) override {}
  void Reconnecting(const portforward::TargetPod&, absl::string_view) override {
  }
  void Accepted(const portforward::ConnectionInfo&) override {}
  void Closed(const portforward::ConnectionInfo&,
              const portforward::ConnectionSummary&) override {}
  void Error(absl::string_view, int, absl::string_view) override {}

 private:
  std::vector<LocalEnd>* const locals_;
};

ForwardRun::ForwardRun(Executor executor, ForwardPlan plan, RunOptions options,
                       Console* console, std::function<void()> on_change)
    : executor_(executor),
      plan_(std::move(plan)),
      on_change_(std::move(on_change)),
      lines_([console, before = Before(options, plan_.name),
              quiet = options.format !=
                      OutputFormat::kText](const std::string& line) {
        if (!quiet) console->Out(before + line);
      }),
      errors_([console, before = Before(options, plan_.name)](
                  const std::string& line) { console->Err(before + line); }),
      event_lines_([console](const std::string& line) { console->Out(line); }),
      text_(&lines_, &errors_),
      hints_(&errors_),
      keeper_(std::make_unique<Keeper>(&listeners_.listeners)) {
  listeners_.name = plan_.name;
  listeners_.target = plan_.target;
  listeners_.namespace_ = plan_.namespace_;
  observers_.Add(&text_);
  observers_.Add(&hints_);
  if (options.format == OutputFormat::kJson) {
    events_ = std::make_unique<EventLog>(&event_lines_, plan_.name);
    observers_.Add(events_.get());
  }
  observers_.Add(keeper_.get());
}

ForwardRun::~ForwardRun() = default;

Task<absl::Status> ForwardRun::Run() {
  absl::Status status = plan_.pods.status();
  if (status.ok() && !stopped_) {
    forwarder_ = std::make_unique<portforward::PortForwarder>(
        executor_, *std::move(plan_.pods), std::move(plan_.options),
        &observers_);
    TaskGroup ready(executor_);
    ready.Spawn([this]() { return WaitReady(); });
    status = co_await forwarder_->ForwardPorts();
    absl::Status joined = co_await ready.Join();
    joined.IgnoreError();
  }
  if (!status.ok()) {
    listeners_.error = WithoutNewline(ErrorMessage(status));
    if (events_ != nullptr) events_->Failed(listeners_.error);
  }
  SetState(State::kEnded);
  co_return status;
}

Task<absl::Status> ForwardRun::WaitReady() {
  absl::Status waited = co_await forwarder_->WaitReady();
  if (waited.ok() && forwarder_->GetPorts().ok()) SetState(State::kListening);
  co_return waited;
}

void ForwardRun::Stop() {
  stopped_ = true;
  if (forwarder_ != nullptr) forwarder_->Stop();
}

void ForwardRun::SetState(State state) {
  if (state_ == State::kEnded) return;
  state_ = state;
  on_change_();
}

StatsRow ForwardRun::Stats() const {
  StatsRow row;
  row.forward = plan_.name;
  row.local = ShortNames(listeners_.listeners);
  row.last_error = std::string(absl::StripPrefix(listeners_.error, "error: "));
  if (forwarder_ == nullptr) return row;
  const portforward::ForwardStats stats = forwarder_->stats();
  if (!stats.pods.empty()) row.pod = stats.pods[0];
  if (stats.pods.size() > 1) {
    absl::StrAppend(&row.pod, " +", stats.pods.size() - 1);
  }
  row.open = stats.open_connections;
  row.total = stats.total_connections;
  row.sent_bytes = stats.sent_bytes;
  row.received_bytes = stats.received_bytes;
  row.round_trip = stats.round_trip;
  if (row.last_error.empty()) row.last_error = stats.last_error;
  return row;
}

}  // namespace fairway::cmd
