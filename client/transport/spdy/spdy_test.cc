// SPDX-License-Identifier: Apache-2.0
#include "client/transport/spdy/spdy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/testing/run_test.h"
#include "client/transport/testing/fake_stream_server.h"
#include "net/http/handler.h"
#include "net/tls/certs.h"
#include "net/tls/tls.h"

namespace fairway::transport::spdy {
namespace {

using absl::StatusCode;
using net::http::ResponseWriter;
using net::http::ServerRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What came of a stream by way of a server of `options`.
struct Outcome {
  absl::StatusOr<std::string> echo = absl::UnknownError("not dialled");
  std::vector<std::string> upgrades;
  std::string url;
};

Outcome Dial(FakeStreamServer::Options options, rest::Config config = {}) {
  Outcome outcome;
  RunTest([&](Executor executor) -> Task<absl::Status> {
    FakeStreamServer server(executor, options);
    config.host = server.url();
    outcome.url = server.url() + "/pods/x/portforward";
    absl::StatusOr<RoundTripperAndUpgrader> made = RoundTripperFor(config, {});
    if (!made.ok()) co_return made.status();
    std::unique_ptr<httpstream::Dialer> dialer =
        NewDialer(made->upgrader, made->round_tripper, "POST",
                  *net::http::ParseUrl(outcome.url));
    outcome.echo = co_await Echo(*dialer);
    outcome.upgrades = server.upgrades();
    absl::Status stopped = co_await server.Stop();
    co_return stopped;
  });
  return outcome;
}

FakeStreamServer::Options Answers(net::http::Handler handler) {
  FakeStreamServer::Options options;
  options.spdy = std::move(handler);
  return options;
}

TEST(SpdyTransportTest, CarriesStreams) {
  const Outcome outcome = Dial({});
  EXPECT_EQ(outcome.echo.value_or(""), "hello by portforward.k8s.io");
  EXPECT_THAT(outcome.upgrades, ElementsAre("POST SPDY/3.1"));
}

TEST(SpdyTransportTest, SaysWhoAsksAndForWhat) {
  rest::Config config;
  config.bearer_token = "secret";
  config.user_agent = "test/1";
  config.impersonate.user_name = "jane";
  std::string seen;
  Dial(Answers([&seen](ServerRequest& request, ResponseWriter& writer) {
         for (const char* name :
              {"Connection", "Upgrade", "X-Stream-Protocol-Version",
               "Authorization", "User-Agent", "Impersonate-User"}) {
           absl::StrAppend(&seen, request.headers.Get(name), "|");
         }
         return net::http::Respond(writer, 403, "", "");
       }),
       config);
  EXPECT_EQ(seen,
            "Upgrade|SPDY/3.1|portforward.k8s.io|Bearer secret|test/1|jane|");
}

TEST(SpdyTransportTest, ARefusalHasTheServersWords) {
  Outcome outcome = Dial(Answers([](ServerRequest&, ResponseWriter& writer) {
    return net::http::Respond(writer, 500, "text/plain",
                              "error dialing backend: EOF\n");
  }));
  EXPECT_THAT(
      outcome.echo,
      StatusIs(StatusCode::kInternal,
               "unable to upgrade connection: error dialing backend: EOF"));
  outcome = Dial(Answers([](ServerRequest&, ResponseWriter& writer) {
    return net::http::Respond(
        writer, 403, "application/json",
        R"({"kind":"Status","message":"pods \"x\" is forbidden"})");
  }));
  EXPECT_THAT(outcome.echo, StatusIs(StatusCode::kPermissionDenied,
                                     "pods \"x\" is forbidden"));
}

TEST(SpdyTransportTest, ARequestThatFailsIsNamed) {
  Outcome outcome = Dial(
      Answers([](ServerRequest&, ResponseWriter& writer) -> Task<absl::Status> {
        absl::StatusOr<std::unique_ptr<net::ByteStream>> stream =
            writer.Hijack();
        if (!stream.ok()) co_return stream.status();
        absl::Status closed = co_await (*stream)->Close();
        co_return closed;
      }));
  EXPECT_THAT(outcome.echo,
              StatusIs(StatusCode::kUnavailable,
                       absl::StrCat("error sending request: Post \"",
                                    outcome.url, "\": unexpected EOF")));
}

TEST(SpdyTransportTest, HoldsTheServerToItsAuthority) {
  const auto authority = *net::CertificateAuthority::Make("ca");
  const auto other = *net::CertificateAuthority::Make("other");
  net::CertificateRequest request;
  request.ip_addresses = {"127.0.0.1"};
  const net::CertificateAndKey pair = *authority->Sign(request);
  net::TlsServerConfig tls;
  tls.cert_pem = pair.cert_pem;
  tls.key_pem = pair.key_pem;
  // It would rather speak HTTP/2.
  tls.alpn = {"h2", "http/1.1"};
  FakeStreamServer::Options options;
  options.tls = *net::NewTlsServerContext(tls);
  rest::Config config;
  config.tls.ca_data = authority->cert_pem();
  Outcome outcome = Dial(options, config);
  EXPECT_EQ(outcome.echo.value_or(""), "hello by portforward.k8s.io");
  config.tls.ca_data = other->cert_pem();
  outcome = Dial(options, config);
  EXPECT_THAT(outcome.echo,
              StatusIs(StatusCode::kUnauthenticated,
                       HasSubstr("x509: certificate signed by unknown "
                                 "authority")));
  EXPECT_TRUE(outcome.upgrades.empty());
}

TEST(SpdyTransportTest, RefusesTwoKindsOfCredentials) {
  rest::Config config;
  config.host = "http://127.0.0.1:1";
  config.bearer_token = "t";
  config.username = "u";
  EXPECT_THAT(RoundTripperFor(config, {}).status(),
              StatusIs(StatusCode::kInvalidArgument,
                       "username/password or bearer token may be set, but not "
                       "both"));
}

}  // namespace
}  // namespace fairway::transport::spdy
