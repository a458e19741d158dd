// SPDX-License-Identifier: Apache-2.0
#include "net/http/date.h"

namespace fairway::net::http {

std::string FormatDate(absl::Time time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", time,
                          absl::UTCTimeZone());
}

}  // namespace fairway::net::http
