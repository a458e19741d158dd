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

Json ApiGroup(const std::string& group) {
  Json version;
  version["groupVersion"] = group + "/v1";
  version["version"] = "v1";
  Json json;
  json["kind"] = "APIGroup";
  json["apiVersion"] = "v1";
  json["name"] = group;
  json["versions"].push_back(version);
  json["preferredVersion"] = std::move(version);
  return json;
}

Json ApiGroupList(const std::vector<std::string>& groups) {
  Json json;
  json["kind"] = "APIGroupList";
  json["apiVersion"] = "v1";
  json["groups"] = Json::array();
  for (const std::string& group : groups) {
    Json entry = ApiGroup(group);
    entry.erase("kind");
    entry.erase("apiVersion");
    json["groups"].push_back(std::move(entry));
  }
  return json;
}

Json ApiResourceList(const std::string& group,
                     std::vector<ResourceEntry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  Json json;
  json["kind"] = "APIResourceList";
  if (!group.empty()) json["apiVersion"] = "v1";
  json["groupVersion"] = group.empty() ? "v1" : group + "/v1";
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

Json RootPaths(const std::vector<std::string>& groups) {
  Json json;
  for (const char* path : {"/api", "/api/v1", "/apis"}) {
    json["paths"].push_back(path);
  }
  for (const std::string& group : groups) {
    json["paths"].push_back("/apis/" + group);
    json["paths"].push_back("/apis/" + group + "/v1");
  }
  for (const char* path : {"/healthz", "/livez", "/metrics", "/openapi/v2",
                           "/readyz", "/version"}) {
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
