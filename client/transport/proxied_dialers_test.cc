// SPDX-License-Identifier: Apache-2.0
// Mirrors: TestRoundTripAndNewConnection of k8s.io/apimachinery/pkg/util/
// httpstream/spdy/roundtripper_test.go (v0.20.2), for both transports.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/testing/run_test.h"
#include "client/rest/config.h"
#include "client/transport/create_dialer.h"
#include "client/transport/testing/fake_stream_server.h"
#include "net/http/testing/fake_connect_proxy.h"
#include "net/tls/certs.h"
#include "net/tls/tls.h"

namespace fairway::transport {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

enum class Proxy { kNone, kHttp, kHttps };
enum class Trust { kAuthority, kAnything, kAnother };

struct Way {
  const char* name;
  Proxy proxy;
  bool server_tls;
  Trust trust = Trust::kAuthority;
  const char* credentials = "";  // that the proxy asks for
  const char* given = "";
  const char* error = "";  // part of it; empty: the way is open
};

constexpr char kUnknownAuthority[] =
    "x509: certificate signed by unknown authority";
constexpr char kUnauthenticated[] =
    "returned response: 407 Proxy Authentication Required";

const Way kWays[] = {
    {"Http", Proxy::kNone, false},
    {"Https", Proxy::kNone, true},
    {"HttpsOfAnyone", Proxy::kNone, true, Trust::kAnything},
    {"HttpsOfAnother", Proxy::kNone, true, Trust::kAnother, "", "",
     kUnknownAuthority},
    {"HttpByHttp", Proxy::kHttp, false},
    {"HttpByHttpWithPassword", Proxy::kHttp, false, Trust::kAuthority,
     "jane:p@ss:word", "jane:p@ss:word"},
    {"HttpByHttpWithoutPassword", Proxy::kHttp, false, Trust::kAuthority,
     "jane:pass", "", kUnauthenticated},
    {"HttpByHttps", Proxy::kHttps, false},
    {"HttpByHttpsOfAnother", Proxy::kHttps, false, Trust::kAnother, "", "",
     kUnknownAuthority},
    {"HttpsByHttp", Proxy::kHttp, true},
    {"HttpsByHttpOfAnyone", Proxy::kHttp, true, Trust::kAnything},
    {"HttpsByHttpOfAnother", Proxy::kHttp, true, Trust::kAnother, "", "",
     kUnknownAuthority},
    {"HttpsByHttpWithPassword", Proxy::kHttp, true, Trust::kAuthority,
     "jane:pass", "jane:pass"},
    {"HttpsByHttpWithWrongPassword", Proxy::kHttp, true, Trust::kAuthority,
     "jane:pass", "jane:word", kUnauthenticated},
    {"HttpsByHttps", Proxy::kHttps, true},
    {"HttpsByHttpsOfAnyone", Proxy::kHttps, true, Trust::kAnything},
    {"HttpsByHttpsOfAnother", Proxy::kHttps, true, Trust::kAnother, "", "",
     "proxyconnect tcp: x509: certificate signed by unknown authority"},
    {"HttpsByHttpsWithPassword", Proxy::kHttps, true, Trust::kAuthority,
     "jane:pass", "jane:pass"},
    {"HttpsByHttpsWithWrongPassword", Proxy::kHttps, true, Trust::kAuthority,
     "jane:pass", "jane:word", kUnauthenticated},
};

std::shared_ptr<const net::TlsServerContext> LocalhostOf(
    const net::CertificateAuthority& authority) {
  net::CertificateRequest request;
  request.ip_addresses = {"127.0.0.1"};
  const net::CertificateAndKey pair = *authority.Sign(request);
  net::TlsServerConfig config;
  config.cert_pem = pair.cert_pem;
  config.key_pem = pair.key_pem;
  config.alpn = {"h2", "http/1.1"};
  return *net::NewTlsServerContext(config);
}

rest::TLSClientConfig Trusting(Trust trust,
                               const net::CertificateAuthority& authority) {
  rest::TLSClientConfig tls;
  if (trust == Trust::kAnything) tls.insecure = true;
  if (trust == Trust::kAuthority) tls.ca_data = authority.cert_pem();
  if (trust == Trust::kAnother) {
    tls.ca_data = (*net::CertificateAuthority::Make("other"))->cert_pem();
  }
  return tls;
}

Task<absl::Status> Go(Executor executor, const Way& way, std::string upgrade) {
  const auto authority = *net::CertificateAuthority::Make("ca");
  FakeStreamServer::Options options;
  if (way.server_tls) options.tls = LocalhostOf(*authority);
  FakeStreamServer server(executor, options);
  net::http::FakeConnectProxy::Options proxy_options;
  if (way.proxy == Proxy::kHttps) proxy_options.tls = LocalhostOf(*authority);
  proxy_options.credentials = way.credentials;
  net::http::FakeConnectProxy proxy(executor, proxy_options);
  rest::Config config;
  config.host = server.url();
  config.tls = Trusting(way.trust, *authority);
  // No proxy of the environment is used for loopback.
  if (way.proxy != Proxy::kNone) config.proxy = proxy.proxier(way.given);
  auto dialer = CreateDialer(
      config, "POST", *net::http::ParseUrl(server.url() + "/portforward"), {});
  if (!dialer.ok()) co_return dialer.status();
  absl::StatusOr<std::string> echo = co_await Echo(**dialer);
  const std::string target = server.url().substr(server.url().find("://") + 3);
  if (*way.error == '\0') {
    EXPECT_EQ(echo.value_or(echo.status().ToString()),
              "hello by portforward.k8s.io");
    EXPECT_THAT(server.upgrades(), ElementsAre(upgrade));
  } else {
    EXPECT_THAT(std::string(echo.status().message()), HasSubstr(way.error));
    EXPECT_THAT(std::string(echo.status().message()),
                ::testing::Not(HasSubstr("jane:word")));
    EXPECT_TRUE(server.upgrades().empty());
  }
  if (way.proxy != Proxy::kNone && *way.error == '\0') {
    EXPECT_THAT(proxy.heads(),
                ElementsAre(StartsWith(absl::StrCat(
                    "CONNECT ", target, " HTTP/1.1\r\nHost: ", target))));
  }
  absl::Status stopped = co_await proxy.Stop();
  EXPECT_THAT(stopped, IsOk());
  stopped = co_await server.Stop();
  co_return stopped;
}

class ProxiedDialersTest : public ::testing::TestWithParam<Way> {};

TEST_P(ProxiedDialersTest, WebSocketGoesThisWay) {
  RunTest([](Executor executor) {
    return Go(executor, GetParam(), "GET websocket");
  });
}

TEST_P(ProxiedDialersTest, SpdyGoesThisWay) {
  setenv("KUBECTL_PORT_FORWARD_WEBSOCKETS", "false", 1);
  RunTest([](Executor executor) {
    return Go(executor, GetParam(), "POST SPDY/3.1");
  });
  unsetenv("KUBECTL_PORT_FORWARD_WEBSOCKETS");
}

INSTANTIATE_TEST_SUITE_P(Ways, ProxiedDialersTest, ::testing::ValuesIn(kWays),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

}  // namespace
}  // namespace fairway::transport
