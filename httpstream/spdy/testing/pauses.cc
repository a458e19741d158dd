// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/testing/pauses.h"

namespace fairway::httpstream::spdy {

Task<absl::Status> Pauses::Pause(size_t count) {
  for (size_t i = 0; i < count; ++i) {
    Condition released(executor_);
    waiting_.push_back(&released);
    absl::Status waited = co_await released.Wait();
    std::erase(waiting_, &released);
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

bool Pauses::ReleaseOne() {
  if (waiting_.empty()) return false;
  const size_t chosen = random_->Below(waiting_.size());
  Condition* released = waiting_[chosen];
  waiting_.erase(waiting_.begin() + static_cast<ptrdiff_t>(chosen));
  released->NotifyAll();
  return true;
}

}  // namespace fairway::httpstream::spdy
