// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/status/testing/status_matchers.h"
#include "net/http/transport.h"

namespace fairway::net::http {
namespace {

using absl::StatusCode;

const char* const kVariables[] = {"HTTP_PROXY",    "http_proxy", "HTTPS_PROXY",
                                  "https_proxy",   "NO_PROXY",   "no_proxy",
                                  "REQUEST_METHOD"};

class ProxyFromEnvironmentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : kVariables) unsetenv(name);
  }
  void TearDown() override { SetUp(); }

  // The proxy for `url`, "" for none.
  static std::string For(const std::string& url) {
    absl::StatusOr<Url> proxy = ProxyFromEnvironment(*ParseUrl(url));
    if (!proxy.ok()) return proxy.status().ToString();
    return proxy->host.empty() ? "" : proxy->ToString();
  }
};

TEST_F(ProxyFromEnvironmentTest, ChoosesByScheme) {
  EXPECT_EQ(For("http://example.com"), "");
  setenv("HTTP_PROXY", "http://plain:1", 1);
  setenv("https_proxy", "https://u:p@secure:2", 1);
  EXPECT_EQ(For("http://example.com"), "http://plain:1");
  EXPECT_EQ(For("https://example.com"), "https://u:p@secure:2");
  setenv("HTTPS_PROXY", "upper:3", 1);
  EXPECT_EQ(For("https://example.com"), "http://upper:3");
  EXPECT_EQ(For("ftp://example.com"), "");
}

TEST_F(ProxyFromEnvironmentTest, NeverForLoopback) {
  setenv("HTTP_PROXY", "http://p:1", 1);
  for (const char* url : {"http://localhost:80/", "http://127.0.0.1",
                          "http://127.9.8.7:1", "http://[::1]:80"}) {
    EXPECT_EQ(For(url), "") << url;
  }
}

TEST_F(ProxyFromEnvironmentTest, RefusesWhatItCannotUse) {
  setenv("HTTP_PROXY", "no proxy", 1);
  EXPECT_THAT(ProxyFromEnvironment(*ParseUrl("http://example.com")),
              StatusIs(StatusCode::kInvalidArgument));
  setenv("HTTP_PROXY", "http://p:1", 1);
  setenv("REQUEST_METHOD", "GET", 1);
  EXPECT_THAT(ProxyFromEnvironment(*ParseUrl("http://example.com")),
              StatusIs(StatusCode::kFailedPrecondition));
}

struct NoProxyCase {
  std::string no_proxy;
  std::string url;
  bool want_proxy;
};

TEST_F(ProxyFromEnvironmentTest, HonoursNoProxy) {
  setenv("HTTP_PROXY", "http://p:1", 1);
  const NoProxyCase cases[] = {
      {"*", "http://example.com", false},
      {"example.com", "http://example.com", false},
      {"example.com", "http://www.EXAMPLE.com", false},
      {"example.com", "http://notexample.com", true},
      {".example.com", "http://www.example.com", false},
      {".example.com", "http://example.com", true},
      {"*.example.com", "http://www.example.com", false},
      {"*.example.com", "http://example.com", true},
      {"*example.com", "http://example.com", true},
      {"*example.com", "http://www.example.com", true},
      {"a.com,*", "http://example.com", false},
      {".example.com:80", "http://www.example.com", false},
      {".example.com:80", "http://www.example.com:81", true},
      {":80", "http://example.com", true},
      {"example.com:8080", "http://example.com:8080", false},
      {"example.com:8080", "http://example.com", true},
      {"example.com:80", "http://example.com", false},
      {" a.com , example.com ", "http://example.com", false},
      {",,", "http://example.com", true},
      {"10.1.2.3", "http://10.1.2.3", false},
      {"10.1.2.3", "http://10.1.2.4", true},
      {"10.1.2.3:80", "http://10.1.2.3:81", true},
      {"10.0.0.0/8", "http://10.200.1.1:6443", false},
      {"10.0.0.0/8", "http://11.0.0.1", true},
      {"10.0.0.0/8", "http://ten.example.com", true},
      {"10.128.0.0/9", "http://10.127.1.1", true},
      {"0.0.0.0/0", "http://9.9.9.9", false},
      {"fd00::/8", "http://[fd12::1]", false},
      {"fd00::/8", "http://[fe80::1]", true},
      {"[fd00::1]:80", "http://[fd00::1]", false},
      {"fd00::1", "http://[fd00::1]", false},
      {"10.0.0.0/99", "http://10.0.0.0", true},
  };
  for (const NoProxyCase& c : cases) {
    setenv("NO_PROXY", c.no_proxy.c_str(), 1);
    EXPECT_EQ(For(c.url), c.want_proxy ? "http://p:1" : "")
        << c.no_proxy << " for " << c.url;
  }
}

}  // namespace
}  // namespace fairway::net::http
