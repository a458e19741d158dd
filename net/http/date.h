// SPDX-License-Identifier: Apache-2.0
#ifndef NET_HTTP_DATE_H_
#define NET_HTTP_DATE_H_

#include <string>

#include "absl/time/time.h"

namespace fairway::net::http {

// "Mon, 02 Jan 2006 15:04:05 GMT": a Date header. Mirrors: http.TimeFormat.
std::string FormatDate(absl::Time time);

}  // namespace fairway::net::http

#endif  // NET_HTTP_DATE_H_
