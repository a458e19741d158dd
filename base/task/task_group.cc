// SPDX-License-Identifier: Apache-2.0
#include "base/task/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/task/condition.h"

namespace fairway {

namespace asio = boost::asio;

namespace {

struct Running {
  asio::cancellation_signal signal;
  absl::Status result;
};

}  // namespace

struct TaskGroup::State {
  explicit State(Executor ex) : executor(ex), ended(ex) {}

  void NoteFailure(const absl::Status& status) {
    if (first_failure.ok() ||
        (absl::IsCancelled(first_failure) && !absl::IsCancelled(status))) {
      first_failure = status;
    }
  }

  void Cancel() {
    // A handler may end its task, and so remove its own signal, at once.
    for (auto it = tasks.begin(); it != tasks.end();) {
      auto task = it++;
      task->signal.emit(asio::cancellation_type::terminal);
    }
  }

  Executor executor;
  std::list<Running> tasks;
  absl::Status first_failure;
  Condition ended;
};

namespace {

absl::Status FromException(std::exception_ptr exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& e) {
    return absl::InternalError(absl::StrCat("exception: ", e.what()));
  } catch (...) {
    return absl::InternalError("exception of unknown type");
  }
}

// Owns the body for the coroutine's whole life, and lets a cancelled await
// return its error instead of throwing.
Task<void> Run(std::function<Task<absl::Status>()> body, Running* running) {
  co_await asio::this_coro::throw_if_cancelled(false);
  absl::Status result = co_await body();
  running->result = std::move(result);
}

}  // namespace

TaskGroup::TaskGroup(Executor executor)
    : state_(std::make_shared<State>(executor)) {}

TaskGroup::~TaskGroup() { state_->Cancel(); }

void TaskGroup::Spawn(std::function<Task<absl::Status>()> body) {
  Start(std::move(body), false);
}

void TaskGroup::SpawnOrCancelAll(std::function<Task<absl::Status>()> body) {
  Start(std::move(body), true);
}

void TaskGroup::Start(std::function<Task<absl::Status>()> body,
                      bool cancel_all) {
  auto task = state_->tasks.emplace(state_->tasks.end());
  auto done = [state = state_, task, cancel_all](std::exception_ptr exception) {
    absl::Status status =
        exception ? FromException(exception) : std::move(task->result);
    state->tasks.erase(task);
    if (!status.ok()) {
      state->NoteFailure(status);
      if (cancel_all) state->Cancel();
    }
    if (state->tasks.empty()) state->ended.NotifyAll();
  };
  asio::co_spawn(
      state_->executor, Run(std::move(body), &*task),
      asio::bind_cancellation_slot(task->signal.slot(), std::move(done)));
}

void TaskGroup::Cancel() { state_->Cancel(); }

Task<absl::Status> TaskGroup::Join() {
  std::shared_ptr<State> state = state_;
  bool cancelled = co_await IsCancelled();
  if (cancelled) state->Cancel();
  while (!state->tasks.empty()) {
    absl::Status waited = co_await state->ended.WaitThoughCancelled();
    if (!waited.ok()) state->Cancel();
  }
  co_return state->first_failure;
}

size_t TaskGroup::running() const { return state_->tasks.size(); }

Executor TaskGroup::executor() const { return state_->executor; }

}  // namespace fairway
