// SPDX-License-Identifier: Apache-2.0
#include "base/task/turn.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace fairway {
namespace {

constexpr int kMostInATurn = 64;

}  // namespace

thread_local Turn* Turn::current_ = nullptr;

void RunSoon(Executor executor, std::unique_ptr<Ready> ready) {
  if (Turn::IsUnderWay(executor)) {
    Turn::current_->Push(std::move(ready));
    return;
  }
  boost::asio::post(executor, [executor, ready = std::move(ready)]() {
    Turn::Of(executor, [&ready]() { ready->Run(); });
  });
}

Turn::Turn(Executor executor)
    : executor_(executor), outer_(std::exchange(current_, this)) {}

Turn::~Turn() {
  current_ = outer_;
  while (std::unique_ptr<Ready> ready = Pop()) {
    RunSoon(executor_, std::move(ready));
  }
}

void Turn::Push(std::unique_ptr<Ready> ready) {
  Ready* const raw = ready.get();
  (last_ == nullptr ? first_ : last_->next_) = std::move(ready);
  last_ = raw;
}

std::unique_ptr<Ready> Turn::Pop() {
  std::unique_ptr<Ready> ready = std::move(first_);
  if (ready == nullptr) return nullptr;
  first_ = std::move(ready->next_);
  if (first_ == nullptr) last_ = nullptr;
  return ready;
}

void Turn::End() {
  for (int i = 0; i < kMostInATurn; ++i) {
    if (executor_.context().stopped()) return;
    std::unique_ptr<Ready> ready = Pop();
    if (ready == nullptr) return;
    ready->Run();
  }
}

}  // namespace fairway
