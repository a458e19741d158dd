// SPDX-License-Identifier: Apache-2.0
#include "kubelet/server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "kubelet/server/auth.h"

namespace fairway::kubelet::server {
namespace {

using net::http::Headers;
using net::http::ServerRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NoBody : public net::http::BodyReader {
 public:
  Task<absl::StatusOr<size_t>> Read(absl::Span<char>) override { co_return 0; }
};

class FakeWriter : public net::http::ResponseWriter {
 public:
  Headers& headers() override { return headers_; }
  Task<absl::Status> WriteHeader(int status) override {
    status_ = status;
    co_return absl::OkStatus();
  }
  Task<absl::Status> Write(absl::string_view bytes) override {
    if (status_ == 0) status_ = 200;
    body_.append(bytes.data(), bytes.size());
    co_return absl::OkStatus();
  }
  bool wrote_header() const override { return status_ != 0; }
  absl::StatusOr<std::unique_ptr<net::ByteStream>> Hijack() override {
    return absl::UnimplementedError("hijack");
  }
  Task<absl::Status> WaitPeerGone() override { co_return absl::OkStatus(); }

  int status() const { return status_; }
  const std::string& body() const { return body_; }
  std::string header(const char* name) const {
    return std::string(headers_.Get(name));
  }

 private:
  Headers headers_;
  int status_ = 0;
  std::string body_;
};

class FakeHost : public HostInterface {
 public:
  FakeHost() {
    pod.metadata.name = "web";
    pod.metadata.namespace_ = "default";
    pod.metadata.uid = "u1";
  }
  std::vector<api::Pod> GetPods() override { return {pod}; }
  const api::Pod* GetPodByName(absl::string_view namespace_,
                               absl::string_view name) override {
    return namespace_ == pod.metadata.namespace_ && name == pod.metadata.name
               ? &pod
               : nullptr;
  }
  Task<absl::StatusOr<net::http::Url>> GetPortForward(
      std::string name, std::string namespace_, std::string uid,
      std::vector<int32_t> ports) override {
    asked = absl::StrCat(namespace_, "/", name, "/", uid);
    asked_ports = ports;
    if (!answer.ok()) co_return answer.status();
    co_return net::http::ParseUrl(*answer);
  }
  absl::Status Ready() override { return ready; }

  api::Pod pod;
  absl::StatusOr<std::string> answer =
      std::string("http://127.0.0.1:4000/portforward/tok?a=1&b=2");
  absl::Status ready;
  std::string asked;
  std::vector<int32_t> asked_ports;
};

class FakeAuthorizer : public Authorizer {
 public:
  explicit FakeAuthorizer(absl::StatusOr<bool> answer)
      : answer_(std::move(answer)) {}
  absl::StatusOr<bool> Authorize(const Attributes& attributes) override {
    last = attributes;
    return answer_;
  }
  Attributes last;

 private:
  const absl::StatusOr<bool> answer_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    certificate_.common_name = "kube-apiserver-kubelet-client";
    certificate_.organizations = {"system:masters"};
    options_.node_name = "n1";
    options_.redirect_container_streaming = true;
  }

  FakeWriter Do(const std::string& method, const std::string& target,
                Headers headers = {}) {
    auto authorizer = std::make_unique<FakeAuthorizer>(allowed_);
    FakeAuthorizer* seen = authorizer.get();
    Server server(host_, std::move(authorizer), options_);
    NoBody body;
    ServerRequest request;
    request.method = method;
    request.headers = std::move(headers);
    request.tls = true;
    request.body = &body;
    request.peer_certificate = anonymous_ ? nullptr : &certificate_;
    EXPECT_THAT(net::http::SetRequestTarget(target, "node:10250", request),
                IsOk());
    FakeWriter writer;
    absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
      absl::Status served = co_await server.ServeHTTP(request, writer);
      co_return served;
    });
    EXPECT_THAT(ran, IsOk());
    attributes_ = seen->last;
    return writer;
  }

  FakeHost host_;
  net::PeerCertificate certificate_;
  bool anonymous_ = false;
  absl::StatusOr<bool> allowed_ = true;
  ServerOptions options_;
  Attributes attributes_;
};

const Headers kWebSocket = {{"Connection", "Upgrade"},
                            {"Upgrade", "websocket"}};

struct PortCase {
  const char* name;
  const char* query;
  const char* uid;
  int status;
  const char* body;
};

class ServePortForwardTest : public ServerTest,
                             public ::testing::WithParamInterface<PortCase> {};

// The cases of upstream's TestServeWSPortForward.
TEST_P(ServePortForwardTest, AnswersWebSocketRequest) {
  const PortCase& c = GetParam();
  FakeWriter answer =
      Do("GET", absl::StrCat("/portForward/default/web", c.uid, c.query),
         kWebSocket);
  EXPECT_EQ(answer.status(), c.status);
  if (c.status != 302) {
    EXPECT_EQ(answer.body(), c.body);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Upstream, ServePortForwardTest,
    ::testing::Values(
        PortCase{"NoPort", "", "", 400, "query parameter \"port\" is required"},
        PortCase{"NoneNumberPort", "?port=abc", "", 400,
                 "unable to parse \"abc\" as a port: strconv.ParseUint: "
                 "parsing \"abc\": invalid syntax"},
        PortCase{"NegativePort", "?port=-1", "", 400,
                 "unable to parse \"-1\" as a port: strconv.ParseUint: "
                 "parsing \"-1\": invalid syntax"},
        PortCase{"TooLargePort", "?port=65536", "", 400,
                 "unable to parse \"65536\" as a port: strconv.ParseUint: "
                 "parsing \"65536\": value out of range"},
        PortCase{"ZeroPort", "?port=0", "", 400, "port \"0\" must be > 0"},
        PortCase{"MinPort", "?port=1", "", 302, ""},
        PortCase{"NormalPort", "?port=8000", "", 302, ""},
        PortCase{"MaxPort", "?port=65535", "", 302, ""},
        PortCase{"NormalPortWithUid", "?port=8000", "/u1", 302, ""},
        PortCase{"OtherUid", "?port=8000", "/u2", 404, "pod not found"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(ServerTest, PortForwardHandsPortsToTheHost) {
  Do("GET", "/portForward/default/web?port=7000,8000&port=9000", kWebSocket);
  EXPECT_THAT(host_.asked_ports, ElementsAre(7000, 8000, 9000));
  EXPECT_EQ(host_.asked, "default/web/u1");
}

TEST_F(ServerTest, SpdyRequestNeedsNoPort) {
  FakeWriter answer = Do("POST", "/portForward/default/web",
                         {{"Connection", "Upgrade"}, {"Upgrade", "SPDY/3.1"}});
  EXPECT_EQ(answer.status(), 302);
  EXPECT_TRUE(host_.asked_ports.empty());
}

TEST_F(ServerTest, PortForwardOfUnknownPod) {
  FakeWriter answer = Do("POST", "/portForward/default/nobody");
  EXPECT_EQ(answer.status(), 404);
  EXPECT_EQ(answer.body(), "pod does not exist");
  EXPECT_EQ(Do("POST", "/portForward/other/web").status(), 404);
}

TEST_F(ServerTest, PortForwardErrorsAreStreamingErrors) {
  host_.answer = absl::UnknownError("pod not found (\"web_default\")");
  FakeWriter answer = Do("POST", "/portForward/default/web");
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.body(), "pod not found (\"web_default\")");

  host_.answer = absl::NotFoundError("rpc error: code = NotFound desc = gone");
  answer = Do("POST", "/portForward/default/web");
  EXPECT_EQ(answer.status(), 404);
  EXPECT_EQ(answer.body(), "rpc error: code = NotFound desc = gone");

  host_.answer = absl::ResourceExhaustedError("too many");
  answer = Do("POST", "/portForward/default/web");
  EXPECT_EQ(answer.status(), 429);
  EXPECT_EQ(answer.header("Retry-After"), "60");
}

TEST_F(ServerTest, RedirectIsAsGoWritesIt) {
  FakeWriter get = Do("GET", "/portForward/default/web");
  EXPECT_EQ(get.status(), 302);
  EXPECT_EQ(get.header("Location"),
            "http://127.0.0.1:4000/portforward/tok?a=1&b=2");
  EXPECT_EQ(get.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(get.body(),
            "<a href=\"http://127.0.0.1:4000/portforward/tok?a=1&amp;b=2\">"
            "Found</a>.\n\n");

  FakeWriter post = Do("POST", "/portForward/default/web");
  EXPECT_EQ(post.status(), 302);
  EXPECT_EQ(post.header("Location"),
            "http://127.0.0.1:4000/portforward/tok?a=1&b=2");
  EXPECT_EQ(post.header("Content-Type"), "");
  EXPECT_EQ(post.body(), "");
}

TEST_F(ServerTest, RelativeRedirectStaysOnThisServer) {
  host_.answer = std::string("/cri/portforward/tok");
  EXPECT_EQ(Do("POST", "/portForward/default/web").header("Location"),
            "/cri/portforward/tok");
  host_.answer = std::string("tok");
  EXPECT_EQ(Do("POST", "/portForward/default/web").header("Location"),
            "/portForward/default/tok");
}

TEST_F(ServerTest, ProxyingNeedsAnUpgrade) {
  options_.redirect_container_streaming = false;
  FakeWriter answer = Do("POST", "/portForward/default/web");
  EXPECT_GE(answer.status(), 400);
  EXPECT_THAT(answer.body(), HasSubstr("Upgrade request required"));
}

TEST_F(ServerTest, OtherMethodsOfPortForward) {
  for (const char* method : {"PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"}) {
    FakeWriter answer = Do(method, "/portForward/default/web");
    EXPECT_EQ(answer.status(), 405) << method;
    EXPECT_EQ(answer.body(), "405: Method Not Allowed");
  }
}

TEST_F(ServerTest, UnknownPaths) {
  for (const char* path : {"/", "/nothing", "/healthz/x", "/cri/portforward/t",
                           "/pods/x", "/portforward/default/web"}) {
    FakeWriter answer = Do("GET", path);
    EXPECT_EQ(answer.status(), 404) << path;
    EXPECT_EQ(answer.body(), "404 page not found\n") << path;
  }
  for (const char* path : {"/portForward", "/portForward/default",
                           "/portForward/default/web/u1/tail"}) {
    FakeWriter answer = Do("GET", path);
    EXPECT_EQ(answer.status(), 404) << path;
    EXPECT_EQ(answer.body(), "404: Page Not Found") << path;
  }
}

TEST_F(ServerTest, CriIsTheRuntimesOwn) {
  std::string seen;
  options_.cri_handler =
      [&seen](ServerRequest& request,
              net::http::ResponseWriter& writer) -> Task<absl::Status> {
    seen = request.url.path;
    absl::Status written =
        co_await net::http::Respond(writer, 200, "text/plain", "streams");
    co_return written;
  };
  EXPECT_EQ(Do("GET", "/cri/portforward/tok").body(), "streams");
  EXPECT_EQ(seen, "/cri/portforward/tok");
  anonymous_ = true;
  EXPECT_EQ(Do("GET", "/cri/portforward/tok").status(), 401);
}

TEST_F(ServerTest, NobodyIsUnauthorized) {
  anonymous_ = true;
  for (const char* path : {"/portForward/default/web", "/pods", "/healthz",
                           "/metrics", "/nothing"}) {
    FakeWriter answer = Do("GET", path);
    EXPECT_EQ(answer.status(), 401) << path;
    EXPECT_EQ(answer.body(), "Unauthorized") << path;
  }
  EXPECT_EQ(host_.asked, "");
}

TEST_F(ServerTest, CertificateWithoutNameIsNobody) {
  certificate_.common_name = "";
  EXPECT_EQ(Do("GET", "/pods").status(), 401);
}

TEST_F(ServerTest, AnonymousRequestsIfAllowed) {
  anonymous_ = true;
  options_.anonymous_auth = AnonymousAuth::kAllowed;
  EXPECT_EQ(Do("GET", "/healthz").status(), 200);
  EXPECT_EQ(attributes_.user.name, "system:anonymous");
  EXPECT_THAT(attributes_.user.groups, ElementsAre("system:unauthenticated"));
}

TEST_F(ServerTest, ForbiddenSaysWhat) {
  allowed_ = false;
  FakeWriter answer = Do("GET", "/portForward/default/web");
  EXPECT_EQ(answer.status(), 403);
  EXPECT_EQ(answer.body(),
            "Forbidden (user=kube-apiserver-kubelet-client, verb=create, "
            "resource=nodes, subresource=proxy)");
  allowed_ = absl::UnavailableError("no server");
  answer = Do("GET", "/metrics");
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.body(),
            "Authorization error (user=kube-apiserver-kubelet-client, "
            "verb=get, resource=nodes, subresource=metrics)");
}

struct VerbCase {
  const char* method;
  const char* path;
  const char* verb;
  const char* subresource;
};

TEST_F(ServerTest, AttributesOfRequests) {
  for (const VerbCase& c :
       {VerbCase{"GET", "/portForward/default/web", "create", "proxy"},
        VerbCase{"POST", "/portForward/default/web", "create", "proxy"},
        VerbCase{"GET", "/cri/portforward/x", "create", "proxy"},
        VerbCase{"GET", "/pods", "get", "proxy"},
        VerbCase{"GET", "/metrics", "get", "metrics"},
        VerbCase{"GET", "/stats/summary", "get", "stats"},
        VerbCase{"GET", "/logs/", "get", "log"},
        VerbCase{"GET", "/statsx", "get", "proxy"},
        VerbCase{"DELETE", "/pods", "delete", "proxy"}}) {
    Do(c.method, c.path);
    EXPECT_EQ(attributes_.verb, c.verb) << c.path;
    EXPECT_EQ(attributes_.subresource, c.subresource) << c.path;
    EXPECT_EQ(attributes_.name, "n1");
  }
  Do("GET", "/pods", kWebSocket);
  EXPECT_EQ(attributes_.verb, "create");
}

TEST_F(ServerTest, HealthAndReadiness) {
  EXPECT_EQ(Do("GET", "/healthz").body(), "ok");
  EXPECT_EQ(Do("GET", "/readyz").body(), "ok");
  host_.ready = absl::UnavailableError("node is not registered");
  FakeWriter answer = Do("GET", "/readyz");
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.body(), "not ready: node is not registered\n");
}

TEST_F(ServerTest, PodsAreAList) {
  FakeWriter answer = Do("GET", "/pods");
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  absl::StatusOr<api::PodList> list = api::PodListFromJson(answer.body());
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->items.size(), 1u);
  EXPECT_EQ(list->items[0].metadata.uid, "u1");
}

TEST_F(ServerTest, MetricsCountRequestsByBoundedLabels) {
  Do("GET", "/portForward/default/web");
  Do("BREW", "/secret-of-a-peer");
  const std::string text = Do("GET", "/metrics").body();
  EXPECT_THAT(text, HasSubstr("kubelet_http_requests_total{long_running="
                              "\"true\",method=\"GET\",path=\"portForward\","
                              "server_type=\"readwrite\"}"));
  EXPECT_THAT(text, HasSubstr("method=\"other\",path=\"other\""));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("secret-of-a-peer")));
  EXPECT_THAT(text, HasSubstr("kubelet_http_inflight_requests"));
  EXPECT_THAT(text, HasSubstr("kubelet_portforward_redirects_total"));
}

}  // namespace
}  // namespace fairway::kubelet::server
