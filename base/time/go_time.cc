// SPDX-License-Identifier: Apache-2.0
#include "base/time/go_time.h"

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace fairway {

absl::StatusOr<absl::Duration> ParseGoDuration(absl::string_view text) {
  absl::Duration duration;
  // Abseil knows "inf", Go does not.
  if (!absl::ParseDuration(text, &duration) ||
      absl::AbsDuration(duration) == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("time: invalid duration \"", text, "\""));
  }
  return duration;
}

std::string FormatRFC3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string HumanDuration(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(duration);
  // Two clocks may differ a little.
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const auto two = [](int64_t large, const char* unit, int64_t small,
                      const char* small_unit) {
    return small == 0 ? absl::StrCat(large, unit)
                      : absl::StrCat(large, unit, small, small_unit);
  };
  if (seconds < 60 * 2) return absl::StrCat(seconds, "s");
  const int64_t minutes = seconds / 60;
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (minutes < 60 * 3) return absl::StrCat(minutes, "m");
  const int64_t hours = minutes / 60;
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return absl::StrCat(hours, "h");
  const int64_t days = hours / 24;
  if (hours < 24 * 8) return two(days, "d", hours % 24, "h");
  if (days < 365 * 2) return absl::StrCat(days, "d");
  if (days < 365 * 8) return two(days / 365, "y", days % 365, "d");
  return absl::StrCat(days / 365, "y");
}

}  // namespace fairway
