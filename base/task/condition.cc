// SPDX-License-Identifier: Apache-2.0
#include "base/task/condition.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
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

  void WillRun() override {
    asio::get_associated_cancellation_slot(handler_).clear();
  }

  void Run() override { std::move(handler_)(result); }

 private:
  // A loop does not run out of work while somebody waits on it.
  asio::executor_work_guard<Executor> work_;
  Handler handler_;
};

Condition::~Condition() {
  while (first_ != nullptr) Complete(first_, asio::error::operation_aborted);
}

void Condition::Add(std::unique_ptr<Waiter> owned) {
  Waiter* const waiter = owned.release();
  waiter->previous = last_;
  (last_ == nullptr ? first_ : last_->next) = waiter;
  last_ = waiter;
}

void Condition::Complete(Waiter* waiter, error_code result) {
  (waiter->previous == nullptr ? first_ : waiter->previous->next) =
      waiter->next;
  (waiter->next == nullptr ? last_ : waiter->next->previous) = waiter->previous;
  waiter->result = result;
  waiter->WillRun();
  RunSoon(executor_, std::unique_ptr<Ready>(waiter));
}

// Each wait costs one coroutine: what waits at the bottom of an idle connection
// is nearly all that the connection takes.
auto Condition::Suspend() {
  return asio::async_initiate<decltype(kAwait) const, void(error_code)>(
      [this](auto handler) {
        using Handler = decltype(handler);
        auto slot = asio::get_associated_cancellation_slot(handler);
        auto waiter =
            std::make_unique<WaiterOf<Handler>>(executor_, std::move(handler));
        Waiter* raw = waiter.get();
        Add(std::move(waiter));
        if (slot.is_connected()) {
          slot.assign([this, raw](asio::cancellation_type) {
            Complete(raw, asio::error::operation_aborted);
          });
        }
      },
      kAwait);
}

Task<absl::Status> Condition::Wait() {
  Cancellation cancellation = co_await kThisCancellation;
  if (IsRequested(cancellation)) {
    co_return absl::CancelledError("wait: cancelled");
  }
  auto [ec] = co_await Suspend();
  co_return FromAsio(ec, "wait");
}

Task<absl::Status> Condition::WaitThoughCancelled() {
  auto [ec] = co_await Suspend();
  co_return FromAsio(ec, "wait");
}

void Condition::NotifyOne() {
  if (first_ != nullptr) Complete(first_, error_code());
}

void Condition::NotifyAll() {
  while (first_ != nullptr) Complete(first_, error_code());
}

}  // namespace fairway
