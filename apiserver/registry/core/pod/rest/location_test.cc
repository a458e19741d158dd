// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/core/pod/rest/location.h"

#include <gtest/gtest.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "api/errors.h"
#include "api/json.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"

namespace fairway::apiserver::registry::pod {
namespace {

// Objects by name.
class FakeStorage final : public rest::Storage {
 public:
  explicit FakeStorage(std::string resource) {
    info_.resource = std::move(resource);
  }
  void Add(const char* name, const char* json) {
    objects_[name] = *api::ParseJson(json);
  }
  const rest::ResourceInfo& info() const override { return info_; }
  std::vector<std::string> verbs() const override { return {"get"}; }
  Task<absl::StatusOr<Json>> Get(std::string, std::string name) override {
    auto it = objects_.find(name);
    if (it == objects_.end()) {
      co_return api::NewNotFound(info_.resource, name);
    }
    co_return it->second;
  }

 private:
  rest::ResourceInfo info_;
  std::map<std::string, Json> objects_;
};

absl::StatusOr<Location> Find(
    const char* pod_name, const char* options,
    const char* node_address = "10.0.0.1",
    node::LoopbackKubelets loopback = node::LoopbackKubelets::kRefused) {
  FakeStorage pods("pods");
  pods.Add("bound", R"({"metadata":{"name":"bound","namespace":"ns"},
                        "spec":{"nodeName":"n1"}})");
  pods.Add("unbound", R"({"metadata":{"name":"unbound","namespace":"ns"},
                          "spec":{}})");
  pods.Add("lost", R"({"metadata":{"name":"lost","namespace":"ns"},
                       "spec":{"nodeName":"n2"}})");
  pods.Add("astray", R"({"metadata":{"name":"astray","namespace":"ns"},
                         "spec":{"nodeName":"n3"}})");
  FakeStorage nodes("nodes");
  const std::string n1 = absl::StrReplaceAll(
      R"({"status":{
          "addresses":[{"type":"ExternalIP","address":"192.0.2.1"},
                       {"type":"InternalIP","address":"ADDRESS"}],
          "daemonEndpoints":{"kubeletEndpoint":{"Port":10999}}}})",
      {{"ADDRESS", node_address}});
  nodes.Add("n1", n1.c_str());
  nodes.Add("n2", R"({"status":{"addresses":[
      {"type":"ExternalDNS","address":"e.example"},
      {"type":"ExternalIP","address":"192.0.2.2"}]}})");
  node::KubeletClientConfig config;
  config.preferred_address_types = {"Hostname", "InternalIP"};
  config.loopback = loopback;
  auto connections = node::NewNodeConnectionInfoGetter(&nodes, config);
  absl::StatusOr<Location> result = absl::UnknownError("not run");
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    std::string ns = "ns";
    std::string name = pod_name;
    Json json = *api::ParseJson(options);
    absl::StatusOr<Location> found = co_await PortForwardLocation(
        pods, *connections, std::move(ns), std::move(name), std::move(json));
    result = std::move(found);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(ran, IsOk());
  return result;
}

absl::Status Dial(Location location) {
  return RunLoop([&location]() -> Task<absl::Status> {
    location.url.scheme = "http";  // no TLS is set up here
    absl::StatusOr<std::unique_ptr<net::ByteStream>> stream =
        co_await net::http::Dial(location.url, location.dial);
    co_return stream.status();
  });
}

TEST(PortForwardLocationTest, IsTheKubeletsUrl) {
  auto location = Find("bound", "{}");
  ASSERT_THAT(location, IsOk());
  EXPECT_EQ(location->url.ToString(),
            "https://10.0.0.1:10999/portForward/ns/bound");
}

TEST(PortForwardLocationTest, PortsBecomePort) {
  auto location = Find("bound", R"({"ports":[80,443]})");
  ASSERT_THAT(location, IsOk());
  EXPECT_EQ(location->url.raw_query, "port=80%2C443");
}

TEST(PortForwardLocationTest, RefusesInUpstreamsWords) {
  EXPECT_THAT(Find("unbound", "{}"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "pod unbound does not have a host assigned"));
  EXPECT_THAT(Find("none", "{}"),
              StatusIs(absl::StatusCode::kNotFound, "pods \"none\" not found"));
  EXPECT_THAT(Find("astray", "{}"),
              StatusIs(absl::StatusCode::kNotFound, "nodes \"n3\" not found"));
  EXPECT_THAT(std::string(Find("lost", "{}").status().message()),
              "no preferred addresses found; known addresses: [{ExternalDNS "
              "e.example} {ExternalIP 192.0.2.2}]");
}

// What a node's status says is dialled only if it is no place of the API
// server's own.
TEST(PortForwardLocationTest, CVE_2022_3294_ANodesAddressIsCheckedAtTheDial) {
  struct Case {
    const char* node_address;
    const char* dialled;
  };
  const Case cases[] = {
      {"127.0.0.1", "127.0.0.1"},
      {"localhost", "[::1]"},  // the last that was tried
      {"::1", "[::1]"},
      {"::ffff:127.0.0.1", "[::ffff:127.0.0.1]"},
      {"169.254.169.254", "169.254.169.254"},
      {"fe80::1", "[fe80::1]"},
      {"0.0.0.0", "0.0.0.0"},
      {"::", "[::]"},
      {"224.0.0.1", "224.0.0.1"},
      {"ff02::1", "[ff02::1]"},
  };
  for (const Case& c : cases) {
    auto location = Find("bound", "{}", c.node_address);
    ASSERT_THAT(location, IsOk());
    EXPECT_THAT(Dial(*location),
                StatusIs(absl::StatusCode::kPermissionDenied,
                         absl::StrCat("dial tcp ", c.dialled,
                                      ":10999: address not allowed")));
  }
}

TEST(PortForwardLocationTest, CVE_2022_3294_LoopbackIsDialledIfAskedFor) {
  constexpr auto kAllowed = node::LoopbackKubelets::kAllowed;
  for (const char* ip : {"127.0.0.1", "::1", "10.1.2.3", "fd00::1"}) {
    EXPECT_THAT(node::CheckKubeletAddress(ip, kAllowed), IsOk()) << ip;
  }
  for (const char* ip :
       {"169.254.1.1", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "n1", ""}) {
    EXPECT_THAT(node::CheckKubeletAddress(ip, kAllowed),
                StatusIs(absl::StatusCode::kPermissionDenied))
        << ip;
  }
  // Nobody listens there; that it is known says that it was tried.
  auto location = Find("bound", "{}", "localhost", kAllowed);
  ASSERT_THAT(location, IsOk());
  EXPECT_THAT(Dial(*location), StatusIs(absl::StatusCode::kUnavailable));
}

TEST(PreferredNodeAddressTest, HostnameMayComeFromTheLabel) {
  const Json node = *api::ParseJson(
      R"({"metadata":{"labels":{"kubernetes.io/hostname":"h"}}})");
  auto address = node::GetPreferredNodeAddress(node, {"Hostname"});
  ASSERT_THAT(address, IsOk());
  EXPECT_EQ(*address, "h");
}

}  // namespace
}  // namespace fairway::apiserver::registry::pod
