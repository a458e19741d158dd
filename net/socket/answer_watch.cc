// SPDX-License-Identifier: Apache-2.0
#include "net/socket/answer_watch.h"

#include <sched.h>

#include <boost/asio/post.hpp>
#include <utility>

namespace fairway::net {
namespace {

using Clock = AnswerWatch::Clock;

// Who gives the processor away for so long shares it with somebody who
// computes, and would have been woken sooner than it was given back.
constexpr std::chrono::microseconds kCrowded{500};
constexpr std::chrono::milliseconds kPauseWhereCrowded{100};

// A thread's own: it looks for the latest answer only.
struct Look {
  const AnswerWatch* at = nullptr;
  Clock::time_point since;
  Clock::time_point not_before;
  bool is_under_way = false;

  // Whether to look once more, after others had the processor.
  bool GoOn() {
    const Clock::time_point now = Clock::now();
    if (at == nullptr || now - since > AnswerWatch::kMoment) return false;
    sched_yield();
    const Clock::time_point then = Clock::now();
    if (then - now <= kCrowded) return true;
    not_before = then + kPauseWhereCrowded;
    return false;
  }
};

thread_local Look look;

// A handler that has the loop look at its sockets again and does not let it
// sleep: it stands behind them in the queue each time.
class Pass {
 public:
  explicit Pass(Executor executor) : executor_(executor), is_one_(true) {
    look.is_under_way = true;
  }
  // A loop that ends destroys it.
  ~Pass() {
    if (is_one_) look.is_under_way = false;
  }
  Pass(Pass&& other) noexcept
      : executor_(other.executor_),
        is_one_(std::exchange(other.is_one_, false)) {}
  Pass& operator=(Pass&&) = delete;

  void operator()() {
    if (look.GoOn()) boost::asio::post(executor_, std::move(*this));
  }

 private:
  const Executor executor_;
  bool is_one_;
};

}  // namespace

AnswerWatch::~AnswerWatch() {
  if (look.at == this) look.at = nullptr;
}

void AnswerWatch::NoteSent(Executor executor, size_t bytes,
                           Clock::time_point now) {
  if (bytes > kShortMessage) {
    asked_ = {};
    return;
  }
  if (!IsAsked()) {
    asked_ = now;
  } else if (now - asked_ > kMoment) {
    answers_at_once_ = false;
  }
  if (!answers_at_once_ || now < look.not_before) return;
  look.at = this;
  look.since = now;
  if (!look.is_under_way) boost::asio::post(executor, Pass(executor));
}

void AnswerWatch::NoteReceived(size_t bytes, Clock::time_point now) {
  if (!IsAsked()) return;
  answers_at_once_ = bytes <= kShortMessage && now - asked_ <= kMoment;
  asked_ = {};
  if (look.at == this) look.at = nullptr;
}

}  // namespace fairway::net
