// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go (v0.20.2)
#include "apiserver/endpoints/request_info.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "apiserver/registry/rest/selector.h"

namespace fairway::apiserver::endpoints {
namespace {

using net::http::QueryValue;

using Parts = std::vector<std::string>;

std::string VerbOfMethod(const std::string& method) {
  if (method == "POST") return "create";
  if (method == "GET" || method == "HEAD") return "get";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  return method == "DELETE" ? "delete" : "";
}

Parts Tail(const Parts& parts, size_t from) {
  return Parts(parts.begin() + static_cast<long>(from), parts.end());
}

bool IsTrue(absl::string_view value) {
  return value == "true" || value == "1" || value == "True" || value == "TRUE";
}

// What a collection's verb depends on: the query.
void RefineCollectionVerb(const net::http::Query& query, RequestInfo* info) {
  if (!info->name.empty()) return;
  if (info->verb == "get") {
    info->verb = IsTrue(QueryValue(query, "watch")) ? "watch" : "list";
  }
  if (info->verb == "list" || info->verb == "watch") {
    const absl::string_view selector = QueryValue(query, "fieldSelector");
    auto fields = registry::rest::ParseFieldSelector(selector);
    if (!fields.ok()) return;
    for (const auto& field : *fields) {
      if (field.key == "metadata.name" &&
          field.op == registry::rest::Requirement::Operator::kIn) {
        info->name = *field.values.begin();
      }
    }
  } else if (info->verb == "delete") {
    info->verb = "deletecollection";
  }
}

}  // namespace

absl::StatusOr<RequestInfo> NewRequestInfo(
    const std::string& method, const std::string& path,
    const std::vector<std::string>& segments, const net::http::Query& query) {
  RequestInfo info;
  info.path = path;
  info.verb = absl::AsciiStrToLower(method);
  Parts parts = segments;
  const bool groupless = !parts.empty() && parts[0] == "api";
  const bool grouped = !parts.empty() && parts[0] == "apis";
  if (parts.size() < 3 || (!groupless && !grouped)) return info;
  info.api_prefix = parts[0];
  parts = Tail(parts, 1);
  if (grouped) {
    if (parts.size() < 3) return info;
    info.api_group = parts[0];
    parts = Tail(parts, 1);
  }
  info.is_resource_request = true;
  info.api_version = parts[0];
  parts = Tail(parts, 1);
  bool special = false;
  if (parts[0] == "proxy" || parts[0] == "watch") {
    if (parts.size() < 2) {
      return absl::InvalidArgumentError(absl::StrCat(
          "unable to determine kind and namespace from url, ", path));
    }
    info.verb = parts[0];
    parts = Tail(parts, 1);
    special = true;
  } else {
    info.verb = VerbOfMethod(method);
  }
  if (parts[0] == "namespaces" && parts.size() > 1) {
    info.ns = parts[1];
    // "namespaces/x/status" is a subresource of the namespace itself.
    if (parts.size() > 2 && parts[2] != "status" && parts[2] != "finalize") {
      parts = Tail(parts, 2);
    }
  }
  info.parts = parts;
  info.resource = parts[0];
  if (parts.size() >= 2) info.name = parts[1];
  if (parts.size() >= 3 && !special) info.subresource = parts[2];
  RefineCollectionVerb(query, &info);
  return info;
}

}  // namespace fairway::apiserver::endpoints
