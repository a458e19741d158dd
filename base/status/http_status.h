// SPDX-License-Identifier: Apache-2.0
// The one table between absl's canonical codes and HTTP's.
#ifndef BASE_STATUS_HTTP_STATUS_H_
#define BASE_STATUS_HTTP_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fairway {

// The HTTP status that a server answers for `code`; 500 for what has none.
int HttpStatusFromCode(absl::StatusCode code);

// The code a client gives to an answer of `http_status`; kOk for 1xx to 3xx.
absl::StatusCode CodeFromHttpStatus(int http_status);

// The reason phrase of RFC 9110 ("Not Found"); empty for unknown numbers.
absl::string_view HttpReasonPhrase(int http_status);

}  // namespace fairway

#endif  // BASE_STATUS_HTTP_STATUS_H_
