// SPDX-License-Identifier: Apache-2.0
#include "base/task/condition.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/task/asio_status.h"

namespace fairway {

namespace asio = boost::asio;
using boost::system::error_code;

template <typename Handler>
class Condition::WaiterOf final : public Waiter {
 public:
  WaiterOf(Executor executor, Handler handler)
      : work_(executor), handler_(std::move(handler)) {}

  void Complete(error_code ec) override {
    asio::get_associated_cancellation_slot(handler_).clear();
    asio::post(work_.get_executor(),
               [handler = std::move(handler_), ec]() mutable {
                 std::move(handler)(ec);
               });
  }

 private:
  // A loop does not run out of work while somebody waits on it.
  asio::executor_work_guard<Executor> work_;
  Handler handler_;
};

Condition::~Condition() {
  for (auto& waiter : waiters_)
    waiter->Complete(asio::error::operation_aborted);
}

void Condition::Remove(Waiter* waiter) {
  for (auto it = waiters_.begin(); it != waiters_.end(); ++it) {
    if (it->get() != waiter) continue;
    std::unique_ptr<Waiter> taken = std::move(*it);
    waiters_.erase(it);
    taken->Complete(asio::error::operation_aborted);
    return;
  }
}

Task<absl::Status> Condition::Wait() {
  bool cancelled = co_await IsCancelled();
  if (cancelled) co_return absl::CancelledError("wait: cancelled");
  absl::Status status = co_await WaitThoughCancelled();
  co_return status;
}

Task<absl::Status> Condition::WaitThoughCancelled() {
  auto initiate = [this](auto handler) {
    using Handler = decltype(handler);
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto waiter =
        std::make_unique<WaiterOf<Handler>>(executor_, std::move(handler));
    Waiter* raw = waiter.get();
    waiters_.push_back(std::move(waiter));
    if (slot.is_connected()) {
      slot.assign([this, raw](asio::cancellation_type) { Remove(raw); });
    }
  };
  auto [ec] =
      co_await asio::async_initiate<decltype(kAwait) const, void(error_code)>(
          initiate, kAwait);
  co_return FromAsio(ec, "wait");
}

void Condition::NotifyOne() {
  if (waiters_.empty()) return;
  std::unique_ptr<Waiter> waiter = std::move(waiters_.front());
  waiters_.pop_front();
  waiter->Complete(error_code());
}

void Condition::NotifyAll() {
  std::list<std::unique_ptr<Waiter>> all = std::move(waiters_);
  waiters_.clear();
  for (auto& waiter : all) waiter->Complete(error_code());
}

}  // namespace fairway
