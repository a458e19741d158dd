// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/discovery and pkg/server/routes
// (v0.20.2)
// What the server says of itself.
#ifndef APISERVER_ENDPOINTS_DISCOVERY_H_
#define APISERVER_ENDPOINTS_DISCOVERY_H_

#include <string>
#include <vector>

#include "apiserver/registry/rest/json_path.h"
#include "apiserver/registry/rest/rest.h"

namespace fairway::apiserver::endpoints {

// One entry of an APIResourceList.
struct ResourceEntry {
  std::string path;  // "pods", "pods/status"
  registry::rest::ResourceInfo info;
  std::string kind;
  std::vector<std::string> verbs;
};

// `group` is "apps"; `groups` are all but the core group, sorted.
Json ApiVersions(const std::string& server_address);        // /api
Json ApiGroupList(const std::vector<std::string>& groups);  // /apis
Json ApiGroup(const std::string& group);                    // /apis/apps
Json VersionInfo();                                         // /version
Json RootPaths(const std::vector<std::string>& groups);     // /

// /api/v1, for the empty group, or /apis/apps/v1. The core group's has no
// apiVersion, as upstream.
Json ApiResourceList(const std::string& group,
                     std::vector<ResourceEntry> entries);

// An OpenAPI document that describes no type, so that kubectl's validation has
// nothing to object to: as JSON, and as a gnostic openapi.v2.Document.
Json OpenApiV2();
std::string OpenApiV2Protobuf();

}  // namespace fairway::apiserver::endpoints

#endif  // APISERVER_ENDPOINTS_DISCOVERY_H_
