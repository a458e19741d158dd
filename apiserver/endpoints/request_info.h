// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go (v0.20.2)
#ifndef APISERVER_ENDPOINTS_REQUEST_INFO_H_
#define APISERVER_ENDPOINTS_REQUEST_INFO_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "net/http/url.h"

namespace fairway::apiserver::endpoints {

struct RequestInfo {
  bool is_resource_request = false;
  std::string path;
  // A resource's verb ("list"), or the method in lower case.
  std::string verb;
  std::string api_prefix;  // "api", "apis"
  std::string api_group;
  std::string api_version;
  std::string ns;
  std::string resource;
  std::string subresource;
  std::string name;
  std::vector<std::string> parts;  // resource and what follows
};

// `path` as written, `segments` decoded and without empty ones.
// Errors: kInvalidArgument for a path that ends where a resource must follow.
absl::StatusOr<RequestInfo> NewRequestInfo(
    const std::string& method, const std::string& path,
    const std::vector<std::string>& segments, const net::http::Query& query);

}  // namespace fairway::apiserver::endpoints

#endif  // APISERVER_ENDPOINTS_REQUEST_INFO_H_
