// SPDX-License-Identifier: Apache-2.0
#include "net/tls/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/task_group.h"
#include "base/task/testing/run_test.h"
#include "net/io/pipe.h"
#include "net/tls/certs.h"

namespace fairway::net {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

const CertificateAuthority& Authority() {
  static const auto* authority =
      CertificateAuthority::Make("test-ca").value().release();
  return *authority;
}

const CertificateAuthority& OtherAuthority() {
  static const auto* authority =
      CertificateAuthority::Make("other-ca").value().release();
  return *authority;
}

CertificateAndKey Sign(const CertificateRequest& request) {
  return Authority().Sign(request).value();
}

CertificateRequest ServerRequest() {
  CertificateRequest request;
  request.common_name = "kubelet";
  request.dns_names = {"server.test", "*.wild.test"};
  request.ip_addresses = {"127.0.0.1", "::1"};
  request.usage = CertificateRequest::Usage::kServer;
  return request;
}

CertificateRequest ClientRequest() {
  CertificateRequest request;
  request.common_name = "alice";
  request.organizations = {"system:masters", "dev"};
  request.usage = CertificateRequest::Usage::kClient;
  return request;
}

TlsServerConfig ServerConfig() {
  const CertificateAndKey identity = Sign(ServerRequest());
  TlsServerConfig config;
  config.cert_pem = identity.cert_pem;
  config.key_pem = identity.key_pem;
  return config;
}

TlsClientConfig ClientConfig() {
  TlsClientConfig config;
  config.ca_pem = Authority().cert_pem();
  config.server_name = "server.test";
  return config;
}

// What came of a handshake over a pipe.
struct Handshaken {
  absl::StatusOr<std::unique_ptr<TlsStream>> client = absl::UnknownError("");
  absl::StatusOr<std::unique_ptr<TlsStream>> server = absl::UnknownError("");
};

Task<absl::StatusOr<Handshaken>> Shake(TlsClientConfig client_config,
                                       TlsServerConfig server_config) {
  absl::StatusOr<std::shared_ptr<const TlsClientContext>> client =
      NewTlsClientContext(client_config);
  if (!client.ok()) co_return client.status();
  absl::StatusOr<std::shared_ptr<const TlsServerContext>> server =
      NewTlsServerContext(server_config);
  if (!server.ok()) co_return server.status();
  Executor executor = co_await kThisExecutor;
  auto [a, b] = MakePipe(executor);
  Handshaken result;
  TaskGroup group(executor);
  group.Spawn([&, transport = &a]() -> Task<absl::Status> {
    result.client =
        co_await TlsConnect(*client, std::string(), std::move(*transport));
    co_return absl::OkStatus();
  });
  group.Spawn([&, transport = &b]() -> Task<absl::Status> {
    result.server = co_await TlsAccept(*server, std::move(*transport));
    co_return absl::OkStatus();
  });
  absl::Status joined = co_await group.Join();
  if (!joined.ok()) co_return joined;
  co_return result;
}

Task<absl::Status> ReadOne(ByteStream& stream) {
  char byte;
  absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(&byte, 1));
  if (!n.ok()) co_return n.status();
  EXPECT_EQ(*n, 1u);
  co_return absl::OkStatus();
}

struct ServerCertificateCase {
  const char* name;
  std::function<void(CertificateRequest&)> change;
  const char* server_name;
  const char* error;  // a prefix; empty: it verifies
};

class ServerCertificateTest
    : public ::testing::TestWithParam<ServerCertificateCase> {};

TEST_P(ServerCertificateTest, IsJudgedInGosWords) {
  CertificateRequest request = ServerRequest();
  GetParam().change(request);
  TlsServerConfig server = ServerConfig();
  const CertificateAndKey identity = Sign(request);
  server.cert_pem = identity.cert_pem;
  server.key_pem = identity.key_pem;
  TlsClientConfig client = ClientConfig();
  client.server_name = GetParam().server_name;
  const std::string error = GetParam().error;
  RunTest([&](Executor) -> Task<absl::Status> {
    absl::StatusOr<Handshaken> shaken = co_await Shake(client, server);
    if (!shaken.ok()) co_return shaken.status();
    if (error.empty()) {
      EXPECT_THAT(shaken->client, IsOk());
      EXPECT_THAT(shaken->server, IsOk());
      co_return absl::OkStatus();
    }
    EXPECT_THAT(shaken->client,
                StatusIs(StatusCode::kUnauthenticated, StartsWith(error)));
    EXPECT_THAT(shaken->server, StatusIs(StatusCode::kUnauthenticated,
                                         "remote error: tls: bad certificate"));
    // The one who does not care about names and times takes it.
    TlsClientConfig careless = client;
    careless.insecure_skip_verify = true;
    shaken = co_await Shake(careless, server);
    if (!shaken.ok()) co_return shaken.status();
    EXPECT_THAT(shaken->client, IsOk());
    co_return absl::OkStatus();
  });
}

void Nothing(CertificateRequest&) {}

INSTANTIATE_TEST_SUITE_P(
    All, ServerCertificateTest,
    ::testing::Values(
        ServerCertificateCase{"Name", Nothing, "server.test", ""},
        ServerCertificateCase{"NameInCapitals", Nothing, "SERVER.test", ""},
        ServerCertificateCase{"NameWithDot", Nothing, "server.test.", ""},
        ServerCertificateCase{"Wildcard", Nothing, "a.wild.test", ""},
        ServerCertificateCase{"Ipv4", Nothing, "127.0.0.1", ""},
        ServerCertificateCase{"Ipv6", Nothing, "::1", ""},
        ServerCertificateCase{"Ipv6WrittenOut", Nothing, "0:0:0:0:0:0:0:1", ""},
        ServerCertificateCase{"WrongName", Nothing, "other.test",
                              "x509: certificate is valid for server.test, "
                              "*.wild.test, not other.test"},
        ServerCertificateCase{"WildcardIsOneLabel", Nothing, "a.b.wild.test",
                              "x509: certificate is valid for server.test, "
                              "*.wild.test, not a.b.wild.test"},
        ServerCertificateCase{"WildcardIsNotNothing", Nothing, "wild.test",
                              "x509: certificate is valid for server.test, "
                              "*.wild.test, not wild.test"},
        ServerCertificateCase{
            "WrongIp", Nothing, "127.0.0.2",
            "x509: certificate is valid for 127.0.0.1, ::1, not 127.0.0.2"},
        ServerCertificateCase{
            "NoIps", [](CertificateRequest& r) { r.ip_addresses.clear(); },
            "127.0.0.1",
            "x509: cannot validate certificate for 127.0.0.1 because it "
            "doesn't contain any IP SANs"},
        ServerCertificateCase{
            "NoNames", [](CertificateRequest& r) { r.dns_names.clear(); },
            "server.test",
            "x509: certificate is not valid for any names, but wanted to "
            "match server.test"},
        ServerCertificateCase{"CommonNameOnly",
                              [](CertificateRequest& r) {
                                r.common_name = "server.test";
                                r.dns_names.clear();
                                r.ip_addresses.clear();
                              },
                              "server.test",
                              "x509: certificate relies on legacy Common Name "
                              "field, use SANs instead"},
        ServerCertificateCase{
            "Expired",
            [](CertificateRequest& r) { r.validity = -absl::Minutes(1); },
            "server.test",
            "x509: certificate has expired or is not yet valid: current time "},
        ServerCertificateCase{
            "ForClientsOnly",
            [](CertificateRequest& r) {
              r.usage = CertificateRequest::Usage::kClient;
            },
            "server.test",
            "x509: certificate specifies an incompatible key usage"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(TlsTest, UnknownAuthorityIsToldToBothEnds) {
  RunTest([](Executor) -> Task<absl::Status> {
    TlsClientConfig client = ClientConfig();
    client.ca_pem = OtherAuthority().cert_pem();
    absl::StatusOr<Handshaken> shaken = co_await Shake(client, ServerConfig());
    if (!shaken.ok()) co_return shaken.status();
    EXPECT_THAT(shaken->client,
                StatusIs(StatusCode::kUnauthenticated,
                         "x509: certificate signed by unknown authority"));
    EXPECT_THAT(shaken->server, StatusIs(StatusCode::kUnauthenticated,
                                         "remote error: tls: bad certificate"));
    co_return absl::OkStatus();
  });
}

TEST(TlsTest, SystemRootsAreUsedWithoutACa) {
  RunTest([](Executor) -> Task<absl::Status> {
    TlsClientConfig client = ClientConfig();
    client.ca_pem.clear();
    absl::StatusOr<Handshaken> shaken = co_await Shake(client, ServerConfig());
    if (absl::IsNotFound(shaken.status())) {
      co_return absl::OkStatus();  // this machine has no roots
    }
    if (!shaken.ok()) co_return shaken.status();
    EXPECT_THAT(shaken->client,
                StatusIs(StatusCode::kUnauthenticated,
                         "x509: certificate signed by unknown authority"));
    co_return absl::OkStatus();
  });
}

TEST(TlsTest, SelfSignedServerIsTrustedWhenItIsTheRoot) {
  RunTest([](Executor) -> Task<absl::Status> {
    // What a kubelet without certificates makes for itself.
    TlsServerConfig server = ServerConfig();
    TlsClientConfig client = ClientConfig();
    client.ca_pem = server.cert_pem;
    absl::StatusOr<Handshaken> shaken = co_await Shake(client, server);
    if (!shaken.ok()) co_return shaken.status();
    EXPECT_THAT(shaken->client, IsOk());
    co_return absl::OkStatus();
  });
}

TEST(TlsTest, NameOfTheCallReplacesTheContexts) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    TlsClientConfig config = ClientConfig();
    config.server_name.clear();
    absl::StatusOr<std::shared_ptr<const TlsClientContext>> client =
        NewTlsClientContext(config);
    if (!client.ok()) co_return client.status();
    absl::StatusOr<std::shared_ptr<const TlsServerContext>> server =
        NewTlsServerContext(ServerConfig());
    if (!server.ok()) co_return server.status();
    auto [a, b] = MakePipe(executor);
    TaskGroup group(executor);
    group.Spawn([&, transport = &b]() -> Task<absl::Status> {
      absl::StatusOr<std::unique_ptr<TlsStream>> stream =
          co_await TlsAccept(*server, std::move(*transport));
      co_return stream.status();
    });
    absl::StatusOr<std::unique_ptr<TlsStream>> stream =
        co_await TlsConnect(*client, "a.wild.test", std::move(a));
    EXPECT_THAT(stream, IsOk());
    absl::Status joined = co_await group.Join();
    FAIRWAY_CO_RETURN_IF_ERROR(joined);

    auto [c, d] = MakePipe(executor);
    stream = co_await TlsConnect(*client, std::string(), std::move(c));
    EXPECT_THAT(stream, StatusIs(StatusCode::kInvalidArgument,
                                 HasSubstr("ServerName")));
    co_return absl::OkStatus();
  });
}

struct AlpnCase {
  const char* name;
  std::vector<std::string> client;
  std::vector<std::string> server;
  const char* want;
};

class AlpnTest : public ::testing::TestWithParam<AlpnCase> {};

TEST_P(AlpnTest, ServerPreferenceDecides) {
  RunTest([](Executor) -> Task<absl::Status> {
    TlsClientConfig client = ClientConfig();
    client.alpn = GetParam().client;
    TlsServerConfig server = ServerConfig();
    server.alpn = GetParam().server;
    absl::StatusOr<Handshaken> shaken = co_await Shake(client, server);
    if (!shaken.ok()) co_return shaken.status();
    if (!shaken->client.ok()) co_return shaken->client.status();
    if (!shaken->server.ok()) co_return shaken->server.status();
    EXPECT_EQ((*shaken->client)->alpn_protocol(), GetParam().want);
    EXPECT_EQ((*shaken->server)->alpn_protocol(), GetParam().want);
    co_return absl::OkStatus();
  });
}

INSTANTIATE_TEST_SUITE_P(
    All, AlpnTest,
    ::testing::Values(
        AlpnCase{"Same", {"http/1.1"}, {"http/1.1"}, "http/1.1"},
        AlpnCase{"Server", {"http/1.1", "h2"}, {"h2", "http/1.1"}, "h2"},
        AlpnCase{"NoneInCommon", {"h2"}, {"http/1.1"}, ""},
        AlpnCase{"NoneOffered", {}, {"h2"}, ""},
        AlpnCase{"NoneKnown", {"h2"}, {}, ""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ClientCertificateTest, IdentityReachesTheServer) {
  RunTest([](Executor) -> Task<absl::Status> {
    const CertificateAndKey alice = Sign(ClientRequest());
    TlsClientConfig client = ClientConfig();
    client.cert_pem = alice.cert_pem;
    client.key_pem = alice.key_pem;
    for (ClientCertificates mode : {ClientCertificates::kVerifyIfGiven,
                                    ClientCertificates::kRequireAndVerify}) {
      TlsServerConfig server = ServerConfig();
      server.client_ca_pem = Authority().cert_pem();
      server.client_certificates = mode;
      absl::StatusOr<Handshaken> shaken = co_await Shake(client, server);
      if (!shaken.ok()) co_return shaken.status();
      if (!shaken->server.ok()) co_return shaken->server.status();
      const PeerCertificate* peer = (*shaken->server)->peer_certificate();
      if (peer == nullptr) co_return absl::InternalError("no certificate");
      EXPECT_EQ(peer->common_name, "alice");
      EXPECT_THAT(peer->organizations, ElementsAre("system:masters", "dev"));
      EXPECT_THAT(peer->der_sha256_hex, SizeIs(64));
    }
    co_return absl::OkStatus();
  });
}

TEST(ClientCertificateTest, ServerThatDoesNotAskGetsNone) {
  RunTest([](Executor) -> Task<absl::Status> {
    const CertificateAndKey alice = Sign(ClientRequest());
    TlsClientConfig client = ClientConfig();
    client.cert_pem = alice.cert_pem;
    client.key_pem = alice.key_pem;
    absl::StatusOr<Handshaken> shaken = co_await Shake(client, ServerConfig());
    if (!shaken.ok()) co_return shaken.status();
    if (!shaken->server.ok()) co_return shaken->server.status();
    EXPECT_EQ((*shaken->server)->peer_certificate(), nullptr);
    EXPECT_EQ((*shaken->client)->peer_certificate()->common_name, "kubelet");
    co_return absl::OkStatus();
  });
}

TEST(ClientCertificateTest, NoneIsFineUnlessRequired) {
  RunTest([](Executor) -> Task<absl::Status> {
    TlsServerConfig server = ServerConfig();
    server.client_ca_pem = Authority().cert_pem();
    server.client_certificates = ClientCertificates::kVerifyIfGiven;
    absl::StatusOr<Handshaken> shaken = co_await Shake(ClientConfig(), server);
    if (!shaken.ok()) co_return shaken.status();
    EXPECT_THAT(shaken->server, IsOk());
    EXPECT_EQ((*shaken->server)->peer_certificate(), nullptr);

    server.client_certificates = ClientCertificates::kRequireAndVerify;
    shaken = co_await Shake(ClientConfig(), server);
    if (!shaken.ok()) co_return shaken.status();
    EXPECT_THAT(shaken->server,
                StatusIs(StatusCode::kUnauthenticated,
                         "tls: client didn't provide a certificate"));
    // In TLS 1.3 the client is done before the server has judged it.
    if (!shaken->client.ok()) co_return shaken->client.status();
    absl::Status read = co_await ReadOne(**shaken->client);
    EXPECT_THAT(read, StatusIs(StatusCode::kUnauthenticated,
                               "remote error: tls: certificate required"));
    co_return absl::OkStatus();
  });
}

TEST(ClientCertificateTest, BadOneIsRefusedEvenWhenNoneIsRequired) {
  RunTest([](Executor) -> Task<absl::Status> {
    TlsServerConfig server = ServerConfig();
    server.client_ca_pem = Authority().cert_pem();
    server.client_certificates = ClientCertificates::kVerifyIfGiven;
    const CertificateAndKey mallory =
        OtherAuthority().Sign(ClientRequest()).value();
    TlsClientConfig client = ClientConfig();
    client.cert_pem = mallory.cert_pem;
    client.key_pem = mallory.key_pem;
    absl::StatusOr<Handshaken> shaken = co_await Shake(client, server);
    if (!shaken.ok()) co_return shaken.status();
    EXPECT_THAT(shaken->server,
                StatusIs(StatusCode::kUnauthenticated,
                         "x509: certificate signed by unknown authority"));
    if (!shaken->client.ok()) co_return shaken->client.status();
    absl::Status read = co_await ReadOne(**shaken->client);
    EXPECT_THAT(read, StatusIs(StatusCode::kUnauthenticated,
                               "remote error: tls: bad certificate"));
    co_return absl::OkStatus();
  });
}

TEST(TlsTest, PeerThatSpeaksNoTlsIsRecognized) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::shared_ptr<const TlsClientContext>> client =
        NewTlsClientContext(ClientConfig());
    if (!client.ok()) co_return client.status();
    absl::StatusOr<std::shared_ptr<const TlsServerContext>> server =
        NewTlsServerContext(ServerConfig());
    if (!server.ok()) co_return server.status();
    const std::string message =
        "tls: first record does not look like a TLS handshake";

    auto [a, b] = MakePipe(executor);
    absl::Status sent = co_await WriteAll(*b, "HTTP/1.1 400 Bad Request\r\n");
    FAIRWAY_CO_RETURN_IF_ERROR(sent);
    absl::StatusOr<std::unique_ptr<TlsStream>> stream =
        co_await TlsConnect(*client, std::string(), std::move(a));
    EXPECT_THAT(stream, StatusIs(StatusCode::kUnavailable, message));
    absl::optional<absl::Cord> payload =
        stream.status().GetPayload(kFirstRecordPayload);
    EXPECT_EQ(payload.value_or(absl::Cord("none")), "HTTP/");

    auto [c, d] = MakePipe(executor);
    sent = co_await WriteAll(*c, "SSH-2.0-x\r\n");
    FAIRWAY_CO_RETURN_IF_ERROR(sent);
    stream = co_await TlsAccept(*server, std::move(d));
    EXPECT_THAT(stream, StatusIs(StatusCode::kUnavailable, message));
    co_return absl::OkStatus();
  });
}

TEST(TlsTest, ClientThatSpeaksHttpIsToldSo) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::shared_ptr<const TlsServerContext>> server =
        NewTlsServerContext(ServerConfig());
    if (!server.ok()) co_return server.status();
    for (const char* request : {"GET / HTTP/1.1\r\n\r\n", "POST /x HTTP/1.1"}) {
      auto [a, b] = MakePipe(executor);
      absl::Status sent = co_await WriteAll(*a, request);
      FAIRWAY_CO_RETURN_IF_ERROR(sent);
      absl::StatusOr<std::unique_ptr<TlsStream>> stream =
          co_await TlsAccept(*server, std::move(b));
      EXPECT_THAT(stream, StatusIs(StatusCode::kUnavailable));
      const std::string want =
          "HTTP/1.0 400 Bad Request\r\n\r\n"
          "Client sent an HTTP request to an HTTPS server.\n";
      std::string got(want.size(), '\0');
      absl::Status read =
          co_await ReadFull(*a, absl::MakeSpan(got.data(), got.size()));
      FAIRWAY_CO_RETURN_IF_ERROR(read);
      EXPECT_EQ(got, want);
    }
    co_return absl::OkStatus();
  });
}

TEST(TlsTest, PeerThatGoesAwayInTheHandshakeIsUnexpectedEof) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::shared_ptr<const TlsClientContext>> client =
        NewTlsClientContext(ClientConfig());
    if (!client.ok()) co_return client.status();
    auto [a, b] = MakePipe(executor);
    absl::Status closed = co_await b->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(closed);
    absl::StatusOr<std::unique_ptr<TlsStream>> stream =
        co_await TlsConnect(*client, std::string(), std::move(a));
    EXPECT_THAT(stream, StatusIs(StatusCode::kUnavailable,
                                 HasSubstr("unexpected EOF")));
    co_return absl::OkStatus();
  });
}

struct PlainAlertCase {
  const char* name;
  absl::string_view record;
  const char* error;
};

TEST(TlsTest, AlertThatAnswersTheFirstMessageEndsTheHandshake) {
  const PlainAlertCase cases[] = {
      {"handshake_failure", absl::string_view("\x15\3\3\0\2\2\x28", 7),
       "remote error: tls: handshake failure"},
      {"protocol_version", absl::string_view("\x15\3\3\0\2\2\x46", 7),
       "remote error: tls: protocol version not supported"},
      // The transport stays open.
      {"close_notify", absl::string_view("\x15\3\3\0\2\1\0", 7),
       "read: unexpected EOF"},
  };
  RunTest([&](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<std::shared_ptr<const TlsClientContext>> client =
        NewTlsClientContext(ClientConfig());
    if (!client.ok()) co_return client.status();
    for (const PlainAlertCase& c : cases) {
      SCOPED_TRACE(c.name);
      auto [a, b] = MakePipe(executor);
      absl::Status sent = co_await WriteAll(*b, c.record);
      FAIRWAY_CO_RETURN_IF_ERROR(sent);
      absl::StatusOr<std::unique_ptr<TlsStream>> stream =
          co_await TlsConnect(*client, std::string(), std::move(a));
      EXPECT_THAT(stream, StatusIs(StatusCode::kUnavailable, c.error));
    }
    co_return absl::OkStatus();
  });
}

// An established connection, and what is below its server's end.
struct Established {
  std::unique_ptr<TlsStream> client;
  std::unique_ptr<TlsStream> server;
  ByteStream* under_server = nullptr;
};

// The client has read something, so that both ends may have handed over.
Task<absl::StatusOr<Established>> Establish(uint64_t bulk_after_bytes) {
  TlsClientConfig client_config = ClientConfig();
  client_config.bulk_after_bytes = bulk_after_bytes;
  TlsServerConfig server_config = ServerConfig();
  server_config.bulk_after_bytes = bulk_after_bytes;
  absl::StatusOr<std::shared_ptr<const TlsClientContext>> client =
      NewTlsClientContext(client_config);
  if (!client.ok()) co_return client.status();
  absl::StatusOr<std::shared_ptr<const TlsServerContext>> server =
      NewTlsServerContext(server_config);
  if (!server.ok()) co_return server.status();
  Executor executor = co_await kThisExecutor;
  auto [a, b] = MakePipe(executor);
  Established result;
  result.under_server = b.get();
  TaskGroup group(executor);
  group.Spawn([&, transport = &b]() -> Task<absl::Status> {
    absl::StatusOr<std::unique_ptr<TlsStream>> far =
        co_await TlsAccept(*server, std::move(*transport));
    if (!far.ok()) co_return far.status();
    result.server = *std::move(far);
    absl::Status greeted = co_await WriteAll(*result.server, "h");
    co_return greeted;
  });
  absl::StatusOr<std::unique_ptr<TlsStream>> near =
      co_await TlsConnect(*client, std::string(), std::move(a));
  if (!near.ok()) co_return near.status();
  result.client = *std::move(near);
  absl::Status joined = co_await group.Join();
  if (!joined.ok()) co_return joined;
  absl::Status read = co_await ReadOne(*result.client);
  if (!read.ok()) co_return read;
  co_return result;
}

// With BoringSSL's records, and with ours.
class BothLayersTest : public ::testing::TestWithParam<uint64_t> {};

INSTANTIATE_TEST_SUITE_P(All, BothLayersTest,
                         ::testing::Values(std::numeric_limits<uint64_t>::max(),
                                           0),
                         [](const auto& info) {
                           return info.param == 0 ? "Ours" : "BoringSsls";
                         });

TEST_P(BothLayersTest, TransportEndWithoutCloseNotifyIsNoFin) {
  RunTest([](Executor) -> Task<absl::Status> {
    // Between records, in a head, and in a body.
    for (absl::string_view left :
         {absl::string_view(""), absl::string_view("\x17\x03"),
          absl::string_view("\x17\x03\x03\x00\x20x", 6)}) {
      absl::StatusOr<Established> ends = co_await Establish(GetParam());
      if (!ends.ok()) co_return ends.status();
      if (!left.empty()) {
        absl::Status sent = co_await WriteAll(*ends->under_server, left);
        FAIRWAY_CO_RETURN_IF_ERROR(sent);
      }
      absl::Status closed = co_await ends->under_server->CloseWrite();
      FAIRWAY_CO_RETURN_IF_ERROR(closed);
      absl::Status read = co_await ReadOne(*ends->client);
      EXPECT_THAT(read, StatusIs(StatusCode::kUnavailable,
                                 HasSubstr("unexpected EOF")));
    }
    co_return absl::OkStatus();
  });
}

TEST_P(BothLayersTest, TamperedRecordIsAnErrorAgainAndAgain) {
  RunTest([](Executor) -> Task<absl::Status> {
    absl::StatusOr<Established> ends = co_await Establish(GetParam());
    if (!ends.ok()) co_return ends.status();
    // An application record that nobody sealed.
    absl::Status sent = co_await WriteAll(
        *ends->under_server, absl::string_view("\x17\x03\x03\x00\x20"
                                               "0123456789abcdef"
                                               "0123456789abcdef",
                                               37));
    FAIRWAY_CO_RETURN_IF_ERROR(sent);
    for (int i = 0; i < 2; ++i) {
      absl::Status read = co_await ReadOne(*ends->client);
      EXPECT_THAT(read,
                  StatusIs(StatusCode::kUnavailable, StartsWith("tls: ")));
    }
    absl::Status read = co_await ReadOne(*ends->server);
    EXPECT_THAT(read, StatusIs(StatusCode::kUnavailable,
                               "remote error: tls: bad record MAC"));
    co_return absl::OkStatus();
  });
}

TEST_P(BothLayersTest, EndThatIsOnItsWayIsNotCutOff) {
  RunTest([](Executor executor) -> Task<absl::Status> {
    absl::StatusOr<Established> ends = co_await Establish(GetParam());
    if (!ends.ok()) co_return ends.status();
    // Four records, which leave too little of the pipe for close_notify.
    const std::string text(kDefaultPipeBytes - 4 * 22 - 10, 'x');
    absl::Status sent = co_await WriteAll(*ends->client, text);
    FAIRWAY_CO_RETURN_IF_ERROR(sent);
    bool closed = false;
    TaskGroup group(executor);
    group.Spawn([&]() -> Task<absl::Status> {
      absl::Status status = co_await ends->client->CloseWrite();
      closed = true;
      co_return status;
    });
    EXPECT_FALSE(closed);
    absl::Status ended = co_await ends->server->CloseWrite();
    FAIRWAY_CO_RETURN_IF_ERROR(ended);
    char byte;
    absl::StatusOr<size_t> n =
        co_await ends->client->Read(absl::MakeSpan(&byte, 1));
    if (!n.ok()) co_return n.status();
    EXPECT_EQ(*n, 0u);
    EXPECT_FALSE(closed);

    std::string got(text.size(), '\0');
    absl::Status read = co_await ReadFull(
        *ends->server, absl::MakeSpan(got.data(), got.size()));
    FAIRWAY_CO_RETURN_IF_ERROR(read);
    EXPECT_TRUE(got == text);
    n = co_await ends->server->Read(absl::MakeSpan(&byte, 1));
    if (!n.ok()) co_return n.status();
    EXPECT_EQ(*n, 0u);
    absl::Status joined = co_await group.Join();
    co_return joined;
  });
}

struct BadConfigCase {
  const char* name;
  std::function<void(TlsServerConfig&)> change;
  const char* message;
};

class BadConfigTest : public ::testing::TestWithParam<BadConfigCase> {};

TEST_P(BadConfigTest, IsNamed) {
  TlsServerConfig config = ServerConfig();
  GetParam().change(config);
  EXPECT_THAT(
      NewTlsServerContext(config),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadConfigTest,
    ::testing::Values(
        BadConfigCase{"NoCertificate",
                      [](TlsServerConfig& c) { c.cert_pem = ""; },
                      "tls: failed to find any PEM data in certificate input"},
        BadConfigCase{"NoKey", [](TlsServerConfig& c) { c.key_pem = "x"; },
                      "tls: failed to find any PEM data in key input"},
        BadConfigCase{"KeyForCertificate",
                      [](TlsServerConfig& c) { c.cert_pem = c.key_pem; },
                      "PEM inputs may have been switched"},
        BadConfigCase{"CertificateForKey",
                      [](TlsServerConfig& c) { c.key_pem = c.cert_pem; },
                      "tls: found a certificate rather than a key in the PEM "
                      "for the private key"},
        BadConfigCase{"BrokenKey",
                      [](TlsServerConfig& c) {
                        c.key_pem =
                            "-----BEGIN PRIVATE KEY-----\nAAAA\n"
                            "-----END PRIVATE KEY-----\n";
                      },
                      "tls: failed to parse private key"},
        BadConfigCase{"ForeignKey",
                      [](TlsServerConfig& c) {
                        c.key_pem = Sign(ServerRequest()).key_pem;
                      },
                      "tls: private key does not match public key"},
        BadConfigCase{"EncryptedKey",
                      [](TlsServerConfig& c) {
                        c.key_pem =
                            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
                            "-----END ENCRYPTED PRIVATE KEY-----\n";
                      },
                      "tls: failed to parse private key: it is encrypted"},
        BadConfigCase{"BrokenCertificate",
                      [](TlsServerConfig& c) {
                        c.cert_pem =
                            "-----BEGIN CERTIFICATE-----\nAAAA\n"
                            "-----END CERTIFICATE-----\n";
                      },
                      "x509: malformed certificate"},
        BadConfigCase{"NoClientCa",
                      [](TlsServerConfig& c) {
                        c.client_certificates =
                            ClientCertificates::kRequireAndVerify;
                      },
                      "client CA"},
        BadConfigCase{"EmptyProtocol",
                      [](TlsServerConfig& c) { c.alpn = {""}; }, "ALPN"}),
    [](const auto& info) { return std::string(info.param.name); });

struct BadRootsCase {
  const char* ca_pem;
  const char* why;
};

TEST(BadRootsTest, AreNamed) {
  const BadRootsCase cases[] = {
      {"x", "unable to parse bytes as PEM block"},
      {"-----BEGIN X-----\nAAAA\n-----END X-----\n",
       "no valid certificate authority data seen"},
      {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
       "failed to parse certificate: x509: malformed certificate"},
  };
  for (const BadRootsCase& c : cases) {
    TlsClientConfig config;
    config.ca_pem = c.ca_pem;
    EXPECT_THAT(
        NewTlsClientContext(config),
        StatusIs(StatusCode::kInvalidArgument,
                 std::string("unable to load root certificates: ") + c.why));
  }
}

TEST(BadRootsTest, AreLeftOutBesideGoodOnes) {
  constexpr char kMalformed[] =
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  constexpr char kNoBase64[] =
      "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
  RunTest([&](Executor) -> Task<absl::Status> {
    TlsClientConfig client = ClientConfig();
    client.ca_pem = absl::StrCat(kMalformed, kNoBase64, Authority().cert_pem(),
                                 kMalformed, "-----BEGIN CERTIFICATE-----\nAA");
    absl::StatusOr<Handshaken> shaken = co_await Shake(client, ServerConfig());
    if (!shaken.ok()) co_return shaken.status();
    EXPECT_THAT(shaken->client, IsOk());
    co_return absl::OkStatus();
  });
}

}  // namespace
}  // namespace fairway::net
