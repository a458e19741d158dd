// SPDX-License-Identifier: Apache-2.0
// The way into a loop for other threads that may outlive it.
//
// Threads:  Of() on the loop's own thread; Post() on any.
// Lifetime: shared; one of a loop that has ended drops what it is given.
#ifndef BASE_TASK_MAILBOX_H_
#define BASE_TASK_MAILBOX_H_

#include <functional>
#include <memory>
#include <mutex>

#include "base/task/task.h"

namespace fairway {

class Mailbox {
 public:
  explicit Mailbox(boost::asio::io_context* loop) : loop_(loop) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // The one of the loop that `executor` stands for.
  static std::shared_ptr<Mailbox> Of(Executor executor);

  // Calls `function` on the loop, unless it has ended: then it is destroyed
  // here and now.
  void Post(std::function<void()> function);

  // The loop ends. Returns when nobody touches it any more.
  void Close();

 private:
  std::mutex mutex_;
  boost::asio::io_context* loop_;  // null once it has ended
};

}  // namespace fairway

#endif  // BASE_TASK_MAILBOX_H_
