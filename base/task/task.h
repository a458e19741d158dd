// SPDX-License-Identifier: Apache-2.0
// The coroutine type of the house, and the loop that a coroutine lives on.
//
// Threads: one io_context runs on one thread; a coroutine, and whatever it
// opens, stays on the executor that it was spawned on. So code on one executor
// needs no lock toward other code on it. To use an object of another thread,
// run a task over there: RunOn() in base/task/run_on.h.
//
// Cancel: a cancelled task stays cancelled. The wait that it is in ends with
// kCancelled, and so does every later one, also when the request came between
// two waits: each wait of the house (socket, Condition, Sleep) begins by
// asking IsCancelled(). Last words that have to wait need a task of their own.
#ifndef BASE_TASK_TASK_H_
#define BASE_TASK_TASK_H_

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

namespace fairway {

// A concrete executor and not any_io_executor: no virtual call at each await.
using Executor = boost::asio::io_context::executor_type;

template <typename T = void>
using Task = boost::asio::awaitable<T, Executor>;

// The one completion token: `auto [ec, n] = co_await x.async_foo(kAwait);`
// The operation lies in the frame of who waits for it, and takes no coroutine
// of its own.
inline constexpr auto kAwait = boost::asio::as_tuple(boost::asio::deferred);

// The executor that the calling coroutine runs on:
// `Executor executor = co_await kThisExecutor;`
inline constexpr boost::asio::this_coro::executor_t kThisExecutor;

// Whether the calling task was asked to end, for calls that each message makes:
// `Cancellation cancellation = co_await kThisCancellation;`
using Cancellation = boost::asio::cancellation_state;
inline constexpr boost::asio::this_coro::cancellation_state_t kThisCancellation;
inline bool IsRequested(const Cancellation& cancellation) {
  return cancellation.cancelled() != boost::asio::cancellation_type::none;
}

// The same in one call, which costs a coroutine. Never suspends.
inline Task<bool> IsCancelled() {
  Cancellation cancellation = co_await kThisCancellation;
  co_return IsRequested(cancellation);
}

}  // namespace fairway

#endif  // BASE_TASK_TASK_H_
