// SPDX-License-Identifier: Apache-2.0
// URLs, queries and paths: what was read and is written again says the same, so
// that two readers on the way never see two different requests.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bazel/fuzz/fuzz_input.h"
#include "net/http/url.h"

namespace fairway::net::http {
namespace {

using fuzz::Require;

bool Same(const Url& a, const Url& b) {
  return a.scheme == b.scheme && a.user == b.user && a.password == b.password &&
         a.host == b.host && a.port == b.port && a.path == b.path &&
         a.raw_query == b.raw_query;
}

void CheckWritten(const Url& url) {
  absl::StatusOr<Url> again = ParseUrl(url.ToString());
  Require(again.ok(), "a URL that was written is one");
  Require(Same(url, *again), "a URL stays what it is");
}

bool HasDotSegment(const Url& url) {
  absl::StatusOr<std::vector<std::string>> segments = SplitPath(url.path);
  Require(segments.ok(), "a URL's path can be taken apart");
  for (absl::string_view rest = url.path; !rest.empty();) {
    const absl::string_view segment = fuzz::TakeUntil(rest, '/');
    if (segment == "." || segment == "..") return true;
  }
  return false;
}

void CheckUrl(absl::string_view text) {
  absl::StatusOr<Url> url = ParseUrl(text);
  if (!url.ok()) return;
  CheckWritten(*url);
  for (const char* base_text : {"https://10.0.0.1:10250/a/b/c?d=e", "/x/y"}) {
    absl::StatusOr<Url> base = ParseUrl(base_text);
    Require(base.ok(), "the base is a URL");
    const Url resolved = ResolveReference(*base, *url);
    CheckWritten(resolved);
    if (!url->path.empty()) {
      Require(!HasDotSegment(resolved), "a resolved path has no dots");
    }
    const bool elsewhere = !url->host.empty() || !url->scheme.empty();
    Require(elsewhere || resolved.HostPort() == base->HostPort(),
            "a reference without a host stays at the base's");
  }
}

void CheckQuery(absl::string_view text) {
  absl::StatusOr<Query> query = ParseQuery(text);
  if (!query.ok()) return;
  const std::string encoded = EncodeQuery(*query);
  absl::StatusOr<Query> again = ParseQuery(encoded);
  Require(again.ok() && again->size() == query->size(),
          "a query that was written is one");
  Require(EncodeQuery(*again) == encoded, "a query stays what it is");
  for (const auto& [key, value] : *query) {
    Require(QueryValue(*again, key) == QueryValue(*query, key),
            "a key's first value stays the first");
  }
}

void CheckPath(absl::string_view text) {
  absl::StatusOr<std::vector<std::string>> segments = SplitPath(text);
  if (!segments.ok()) return;
  std::string path;
  for (const std::string& segment : *segments) {
    absl::StrAppend(&path, "/", PathEscape(segment));
  }
  absl::StatusOr<std::vector<std::string>> again = SplitPath(path);
  Require(again.ok() && *again == *segments, "a path stays what it is");
}

}  // namespace
}  // namespace fairway::net::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = fairway::fuzz::View(data, size);
  fairway::net::http::CheckUrl(text);
  fairway::net::http::CheckQuery(text);
  fairway::net::http::CheckPath(text);
  return 0;
}
