// SPDX-License-Identifier: Apache-2.0
// Mirrors: time.ParseDuration, time.Time.Format of Go;
// k8s.io/apimachinery/pkg/util/duration/duration.go (v0.20.2)
// Times and durations as Kubernetes' programs read and write them.
#ifndef BASE_TIME_GO_TIME_H_
#define BASE_TIME_GO_TIME_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fairway {

// "1m30s", "0". Errors: kInvalidArgument, `time: invalid duration "x"`.
absl::StatusOr<absl::Duration> ParseGoDuration(absl::string_view text);

// "2006-01-02T15:04:05Z": a time in an object of the API.
std::string FormatRFC3339(absl::Time time);

// An age in a table: "5s", "3m20s", "2d"; "<invalid>" if it is negative by more
// than two clocks may differ.
std::string HumanDuration(absl::Duration duration);

}  // namespace fairway

#endif  // BASE_TIME_GO_TIME_H_
