// SPDX-License-Identifier: Apache-2.0
#include "base/task/turn.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace fairway {
namespace {

constexpr int kMostInATurn = 64;

}  // namespace

// One after another: each owns the next.
ReadyList::~ReadyList() {
  while (Pop() != nullptr) {
  }
}

void ReadyList::Push(std::unique_ptr<Ready> ready) {
  Ready* const raw = ready.get();
  (last_ == nullptr ? first_ : last_->next_) = std::move(ready);
  last_ = raw;
}

std::unique_ptr<Ready> ReadyList::Pop() {
  std::unique_ptr<Ready> ready = std::move(first_);
  if (ready == nullptr) return nullptr;
  first_ = std::move(ready->next_);
  if (first_ == nullptr) last_ = nullptr;
  return ready;
}

thread_local Turn* Turn::current_ = nullptr;

void RunSoon(Executor executor, std::unique_ptr<Ready> ready) {
  if (Turn::IsUnderWay(executor)) {
    Turn::current_->ready_.Push(std::move(ready));
    return;
  }
  boost::asio::post(executor, [executor, ready = std::move(ready)]() {
    Turn::Of(executor, [&ready]() { ready->Run(); });
  });
}

Turn::Turn(Executor executor, ReadyList ready)
    : executor_(executor),
      outer_(std::exchange(current_, this)),
      ready_(std::move(ready)) {}

Turn::~Turn() {
  current_ = outer_;
  if (ready_.empty()) return;
  boost::asio::post(executor_,
                    [executor = executor_, rest = std::move(ready_)]() mutable {
                      Turn turn(executor, std::move(rest));
                      turn.End();
                    });
}

void Turn::End() {
  for (int i = 0; i < kMostInATurn; ++i) {
    if (executor_.context().stopped()) return;
    std::unique_ptr<Ready> ready = ready_.Pop();
    if (ready == nullptr) return;
    ready->Run();
  }
}

}  // namespace fairway
