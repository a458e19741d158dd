// SPDX-License-Identifier: Apache-2.0
// Mirrors: the head of a line of k8s.io/klog/v2 (v2.4.0)
#ifndef BASE_LOG_KLOG_LINE_H_
#define BASE_LOG_KLOG_LINE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fairway {

// "I1123 03:01:23.122621   11092 round_trippers.go:445] GET ...", ending in a
// newline. `severity` is I, W, E or F; `where` is Kubernetes' own file and
// line, which scripts may look for; `now` is shown in local time.
std::string KlogLine(char severity, absl::string_view where,
                     absl::string_view message, absl::Time now);

}  // namespace fairway

#endif  // BASE_LOG_KLOG_LINE_H_
