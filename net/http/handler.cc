// SPDX-License-Identifier: Apache-2.0
#include "net/http/handler.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "net/http/request_target.h"

namespace fairway::net::http {

absl::Status SetRequestTarget(absl::string_view target, absl::string_view host,
                              ServerRequest& request) {
  absl::StatusOr<Url> url = ParseRequestTarget(request.method, target, host);
  if (!url.ok()) return url.status();
  absl::StatusOr<std::vector<std::string>> segments = SplitPath(url->path);
  if (!segments.ok()) return segments.status();
  request.url = *std::move(url);
  request.path_segments = *std::move(segments);
  return absl::OkStatus();
}

Task<absl::Status> Respond(ResponseWriter& writer, int status,
                           absl::string_view content_type,
                           absl::string_view body) {
  if (!content_type.empty()) writer.headers().Set("Content-Type", content_type);
  writer.headers().Set("Content-Length", absl::StrCat(body.size()));
  absl::Status begun = co_await writer.WriteHeader(status);
  FAIRWAY_CO_RETURN_IF_ERROR(begun);
  if (body.empty()) co_return absl::OkStatus();
  absl::Status written = co_await writer.Write(body);
  co_return written;
}

}  // namespace fairway::net::http
