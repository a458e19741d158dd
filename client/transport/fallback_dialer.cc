// SPDX-License-Identifier: Apache-2.0
#include "client/transport/fallback_dialer.h"

#include <glog/logging.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "httpstream/upgrade_failure.h"

namespace fairway::transport {
namespace {

class FallbackDialer final : public httpstream::Dialer {
 public:
  FallbackDialer(std::unique_ptr<httpstream::Dialer> primary,
                 std::unique_ptr<httpstream::Dialer> secondary,
                 std::function<bool(const absl::Status&)> should_fallback)
      : primary_(std::move(primary)),
        secondary_(std::move(secondary)),
        should_fallback_(std::move(should_fallback)) {}

  Task<absl::StatusOr<Result>> Dial(
      std::vector<std::string> protocols) override {
    if (fell_back_) return secondary_->Dial(std::move(protocols));
    return DialBoth(std::move(protocols));
  }

 private:
  Task<absl::StatusOr<Result>> DialBoth(std::vector<std::string> protocols) {
    absl::StatusOr<Result> first = co_await primary_->Dial(protocols);
    if (first.ok()) primary_worked_ = true;
    if (first.ok() || !should_fallback_(first.status())) co_return first;
    VLOG(4) << "fallback to secondary dialer from primary dialer err: "
            << first.status().message();
    absl::StatusOr<Result> second = co_await secondary_->Dial(protocols);
    if (second.ok()) {
      fell_back_ = !primary_worked_;
      co_return second;
    }
    if (httpstream::IsServerStatus(first.status()) &&
        !httpstream::IsServerStatus(second.status())) {
      co_return first;
    }
    co_return second;
  }

  const std::unique_ptr<httpstream::Dialer> primary_;
  const std::unique_ptr<httpstream::Dialer> secondary_;
  const std::function<bool(const absl::Status&)> should_fallback_;
  bool primary_worked_ = false;
  bool fell_back_ = false;
};

}  // namespace

std::unique_ptr<httpstream::Dialer> NewFallbackDialer(
    std::unique_ptr<httpstream::Dialer> primary,
    std::unique_ptr<httpstream::Dialer> secondary,
    std::function<bool(const absl::Status&)> should_fallback) {
  return std::make_unique<FallbackDialer>(
      std::move(primary), std::move(secondary), std::move(should_fallback));
}

}  // namespace fairway::transport
