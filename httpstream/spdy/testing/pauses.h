// SPDX-License-Identifier: Apache-2.0
// Places where tasks stand still until a test chooses one to go on: pauses
// without a clock.
#ifndef HTTPSTREAM_SPDY_TESTING_PAUSES_H_
#define HTTPSTREAM_SPDY_TESTING_PAUSES_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "httpstream/spdy/testing/random.h"

namespace fairway::httpstream::spdy {

// Threads:  on `executor`.
// Lifetime: it and `random` outlive every task that pauses.
class Pauses {
 public:
  Pauses(Executor executor, Random* random)
      : executor_(executor), random_(random) {}

  // Waits `count` times to be chosen. Errors: kCancelled.
  Task<absl::Status> Pause(size_t count);

  // Lets one go on, whichever chance chooses; false if nobody pauses.
  bool ReleaseOne();

 private:
  const Executor executor_;
  Random* const random_;
  std::vector<Condition*> waiting_;
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_TESTING_PAUSES_H_
