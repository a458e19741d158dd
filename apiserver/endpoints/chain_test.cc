// SPDX-License-Identifier: Apache-2.0
// Requests through the filters to a connecter that is a fake.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "api/json.h"
#include "apiserver/endpoints/discovery.h"
#include "apiserver/endpoints/filters.h"
#include "apiserver/endpoints/installer.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"

namespace fairway::apiserver::endpoints {
namespace {

using ::testing::ElementsAre;

class EmptyBody final : public net::http::BodyReader {
 public:
  Task<absl::StatusOr<size_t>> Read(absl::Span<char>) override {
    co_return size_t{0};
  }
};

class FakeWriter final : public net::http::ResponseWriter {
 public:
  net::http::Headers& headers() override { return headers_; }
  Task<absl::Status> WriteHeader(int status) override {
    status_ = status;
    co_return absl::OkStatus();
  }
  Task<absl::Status> Write(absl::string_view bytes) override {
    if (status_ == 0) status_ = 200;
    body_ += std::string(bytes);
    co_return absl::OkStatus();
  }
  bool wrote_header() const override { return status_ != 0; }
  absl::StatusOr<std::unique_ptr<net::ByteStream>> Hijack() override {
    return absl::UnimplementedError("hijack");
  }
  Task<absl::Status> WaitPeerGone() override { co_return absl::OkStatus(); }

  int status() const { return status_; }
  std::string message() const {
    auto json = api::ParseJson(body_);
    return json.ok() ? StringAt(*json, {"message"}) : body_;
  }

 private:
  net::http::Headers headers_;
  int status_ = 0;
  std::string body_;
};

// Remembers what it was asked, and answers 200.
class FakeConnecter final : public registry::rest::Connecter {
 public:
  std::string options_kind() const override { return "FakeOptions"; }
  std::vector<std::string> connect_methods() const override {
    return {"GET", "POST"};
  }
  absl::StatusOr<Json> DecodeOptions(
      const net::http::Query& query) const override {
    if (net::http::QueryValue(query, "bad") == "1") {
      return absl::InvalidArgumentError("bad: want 0");
    }
    Json options;
    options["q"] = std::string(net::http::QueryValue(query, "q"));
    return options;
  }
  Task<absl::StatusOr<net::http::Handler>> Connect(
      std::string ns, std::string name, Json options,
      registry::rest::Responder responder) override {
    asked.push_back(ns + "/" + name + "?" + StringAt(options, {"q"}));
    if (name == "broken") {
      co_return absl::UnavailableError("no backend");
    }
    co_return net::http::Handler(
        [this, responder](net::http::ServerRequest& request,
                          net::http::ResponseWriter& writer) {
          for (const auto& [field, value] : request.headers) {
            forwarded.push_back(field);
          }
          return responder(request, writer, absl::NotFoundError("answered"));
        });
  }

  std::vector<std::string> asked;
  std::vector<std::string> forwarded;
};

class FakeAdmission final : public admission::Interface {
 public:
  bool Handles(admission::Operation operation) const override {
    return operation == admission::Operation::kConnect;
  }
  Task<absl::Status> Admit(admission::Attributes& attributes) override {
    steps.push_back("admit " + attributes.kind);
    (*attributes.object)["q"] = "admitted";
    co_return absl::OkStatus();
  }
  Task<absl::Status> Validate(
      const admission::Attributes& attributes) override {
    steps.push_back("validate " + attributes.name);
    if (attributes.name == "forbidden") {
      co_return absl::PermissionDeniedError("not this one");
    }
    co_return absl::OkStatus();
  }
  std::vector<std::string> steps;
};

class FakeAuthorizer final : public authorization::Authorizer {
 public:
  Task<absl::StatusOr<authorization::Result>> Authorize(
      authorization::Attributes attributes) override {
    authorization::Result result;
    const std::string& user = attributes.user.name;
    const bool refused =
        user == "mallory" || (user == "reader" && attributes.verb != "get");
    result.decision = refused ? authorization::Decision::kNoOpinion
                              : authorization::Decision::kAllow;
    seen.push_back(std::move(attributes));
    co_return result;
  }
  std::vector<authorization::Attributes> seen;
};

class FakeSink final : public audit::Sink {
 public:
  void Write(std::string line) override {
    lines.push_back(*api::ParseJson(line));
  }
  std::vector<Json> lines;
};

struct Fixture {
  Fixture() : installer(&admit) {
    std::vector<std::unique_ptr<authentication::Authenticator>> all;
    all.push_back(
        *authentication::NewTokenFile("t,alice,1\nm,mallory,2\nr,reader,3\n"));
    authenticator = authentication::NewUnion(std::move(all));
    auto owned = std::make_unique<FakeConnecter>();
    connecter = owned.get();
    installer.RegisterResourceHandlers("pods/portforward", std::move(owned));
    ChainOptions options;
    options.authenticator = authenticator.get();
    options.authorizer = &authorizer;
    options.audit = &sink;
    options.knows = [this](const RequestInfo& i) { return installer.Knows(i); };
    options.is_connect = [this](const RequestInfo& i) {
      return installer.IsConnect(i);
    };
    options.handler = [this](RequestContext& context,
                             net::http::ServerRequest& request,
                             net::http::ResponseWriter& writer) {
      return installer.Serve(context, request, writer);
    };
    handler = BuildHandlerChain(std::move(options));
  }

  void Send(const char* method, const char* target, const char* token,
            net::http::Headers headers = {}) {
    net::http::ServerRequest request;
    EmptyBody body;
    request.method = method;
    request.url = *net::http::ParseUrl(target);
    request.path_segments =
        absl::StrSplit(request.url.path, '/', absl::SkipEmpty());
    request.headers = std::move(headers);
    request.remote_address = "127.0.0.1:4711";
    request.body = &body;
    if (*token != '\0') {
      request.headers.Set("Authorization", std::string("Bearer ") + token);
    }
    absl::Status served = RunLoop([&] { return handler(request, writer); });
    EXPECT_THAT(served, IsOk());
  }

  FakeAdmission admit;
  FakeAuthorizer authorizer;
  FakeSink sink;
  APIInstaller installer;
  FakeConnecter* connecter;
  std::unique_ptr<authentication::Authenticator> authenticator;
  net::http::Handler handler;
  FakeWriter writer;
};

constexpr char kTarget[] =
    "/api/v1/namespaces/ns/pods/p/portforward?q=1&ports=80,443";

TEST(ConnectResourceTest, AdmitsThenValidatesThenConnects) {
  Fixture f;
  f.Send("POST", kTarget, "t");
  EXPECT_THAT(f.admit.steps, ElementsAre("admit FakeOptions", "validate p"));
  EXPECT_THAT(f.connecter->asked, ElementsAre("ns/p?admitted"));
  EXPECT_EQ(f.writer.status(), 404);
  EXPECT_EQ(f.writer.message(), "answered");
}

TEST(ConnectResourceTest, RefusesBeforeItConnects) {
  struct Case {
    const char* query;
    int status;
    const char* message;
  };
  for (const Case& c :
       {Case{"p/portforward?dryRun=All", 400, "dryRun is not supported"},
        Case{"p/portforward?bad=1", 400, "bad: want 0"},
        Case{"forbidden/portforward", 403, "not this one"}}) {
    Fixture f;
    const std::string target =
        std::string("/api/v1/namespaces/ns/pods/") + c.query;
    f.Send("POST", target.c_str(), "t");
    EXPECT_EQ(f.writer.status(), c.status);
    EXPECT_EQ(f.writer.message(), c.message);
    EXPECT_TRUE(f.connecter->asked.empty());
  }
}

TEST(ConnectResourceTest, ErrorOfConnectIsAnswered) {
  Fixture f;
  f.Send("GET", "/api/v1/namespaces/ns/pods/broken/portforward", "t");
  EXPECT_EQ(f.writer.status(), 503);
  EXPECT_EQ(f.writer.message(), "no backend");
}

TEST(FiltersTest, EveryUpgradeIsACreateWithItsPorts) {
  for (const char* method : {"GET", "POST"}) {
    Fixture f;
    f.Send(method, kTarget, "t");
    ASSERT_EQ(f.authorizer.seen.size(), 1u);
    const authorization::Attributes& seen = f.authorizer.seen[0];
    EXPECT_EQ(seen.verb, "create");
    EXPECT_EQ(seen.subresource, "portforward");
    EXPECT_THAT(seen.ports, ElementsAre(80, 443));
  }
}

// AuthorizePodWebsocketUpgradeCreatePermission of 1.35: a WebSocket comes with
// GET, and opens a tunnel all the same.
TEST(FiltersTest, WhoMayOnlyGetOpensNoWebSocket) {
  Fixture f;
  f.Send("GET", kTarget, "r",
         {{"Connection", "Upgrade"},
          {"Upgrade", "websocket"},
          {"Sec-WebSocket-Protocol", "SPDY/3.1+portforward.k8s.io"}});
  EXPECT_EQ(f.writer.status(), 403);
  EXPECT_EQ(f.writer.message(),
            "pods \"p\" is forbidden: User \"reader\" cannot "
            "create resource \"pods/portforward\" in API group \"\" in the "
            "namespace \"ns\"");
  EXPECT_TRUE(f.connecter->asked.empty());
}

TEST(FiltersTest, CredentialsAreNotForwarded) {
  Fixture f;
  f.Send("POST", kTarget, "t", {{"X-Kept", "1"}, {"Impersonate-User", "bob"}});
  EXPECT_THAT(f.connecter->forwarded, ElementsAre("X-Kept"));
  ASSERT_EQ(f.authorizer.seen.size(), 2u);
  EXPECT_EQ(f.authorizer.seen[0].verb, "impersonate");
  EXPECT_EQ(f.authorizer.seen[0].user.name, "alice");
  EXPECT_EQ(f.authorizer.seen[1].user.name, "bob");
}

TEST(FiltersTest, WhoIsNotAllowedIsForbidden) {
  Fixture f;
  f.Send("POST", "/api/v1/namespaces/ns/pods/p/portforward", "m");
  EXPECT_EQ(f.writer.status(), 403);
  EXPECT_EQ(f.writer.message(),
            "pods \"p\" is forbidden: User \"mallory\" cannot "
            "create resource \"pods/portforward\" in API group \"\" in the "
            "namespace \"ns\"");
  EXPECT_TRUE(f.connecter->asked.empty());
}

TEST(FiltersTest, TheGroupIsKnownToAuthorizationAndAudit) {
  Fixture f;
  f.Send("GET", "/apis/apps/v1/namespaces/ns/deployments/d", "m");
  EXPECT_EQ(f.writer.status(), 403);
  EXPECT_EQ(f.writer.message(),
            "deployments.apps \"d\" is forbidden: User \"mallory\" cannot get "
            "resource \"deployments\" in API group \"apps\" in the namespace "
            "\"ns\"");
  ASSERT_EQ(f.authorizer.seen.size(), 1u);
  EXPECT_EQ(f.authorizer.seen[0].api_group, "apps");
  EXPECT_EQ(f.authorizer.seen[0].api_version, "v1");
  ASSERT_FALSE(f.sink.lines.empty());
  EXPECT_EQ(StringAt(f.sink.lines.back(), {"objectRef", "apiGroup"}), "apps");
}

TEST(FiltersTest, UnknownUsersAreUnauthorized) {
  Fixture f;
  f.Send("POST", kTarget, "");
  EXPECT_EQ(f.writer.status(), 401);
  EXPECT_EQ(f.writer.message(), "Unauthorized");
  EXPECT_TRUE(f.authorizer.seen.empty());
}

TEST(FiltersTest, AuditTellsBothStagesOfAConnection) {
  Fixture f;
  f.Send("POST", kTarget, "t");
  ASSERT_EQ(f.sink.lines.size(), 2u);
  EXPECT_EQ(StringAt(f.sink.lines[0], {"stage"}), "ResponseStarted");
  const Json& last = f.sink.lines[1];
  EXPECT_EQ(StringAt(last, {"stage"}), "ResponseComplete");
  EXPECT_EQ(StringAt(last, {"apiVersion"}), "audit.k8s.io/v1");
  EXPECT_EQ(StringAt(last, {"user", "username"}), "alice");
  EXPECT_EQ(StringAt(last, {"requestURI"}), kTarget);
  EXPECT_EQ(StringAt(last, {"objectRef", "subresource"}), "portforward");
  EXPECT_EQ(StringAt(last, {"annotations", "fairway.dev/ports"}), "80,443");
  EXPECT_EQ(IntAt(last, {"responseStatus", "code"}), 404);
  EXPECT_EQ(StringAt(last, {"auditID"}),
            StringAt(f.sink.lines[0], {"auditID"}));
}

TEST(DiscoveryTest, OpenApiForKubectlDescribesNothing) {
  EXPECT_EQ(OpenApiV2Protobuf(),
            "\x0a\x03"
            "2.0\x12\x23\x0a\x0a"
            "Kubernetes\x12\x15v1.20.2+fairway.0.1.0");
}

}  // namespace
}  // namespace fairway::apiserver::endpoints
