// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/discovery (v0.20.2)
#include "apiserver/endpoints/discovery.h"

#include <algorithm>
#include <utility>

#include "base/version/version.h"

namespace fairway::apiserver::endpoints {
namespace {

constexpr char kTitle[] = "Kubernetes";

// A length-delimited protobuf field of at most 127 bytes.
std::string Field(int number, const std::string& value) {
  std::string field;
  field += static_cast<char>(number << 3 | 2);
  field += static_cast<char>(value.size());
  return field + value;
}

}  // namespace

Json ApiVersions(const std::string& server_address) {
  Json json;
  json["kind"] = "APIVersions";
  json["versions"].push_back("v1");
  Json address;
  address["clientCIDR"] = "0.0.0.0/0";
  address["serverAddress"] = server_address;
  json["serverAddressByClientCIDRs"].push_back(std::move(address));
  return json;
}

Json ApiGroupList() {
  Json json;
  json["kind"] = "APIGroupList";
  json["apiVersion"] = "v1";
  json["groups"] = Json::array();
  return json;
}

Json ApiResourceList(std::vector<ResourceEntry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  Json json;
  json["kind"] = "APIResourceList";
  json["groupVersion"] = "v1";
  json["resources"] = Json::array();
  for (const ResourceEntry& entry : entries) {
    Json resource;
    resource["name"] = entry.path;
    resource["singularName"] = "";
    resource["namespaced"] = entry.info.namespaced;
    resource["kind"] = entry.kind;
    resource["verbs"] = entry.verbs;
    const bool main = entry.path == entry.info.resource;
    if (main && !entry.info.short_names.empty()) {
      resource["shortNames"] = entry.info.short_names;
    }
    if (main && !entry.info.categories.empty()) {
      resource["categories"] = entry.info.categories;
    }
    json["resources"].push_back(std::move(resource));
  }
  return json;
}

Json VersionInfo() {
  Json json;
  json["major"] = std::string(kMajor);
  json["minor"] = std::string(kMinor);
  json["gitVersion"] = std::string(kGitVersion);
  json["gitCommit"] = "";
  json["gitTreeState"] = "";
  json["buildDate"] = "";
  json["goVersion"] = "";
  json["compiler"] = "gcc";
  json["platform"] = "linux/amd64";
  return json;
}

Json RootPaths() {
  Json json;
  for (const char* path : {"/api", "/api/v1", "/apis", "/healthz", "/livez",
                           "/metrics", "/openapi/v2", "/readyz", "/version"}) {
    json["paths"].push_back(path);
  }
  return json;
}

Json OpenApiV2() {
  Json json;
  json["swagger"] = "2.0";
  json["info"]["title"] = kTitle;
  json["info"]["version"] = std::string(kGitVersion);
  json["paths"] = Json::object();
  json["definitions"] = Json::object();
  return json;
}

std::string OpenApiV2Protobuf() {
  return Field(1, "2.0") +
         Field(2, Field(1, kTitle) + Field(2, std::string(kGitVersion)));
}

}  // namespace fairway::apiserver::endpoints
