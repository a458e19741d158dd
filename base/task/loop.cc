// SPDX-License-Identifier: Apache-2.0
#include "base/task/loop.h"

#include <pthread.h>

#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <csignal>
#include <string>
#include <thread>
#include <utility>

#include "base/task/asio_status.h"
#include "base/task/task_group.h"

namespace fairway {

namespace asio = boost::asio;

struct LoopThread::State {
  asio::io_context context{1};
  asio::executor_work_guard<Executor> work{context.get_executor()};
  std::thread thread;
};

LoopThread::LoopThread(const char* name) : state_(std::make_unique<State>()) {
  state_->thread = std::thread([state = state_.get()] {
    // Signals are the main thread's.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    state->context.run();
  });
  // Linux cuts a name at 15 characters by refusing longer ones.
  pthread_setname_np(state_->thread.native_handle(),
                     std::string(name).substr(0, 15).c_str());
}

LoopThread::~LoopThread() {
  state_->context.stop();
  state_->thread.join();
}

Executor LoopThread::executor() { return state_->context.get_executor(); }

absl::Status RunLoop(std::function<Task<absl::Status>()> body) {
  asio::io_context context(1);
  absl::Status result = absl::InternalError("loop ended before its task");
  TaskGroup group(context.get_executor());
  group.Spawn([&]() -> Task<absl::Status> {
    absl::Status status = co_await body();
    result = status;
    context.stop();
    co_return status;
  });
  context.run();
  return result;
}

Task<absl::StatusOr<int>> WaitForSignal(std::vector<int> signals) {
  Executor executor = co_await kThisExecutor;
  asio::basic_signal_set<Executor> set(executor);
  for (int signal : signals) {
    boost::system::error_code ec;
    set.add(signal, ec);
    if (ec) co_return FromAsio(ec, "watch signal");
  }
  auto [ec, number] = co_await set.async_wait(kAwait);
  if (ec) co_return FromAsio(ec, "wait for signal");
  co_return number;
}

}  // namespace fairway
