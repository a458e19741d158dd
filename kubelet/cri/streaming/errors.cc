// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/streaming/errors.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace fairway::kubelet::cri::streaming {

absl::Status NewErrorTooManyInFlight() {
  return absl::ResourceExhaustedError(
      "maximum number of in-flight requests exceeded");
}

Task<absl::Status> WriteError(absl::Status error,
                              net::http::ResponseWriter& writer) {
  int http_status = 500;
  if (absl::IsNotFound(error)) {
    http_status = 404;
  } else if (absl::IsResourceExhausted(error)) {
    http_status = 429;
    writer.headers().Set("Retry-After",
                         absl::StrCat(absl::ToInt64Seconds(kCacheTTL)));
  }
  const std::string body(error.message());
  absl::Status written = co_await net::http::Respond(
      writer, http_status, "text/plain; charset=utf-8", body);
  co_return written;
}

}  // namespace fairway::kubelet::cri::streaming
