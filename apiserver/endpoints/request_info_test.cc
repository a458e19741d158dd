// SPDX-License-Identifier: Apache-2.0
#include "apiserver/endpoints/request_info.h"

#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::apiserver::endpoints {
namespace {

struct Case {
  const char* method;
  const char* url;
  bool resource_request;
  const char* verb;
  const char* group;
  const char* version;
  const char* ns;
  const char* resource;
  const char* subresource;
  const char* name;
};

class RequestInfoTest : public ::testing::TestWithParam<Case> {};

TEST_P(RequestInfoTest, IsReadFromThePath) {
  const Case& c = GetParam();
  auto url = net::http::ParseUrl(c.url);
  ASSERT_THAT(url, IsOk());
  auto query = net::http::ParseQuery(url->raw_query);
  ASSERT_THAT(query, IsOk());
  std::vector<std::string> segments =
      absl::StrSplit(url->path, '/', absl::SkipEmpty());
  auto info = NewRequestInfo(c.method, url->path, segments, *query);
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->is_resource_request, c.resource_request);
  EXPECT_EQ(info->verb, c.verb);
  EXPECT_EQ(info->api_group, c.group);
  EXPECT_EQ(info->api_version, c.version);
  EXPECT_EQ(info->ns, c.ns);
  EXPECT_EQ(info->resource, c.resource);
  EXPECT_EQ(info->subresource, c.subresource);
  EXPECT_EQ(info->name, c.name);
}

INSTANTIATE_TEST_SUITE_P(
    All, RequestInfoTest,
    ::testing::Values(
        Case{"GET", "/api/v1/namespaces", true, "list", "", "v1", "",
             "namespaces", "", ""},
        Case{"GET", "/api/v1/namespaces/other", true, "get", "", "v1", "other",
             "namespaces", "", "other"},
        Case{"PUT", "/api/v1/namespaces/other/status", true, "update", "", "v1",
             "other", "namespaces", "status", "other"},
        Case{"GET", "/api/v1/namespaces/other/pods", true, "list", "", "v1",
             "other", "pods", "", ""},
        Case{"GET", "/api/v1/namespaces/other/pods/foo", true, "get", "", "v1",
             "other", "pods", "", "foo"},
        Case{"HEAD", "/api/v1/namespaces/other/pods/foo", true, "get", "", "v1",
             "other", "pods", "", "foo"},
        Case{"GET", "/api/v1/pods", true, "list", "", "v1", "", "pods", "", ""},
        Case{"GET", "/api/v1/pods?watch=true", true, "watch", "", "v1", "",
             "pods", "", ""},
        Case{"GET", "/api/v1/pods?watch=false", true, "list", "", "v1", "",
             "pods", "", ""},
        Case{"GET", "/api/v1/watch/namespaces/other/pods", true, "watch", "",
             "v1", "other", "pods", "", ""},
        Case{
            "GET",
            "/api/v1/namespaces/o/pods?watch=1&fieldSelector=metadata.name%3Dx",
            true, "watch", "", "v1", "o", "pods", "", "x"},
        Case{"POST", "/api/v1/namespaces/other/pods/foo/portforward", true,
             "create", "", "v1", "other", "pods", "portforward", "foo"},
        Case{"GET", "/api/v1/namespaces/other/pods/foo/portforward", true,
             "get", "", "v1", "other", "pods", "portforward", "foo"},
        Case{"PATCH", "/api/v1/nodes/n/status", true, "patch", "", "v1", "",
             "nodes", "status", "n"},
        Case{"DELETE", "/api/v1/namespaces/other/pods", true,
             "deletecollection", "", "v1", "other", "pods", "", ""},
        Case{"DELETE", "/api/v1/namespaces/other/pods/foo", true, "delete", "",
             "v1", "other", "pods", "", "foo"},
        Case{"POST", "/apis/apps/v1/namespaces/other/deployments", true,
             "create", "apps", "v1", "other", "deployments", "", ""},
        Case{"GET", "/", false, "get", "", "", "", "", "", ""},
        Case{"GET", "/api", false, "get", "", "", "", "", "", ""},
        Case{"GET", "/api/v1", false, "get", "", "", "", "", "", ""},
        Case{"GET", "/apis/apps/v1", false, "get", "", "", "", "", "", ""},
        Case{"POST", "/healthz/ping", false, "post", "", "", "", "", "", ""},
        Case{"GET", "/version", false, "get", "", "", "", "", "", ""}),
    [](const auto& info) { return "Case" + std::to_string(info.index); });

TEST(RequestInfoTest, WatchWithoutAResourceIsRefused) {
  EXPECT_THAT(
      NewRequestInfo("GET", "/api/v1/watch", {"api", "v1", "watch"}, {}),
      StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace fairway::apiserver::endpoints
