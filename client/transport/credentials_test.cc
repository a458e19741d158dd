// SPDX-License-Identifier: Apache-2.0
// Credentials of every kind, in the requests of both clients: the REST client
// and the dialers of upgraded connections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/testing/run_test.h"
#include "client/rest/config.h"
#include "client/rest/exec_authenticator.h"
#include "client/rest/rest_client.h"
#include "client/transport/create_dialer.h"
#include "client/transport/testing/fake_stream_server.h"
#include "net/http/handler.h"
#include "net/http/url.h"
#include "net/tls/certs.h"
#include "net/tls/tls.h"

namespace fairway::transport {
namespace {

using net::http::ResponseWriter;
using net::http::ServerRequest;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

enum class Way { kRest, kWebSocket, kSpdy };

// A server by TLS that notes who asks, "NAME of the certificate, TOKEN", and
// refuses all.
class CredentialsTest : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/credentials" +
              std::to_string(static_cast<int>(GetParam()));
    std::filesystem::create_directories(folder_);
    authority_ = *net::CertificateAuthority::Make("ca");
    if (GetParam() == Way::kSpdy) {
      setenv("KUBECTL_PORT_FORWARD_WEBSOCKETS", "false", 1);
    }
  }
  void TearDown() override {
    unsetenv("KUBECTL_PORT_FORWARD_WEBSOCKETS");
    std::filesystem::remove_all(folder_);
  }

  net::CertificateAndKey Sign(const std::string& name) {
    net::CertificateRequest request;
    request.common_name = name;
    request.ip_addresses = {"127.0.0.1"};
    return *authority_->Sign(request);
  }

  // The program answers with this status from now on.
  void ProgramSays(const std::string& status) {
    std::ofstream(folder_ + "/answer")
        << R"({"apiVersion":"client.authentication.k8s.io/v1","status":)"
        << status << "}";
    const std::string program = folder_ + "/login";
    std::ofstream(program) << "#!/bin/sh\ncat " << folder_ << "/answer\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  }
  void ProgramSaysCertificate(const std::string& name) {
    const net::CertificateAndKey pair = Sign(name);
    ProgramSays(absl::StrReplaceAll(
        absl::StrCat(R"({"clientCertificateData":")", pair.cert_pem,
                     R"(","clientKeyData":")", pair.key_pem, R"("})"),
        {{"\n", "\\n"}}));
  }
  std::shared_ptr<rest::ExecAuthenticator> Exec() {
    rest::ExecConfig config;
    config.command = folder_ + "/login";
    config.api_version = "client.authentication.k8s.io/v1";
    config.interactive_mode = "Never";
    return *rest::ExecAuthenticator::New(config, "");
  }

  net::http::Handler Notes() {
    return [this](ServerRequest& request, ResponseWriter& writer) {
      const net::PeerCertificate* shown = request.peer_certificate;
      seen_.push_back(absl::StrCat(shown == nullptr ? "" : shown->common_name,
                                   ", ", request.headers.Get("Authorization")));
      return net::http::Respond(writer, status_, "text/plain", "refused");
    };
  }

  // One request this way.
  Task<absl::Status> Ask(Executor executor, const rest::Config& config) {
    if (GetParam() == Way::kRest) {
      if (client_ == nullptr) client_ = *rest::RESTClientFor(executor, config);
      absl::StatusOr<std::string> body = co_await client_->GetPath("/x");
      co_return body.status();
    }
    if (dialer_ == nullptr) {
      dialer_ = *CreateDialer(config, "POST",
                              *net::http::ParseUrl(config.host + "/x"), {});
    }
    absl::StatusOr<std::string> echo = co_await Echo(*dialer_);
    co_return echo.status();
  }

  // Lets `body` ask a server with `config` filled in for it.
  void Run(rest::Config config,
           std::function<Task<absl::Status>(Executor, rest::Config)> body) {
    RunTest([&](Executor executor) -> Task<absl::Status> {
      const net::CertificateAndKey pair = Sign("server");
      net::TlsServerConfig tls;
      tls.cert_pem = pair.cert_pem;
      tls.key_pem = pair.key_pem;
      tls.client_ca_pem = authority_->cert_pem();
      tls.client_certificates = net::ClientCertificates::kVerifyIfGiven;
      FakeStreamServer::Options options;
      options.tls = *net::NewTlsServerContext(tls);
      options.websocket = Notes();
      options.spdy = Notes();
      FakeStreamServer server(executor, options);
      config.host = server.url();
      config.tls.ca_data = authority_->cert_pem();
      absl::Status ran = co_await body(executor, config);
      EXPECT_THAT(ran, IsOk());
      client_ = nullptr;
      dialer_ = nullptr;
      absl::Status stopped = co_await server.Stop();
      co_return stopped;
    });
  }

  std::string folder_;
  std::unique_ptr<net::CertificateAuthority> authority_;
  std::vector<std::string> seen_;
  int status_ = 404;
  std::unique_ptr<rest::RESTClient> client_;
  std::unique_ptr<httpstream::Dialer> dialer_;
};

TEST_P(CredentialsTest, TokenFileIsBorne) {
  std::ofstream(folder_ + "/token") << "from-file\n";
  rest::Config config;
  config.bearer_token_file = folder_ + "/token";
  Run(config, [this](Executor executor, rest::Config c) -> Task<absl::Status> {
    absl::Status asked = co_await Ask(executor, c);
    EXPECT_FALSE(asked.ok());
    co_return absl::OkStatus();
  });
  EXPECT_FALSE(seen_.empty());
  EXPECT_THAT(seen_, Each(", Bearer from-file"));
}

TEST_P(CredentialsTest, ProgramsTokenIsBorneAndRenewedAfterARefusal) {
  ProgramSays(R"({"token":"one"})");
  rest::Config config;
  config.exec_provider = Exec();
  status_ = 401;
  Run(config, [this](Executor executor, rest::Config c) -> Task<absl::Status> {
    absl::Status asked = co_await Ask(executor, c);
    EXPECT_FALSE(asked.ok());
    EXPECT_THAT(seen_, Each(", Bearer one"));
    seen_.clear();
    ProgramSays(R"({"token":"two"})");
    asked = co_await Ask(executor, c);
    EXPECT_FALSE(asked.ok());
    co_return absl::OkStatus();
  });
  EXPECT_FALSE(seen_.empty());
  EXPECT_THAT(seen_, Each(", Bearer two"));
}

TEST_P(CredentialsTest, ProgramsCertificateIsShownAndRotated) {
  ProgramSaysCertificate("jane");
  rest::Config config;
  config.exec_provider = Exec();
  status_ = 401;
  Run(config, [this](Executor executor, rest::Config c) -> Task<absl::Status> {
    absl::Status asked = co_await Ask(executor, c);
    EXPECT_FALSE(asked.ok());
    EXPECT_THAT(seen_, Each("jane, "));
    seen_.clear();
    ProgramSaysCertificate("joe");
    asked = co_await Ask(executor, c);
    EXPECT_FALSE(asked.ok());
    co_return absl::OkStatus();
  });
  EXPECT_FALSE(seen_.empty());
  EXPECT_THAT(seen_, Each("joe, "));
}

TEST_P(CredentialsTest, CertificateFileIsReadForEachConnection) {
  const auto write = [this](const std::string& name) {
    const net::CertificateAndKey pair = Sign(name);
    std::ofstream(folder_ + "/crt") << pair.cert_pem;
    std::ofstream(folder_ + "/key") << pair.key_pem;
  };
  write("jane");
  rest::Config config;
  config.tls.cert_file = folder_ + "/crt";
  config.tls.key_file = folder_ + "/key";
  Run(config, [&](Executor executor, rest::Config c) -> Task<absl::Status> {
    absl::Status asked = co_await Ask(executor, c);
    EXPECT_THAT(seen_, Each("jane, "));
    for (const char* now : {"joe", "half replaced", ""}) {
      if (std::string(now) == "joe") write("joe");
      if (std::string(now) == "half replaced") {
        std::ofstream(folder_ + "/crt") << Sign("jim").cert_pem;
      }
      if (std::string(now).empty()) std::filesystem::remove(folder_ + "/key");
      seen_.clear();
      if (client_ != nullptr) {
        absl::Status closed = co_await client_->Close();
        EXPECT_THAT(closed, IsOk());
      }
      asked = co_await Ask(executor, c);
      EXPECT_FALSE(seen_.empty()) << asked;
      EXPECT_THAT(seen_, Each("joe, ")) << now;
    }
    co_return absl::OkStatus();
  });
}

TEST_P(CredentialsTest, OnesOwnTokenLeavesTheProgramAlone) {
  rest::Config config;
  config.exec_provider = Exec();  // there is no program
  config.bearer_token = "mine";
  Run(config, [this](Executor executor, rest::Config c) -> Task<absl::Status> {
    absl::Status asked = co_await Ask(executor, c);
    EXPECT_FALSE(asked.ok());
    co_return absl::OkStatus();
  });
  EXPECT_THAT(seen_, Each(", Bearer mine"));
}

TEST_P(CredentialsTest, ProgramThatFailsIsTold) {
  rest::Config config;
  config.exec_provider = Exec();  // there is no program
  Run(config, [this](Executor executor, rest::Config c) -> Task<absl::Status> {
    absl::Status asked = co_await Ask(executor, c);
    EXPECT_THAT(std::string(asked.message()),
                HasSubstr("getting credentials: exec: fork/exec "));
    co_return absl::OkStatus();
  });
  EXPECT_THAT(seen_, ElementsAre());
}

TEST_P(CredentialsTest, RequestsAreToldWithoutTheirSecrets) {
  rest::Config config;
  config.bearer_token = "secret";
  std::string log;
  config.log.verbosity = 9;
  config.log.write = [&log](absl::string_view line) {
    absl::StrAppend(&log, line);
  };
  Run(config, [this](Executor executor, rest::Config c) -> Task<absl::Status> {
    absl::Status asked = co_await Ask(executor, c);
    EXPECT_FALSE(asked.ok());
    co_return absl::OkStatus();
  });
  EXPECT_THAT(log, HasSubstr("curl -k -v -X"));
  EXPECT_THAT(log, HasSubstr("Authorization: Bearer <masked>"));
  EXPECT_THAT(log, Not(HasSubstr("secret")));
}

INSTANTIATE_TEST_SUITE_P(Ways, CredentialsTest,
                         ::testing::Values(Way::kRest, Way::kWebSocket,
                                           Way::kSpdy),
                         [](const auto& info) {
                           if (info.param == Way::kRest) return "Rest";
                           return info.param == Way::kSpdy ? "Spdy"
                                                           : "WebSocket";
                         });

}  // namespace
}  // namespace fairway::transport
