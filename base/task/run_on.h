// SPDX-License-Identifier: Apache-2.0
// Calls between threads.
#ifndef BASE_TASK_RUN_ON_H_
#define BASE_TASK_RUN_ON_H_

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/task/condition.h"
#include "base/task/mailbox.h"
#include "base/task/task.h"

namespace fairway {
namespace run_on_internal {

// One call: what both threads know of it. The caller's thread owns `done` and
// `over`; the rest is the other thread's until it says that it is over.
template <typename T>
struct Call {
  Call(Executor caller, std::function<Task<T>()> b)
      : body(std::move(b)), done(caller) {}

  std::function<Task<T>()> body;
  boost::asio::cancellation_signal signal;
  std::optional<T> result;
  std::exception_ptr error;
  Condition done;
  bool over = false;
};

// Tells the caller that its call is over, at the latest when it dies: a loop
// that ends drops what it still had to do.
template <typename T>
class Reply {
 public:
  Reply(std::shared_ptr<Mailbox> mailbox, std::shared_ptr<Call<T>> call)
      : mailbox_(std::move(mailbox)), call_(std::move(call)) {}
  Reply(Reply&& other) = default;
  Reply& operator=(Reply&& other) = delete;
  ~Reply() {
    if (call_ == nullptr) return;
    Send(std::make_exception_ptr(
        std::runtime_error("the loop of a call has ended")));
  }

  void Send(std::exception_ptr error) {
    std::shared_ptr<Call<T>> call = std::move(call_);
    call->body = nullptr;
    call->error = error;
    mailbox_->Post([call = std::move(call)]() {
      call->over = true;
      call->done.NotifyAll();
    });
  }

  const std::shared_ptr<Call<T>>& call() const { return call_; }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<Call<T>> call_;
};

template <typename T>
Task<void> RunBody(std::shared_ptr<Call<T>> call) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  T result = co_await call->body();
  call->result.emplace(std::move(result));
}

}  // namespace run_on_internal

// Runs `body` on the thread of `executor` and gives its result to the caller on
// the caller's own thread. `body` and its result cross threads: they must hold
// nothing that belongs to a loop (a stream, a Condition). The caller's loop may
// end meanwhile: the result is dropped then. When the other loop ends before
// `body` does, the call throws.
// Cancel: a request is passed on to `body`, whose end is waited for.
template <typename T>
Task<T> RunOn(Executor executor, std::function<Task<T>()> body) {
  namespace asio = boost::asio;
  using run_on_internal::Call;
  using run_on_internal::Reply;
  Executor here = co_await kThisExecutor;
  auto call = std::make_shared<Call<T>>(here, std::move(body));
  asio::post(executor, [executor,
                        reply = Reply<T>(Mailbox::Of(here), call)]() mutable {
    std::shared_ptr<Call<T>> c = reply.call();
    auto ended = [reply = std::move(reply)](std::exception_ptr error) mutable {
      reply.Send(error);
    };
    asio::co_spawn(
        executor, run_on_internal::RunBody<T>(c),
        asio::bind_cancellation_slot(c->signal.slot(), std::move(ended)));
  });
  bool cancelled = co_await IsCancelled();
  bool passed_on = false;
  while (!call->over) {
    if (cancelled && !passed_on) {
      passed_on = true;
      asio::post(executor, [call]() {
        call->signal.emit(asio::cancellation_type::terminal);
      });
    }
    absl::Status waited = co_await call->done.WaitThoughCancelled();
    if (!waited.ok()) cancelled = true;
  }
  if (call->error) std::rethrow_exception(call->error);
  T result = std::move(*call->result);
  co_return result;
}

// Calls `function` on the thread of `executor`, after what was posted there
// before; nothing waits for it and nothing cancels it.
inline void Post(Executor executor, std::function<void()> function) {
  boost::asio::post(executor, std::move(function));
}

}  // namespace fairway

#endif  // BASE_TASK_RUN_ON_H_
