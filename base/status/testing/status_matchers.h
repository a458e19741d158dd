// SPDX-License-Identifier: Apache-2.0
// GoogleMock matchers for absl::Status and absl::StatusOr.
#ifndef BASE_STATUS_TESTING_STATUS_MATCHERS_H_
#define BASE_STATUS_TESTING_STATUS_MATCHERS_H_

#include <gmock/gmock.h>

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fairway {

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

MATCHER_P(StatusIs, code, "has code " + absl::StatusCodeToString(code)) {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code;
}

// The message, matched by `message` as a std::string.
MATCHER_P2(StatusIs, code, message, "has the code and message asked for") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code &&
         ::testing::ExplainMatchResult(
             message, std::string(StatusOf(arg).message()), result_listener);
}

}  // namespace fairway

#endif  // BASE_STATUS_TESTING_STATUS_MATCHERS_H_
