// SPDX-License-Identifier: Apache-2.0
// A loop that its test turns by hand, so that the test knows when nothing is
// left to do but to wait.
//
// Threads:  one.
// Lifetime: outlives every object on its executor.
#ifndef BASE_TASK_TESTING_MANUAL_LOOP_H_
#define BASE_TASK_TESTING_MANUAL_LOOP_H_

#include <boost/asio/io_context.hpp>

#include "base/task/task.h"

namespace fairway {

class ManualLoop {
 public:
  Executor executor() { return context_.get_executor(); }

  // Runs the next piece of work that is ready; false if none is. A timer is
  // ready once its time has come.
  bool RunOne();

  // Whether nobody waits on this loop either: no task, no timer. Says so only
  // directly behind a RunOne() that returned false.
  bool IsEmpty() const { return context_.stopped(); }

 private:
  boost::asio::io_context context_{1};
};

}  // namespace fairway

#endif  // BASE_TASK_TESTING_MANUAL_LOOP_H_
