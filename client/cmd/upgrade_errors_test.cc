// SPDX-License-Identifier: Apache-2.0
// What a person reads when port-forward cannot reach the pod, by either
// transport. The words were compared with those of kubectl 1.20.2 and 1.32.4
// toward the same server.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "base/task/run_on.h"
#include "client/cmd/cmd.h"
#include "client/transport/create_dialer.h"
#include "client/transport/testing/fake_stream_server.h"
#include "net/http/handler.h"
#include "net/tls/certs.h"
#include "net/tls/tls.h"

namespace fairway::cmd {
namespace {

using net::http::ResponseWriter;
using net::http::ServerRequest;
using transport::FakeStreamServer;

constexpr char kGate[] = "KUBECTL_PORT_FORWARD_WEBSOCKETS";
constexpr char kPod[] =
    R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"web"},)"
    R"("spec":{"containers":[{"name":"c"}]},"status":{"phase":"Running"}})";

// A server on a thread of its own.
class Server {
 public:
  explicit Server(FakeStreamServer::Options options) : thread_("server") {
    OnThread([this, options](Executor executor) -> Task<absl::Status> {
      server_ = std::make_unique<FakeStreamServer>(executor, options);
      co_return absl::OkStatus();
    });
  }
  ~Server() {
    OnThread([this](Executor) -> Task<absl::Status> {
      absl::Status stopped = co_await server_->Stop();
      server_.reset();
      co_return stopped;
    });
  }

  const std::string& url() const { return server_->url(); }

 private:
  void OnThread(std::function<Task<absl::Status>(Executor)> body) {
    absl::Status status = RunLoop([&]() -> Task<absl::Status> {
      Executor executor = thread_.executor();
      std::function<Task<absl::Status>()> there = [&body, executor]() {
        return body(executor);
      };
      absl::Status done =
          co_await RunOn<absl::Status>(executor, std::move(there));
      co_return done;
    });
    EXPECT_THAT(status, IsOk());
  }

  LoopThread thread_;
  std::unique_ptr<FakeStreamServer> server_;
};

struct Answer {
  int status;
  std::string body;
};

std::string StatusObject(absl::string_view reason, absl::string_view message) {
  return absl::StrCat(R"({"kind":"Status","apiVersion":"v1","reason":")",
                      reason, R"(","message":")", message, R"("})");
}

// The pod to whoever asks for it, this to whoever asks for an upgrade. A status
// of zero closes the connection.
net::http::Handler Answers(Answer answer) {
  return [answer](ServerRequest& request,
                  ResponseWriter& writer) -> Task<absl::Status> {
    if (!request.headers.Has("Upgrade")) {
      absl::Status sent =
          co_await net::http::Respond(writer, 200, "application/json", kPod);
      co_return sent;
    }
    if (answer.status == 0) {
      absl::StatusOr<std::unique_ptr<net::ByteStream>> stream = writer.Hijack();
      if (!stream.ok()) co_return stream.status();
      absl::Status closed = co_await (*stream)->Close();
      co_return closed;
    }
    absl::Status sent = co_await net::http::Respond(
        writer, answer.status, "application/json", answer.body);
    co_return sent;
  };
}

std::string PortForward(const std::string& server, const char* gate = "true") {
  setenv("KUBECONFIG", "/dev/null", 1);
  setenv(kGate, gate, 1);
  const std::vector<std::string> args = {"-s", server, "port-forward",
                                         "pod/web", "0:80"};
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  const int code = RunKubectl(
      args, {&in, &out, &err},
      [](Executor, const rest::Config& config, std::string method,
         net::http::Url url, httpstream::spdy::SessionOptions session) {
        return transport::CreateDialer(config, std::move(method),
                                       std::move(url), std::move(session));
      });
  EXPECT_EQ(code, 1);
  EXPECT_EQ(out.str(), "");
  unsetenv(kGate);
  return err.str();
}

constexpr char kForbidden[] =
    R"(pods \"web\" is forbidden: User \"jane\" cannot create resource )"
    R"(\"pods/portforward\" in API group \"\" in the namespace \"default\")";
constexpr char kForbiddenText[] =
    R"(pods "web" is forbidden: User "jane" cannot create resource )"
    R"("pods/portforward" in API group "" in the namespace "default")";

TEST(UpgradeErrorsTest, ARefusalIsToldAlikeByBothTransports) {
  const struct {
    Answer answer;
    std::string told;
  } cases[] = {
      {{401, StatusObject("Unauthorized", "Unauthorized")}, "Unauthorized"},
      {{403, StatusObject("Forbidden", kForbidden)}, kForbiddenText},
      {{404, StatusObject("NotFound", R"(pods \"web\" not found)")},
       R"(pods "web" not found)"},
      {{500, "error dialing backend: EOF\n"},
       "unable to upgrade connection: error dialing backend: EOF"},
      {{502, "<html>bad gateway</html>\n"},
       "unable to upgrade connection: <html>bad gateway</html>"},
  };
  for (const auto& c : cases) {
    FakeStreamServer::Options options;
    options.websocket = Answers(c.answer);
    options.spdy = Answers(c.answer);
    const Server server(options);
    const std::string want =
        absl::StrCat("error: error upgrading connection: ", c.told, "\n");
    EXPECT_EQ(PortForward(server.url(), "true"), want);
    EXPECT_EQ(PortForward(server.url(), "false"), want);
  }
}

TEST(UpgradeErrorsTest, TheFallbackHidesNoReasonOfTheServers) {
  FakeStreamServer::Options options;
  options.websocket = Answers({403, StatusObject("Forbidden", kForbidden)});
  options.spdy = Answers({501, "SPDY is not supported here\n"});
  const Server server(options);
  EXPECT_EQ(PortForward(server.url()),
            absl::StrCat("error: error upgrading connection: unable to upgrade "
                         "streaming request: ",
                         kForbiddenText, "\n"));
}

TEST(UpgradeErrorsTest, AConnectionThatEndsIsToldByEachInItsWords) {
  FakeStreamServer::Options options;
  options.websocket = Answers({0, ""});
  options.spdy = Answers({0, ""});
  const Server server(options);
  EXPECT_EQ(PortForward(server.url()),
            "error: error upgrading connection: unexpected EOF\n");
  EXPECT_EQ(PortForward(server.url(), "false"),
            absl::StrCat("error: error upgrading connection: error sending "
                         "request: Post \"",
                         server.url(),
                         "/api/v1/namespaces/default/pods/web/portforward\": "
                         "unexpected EOF\n"));
}

TEST(UpgradeErrorsTest, AServerThatIsNotThereOrNotTheRightOne) {
  EXPECT_EQ(PortForward("http://127.0.0.1:1"),
            "The connection to the server 127.0.0.1:1 was refused - did you "
            "specify the right host or port?\n");
  const auto authority = *net::CertificateAuthority::Make("ca");
  net::CertificateRequest request;
  request.ip_addresses = {"127.0.0.1"};
  const net::CertificateAndKey pair = *authority->Sign(request);
  net::TlsServerConfig tls;
  tls.cert_pem = pair.cert_pem;
  tls.key_pem = pair.key_pem;
  FakeStreamServer::Options options;
  options.tls = *net::NewTlsServerContext(tls);
  const Server server(options);
  for (const char* gate : {"true", "false"}) {
    EXPECT_EQ(PortForward(server.url(), gate),
              "Unable to connect to the server: x509: certificate signed by "
              "unknown authority\n");
  }
}

}  // namespace
}  // namespace fairway::cmd
