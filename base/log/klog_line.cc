// SPDX-License-Identifier: Apache-2.0
#include "base/log/klog_line.h"

#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fairway {

std::string KlogLine(char severity, absl::string_view where,
                     absl::string_view message, absl::Time now) {
  const absl::string_view end = absl::EndsWith(message, "\n") ? "" : "\n";
  return absl::StrCat(
      std::string(1, severity),
      absl::FormatTime("%m%d %H:%M:%E6S", now, absl::LocalTimeZone()),
      absl::StrFormat(" %7d ", getpid()), where, "] ", message, end);
}

}  // namespace fairway
