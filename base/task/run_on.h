// SPDX-License-Identifier: Apache-2.0
// Calls between threads.
#ifndef BASE_TASK_RUN_ON_H_
#define BASE_TASK_RUN_ON_H_

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <utility>

#include "base/task/task.h"

namespace fairway {

// Runs `body` on the thread of `executor` and gives its result to the caller on
// the caller's own thread. `body` and its result cross threads: they must hold
// nothing that belongs to a loop (a stream, a Condition).
// Cancel: a request is passed on to `body`, whose end is waited for.
template <typename T>
Task<T> RunOn(Executor executor, std::function<Task<T>()> body) {
  auto run = [](std::function<Task<T>()> f) -> Task<T> {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    T result = co_await f();
    co_return result;
  };
  T result = co_await boost::asio::co_spawn(
      executor, run(std::move(body)), boost::asio::use_awaitable_t<Executor>());
  co_return result;
}

// Calls `function` on the thread of `executor`, after what was posted there
// before; nothing waits for it and nothing cancels it.
inline void Post(Executor executor, std::function<void()> function) {
  boost::asio::post(executor, std::move(function));
}

}  // namespace fairway

#endif  // BASE_TASK_RUN_ON_H_
