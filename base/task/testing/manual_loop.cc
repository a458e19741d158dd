// SPDX-License-Identifier: Apache-2.0
#include "base/task/testing/manual_loop.h"

namespace fairway {

bool ManualLoop::RunOne() {
  // Asio stops a loop that ran out of work.
  if (context_.stopped()) context_.restart();
  return context_.poll_one() > 0;
}

}  // namespace fairway
