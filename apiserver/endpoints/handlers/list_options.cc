// SPDX-License-Identifier: Apache-2.0
#include "apiserver/endpoints/handlers/list_options.h"

#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "api/errors.h"

namespace fairway::apiserver::endpoints::handlers {

using net::http::QueryValue;

absl::StatusOr<registry::rest::ListOptions> DecodeListOptions(
    const net::http::Query& query) {
  registry::rest::ListOptions options;
  auto labels =
      registry::rest::ParseLabelSelector(QueryValue(query, "labelSelector"));
  if (!labels.ok()) return api::NewBadRequest(labels.status().message());
  options.labels = *std::move(labels);
  auto fields =
      registry::rest::ParseFieldSelector(QueryValue(query, "fieldSelector"));
  if (!fields.ok()) return api::NewBadRequest(fields.status().message());
  options.fields = *std::move(fields);
  options.resource_version = std::string(QueryValue(query, "resourceVersion"));
  options.continue_token = std::string(QueryValue(query, "continue"));
  const absl::string_view bookmarks = QueryValue(query, "allowWatchBookmarks");
  options.allow_watch_bookmarks = bookmarks == "true" || bookmarks == "1";
  const absl::string_view limit = QueryValue(query, "limit");
  if (!limit.empty() && !absl::SimpleAtoi(limit, &options.limit)) {
    return api::NewBadRequest(absl::StrCat("strconv.ParseInt: parsing \"",
                                           limit, "\": invalid syntax"));
  }
  return options;
}

}  // namespace fairway::apiserver::endpoints::handlers
