// SPDX-License-Identifier: Apache-2.0
#include "client/rest/rest_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/errors.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "client/rest/transport.h"

namespace fairway::rest {
namespace {

using net::http::BodyReader;
using net::http::Request;
using net::http::Response;
using net::http::RoundTripper;
using ::testing::HasSubstr;

// A body that comes in pieces of at most `piece` bytes.
class TextBody final : public BodyReader {
 public:
  TextBody(std::string text, size_t piece)
      : text_(std::move(text)), piece_(piece) {}
  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    const size_t count = std::min({piece_, buf.size(), text_.size() - at_});
    text_.copy(buf.data(), count, at_);
    at_ += count;
    co_return count;
  }

 private:
  const std::string text_;
  const size_t piece_;
  size_t at_ = 0;
};

struct Script {
  absl::Status error;
  int status = 200;
  std::string body;
  size_t piece = 1024;
  Request request;  // the last one
};

class FakeRoundTripper final : public RoundTripper {
 public:
  explicit FakeRoundTripper(Script* script) : script_(script) {}
  Task<absl::StatusOr<Response>> RoundTrip(Request request) override {
    script_->request = std::move(request);
    if (!script_->error.ok()) co_return script_->error;
    Response response;
    response.status = script_->status;
    response.body = std::make_unique<TextBody>(script_->body, script_->piece);
    co_return response;
  }

 private:
  Script* const script_;
};

net::http::Url Base() {
  return net::http::ParseUrl("https://h:6443").value_or(net::http::Url());
}

absl::StatusOr<std::string> RunClient(
    Script* script,
    std::function<Task<absl::StatusOr<std::string>>(RESTClient&)> body) {
  absl::StatusOr<std::string> result = absl::UnknownError("not run");
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    RESTClient client(std::make_unique<FakeRoundTripper>(script), Base(),
                      absl::Seconds(5));
    absl::StatusOr<std::string> got = co_await body(client);
    result = std::move(got);
    co_return absl::OkStatus();
  });
  EXPECT_THAT(ran, IsOk());
  return result;
}

Resource PodX() {
  Resource pod;
  pod.resource = "pods";
  pod.namespace_ = "ns";
  pod.name = "x";
  return pod;
}

absl::StatusOr<std::string> GetX(Script* script) {
  return RunClient(script,
                   [](RESTClient& client) { return client.Get(PodX()); });
}

TEST(RestClientTest, BuildsThePathOfAResource) {
  Script script;
  script.body = "{}";
  absl::StatusOr<std::string> body = RunClient(&script, [](RESTClient& client) {
    Resource pod = PodX();
    pod.subresource = "status";
    pod.query = {{"a", "b c"}};
    return client.Update(std::move(pod), "{\"k\":1}");
  });
  ASSERT_THAT(body, IsOk());
  EXPECT_EQ(script.request.url.ToString(),
            "https://h:6443/api/v1/namespaces/ns/pods/x/status?a=b+c");
  EXPECT_EQ(script.request.method, "PUT");
  EXPECT_EQ(script.request.body, "{\"k\":1}");
  EXPECT_EQ(std::string(script.request.headers.Get("Content-Type")),
            "application/json");
}

TEST(RestClientTest, AResourceOfAGroupIsElsewhere) {
  Script script;
  script.body = "{}";
  absl::StatusOr<std::string> body = RunClient(&script, [](RESTClient& client) {
    Resource deployment;
    deployment.group = "apps";
    deployment.resource = "deployments";
    deployment.namespace_ = "ns";
    deployment.name = "x";
    return client.Get(std::move(deployment));
  });
  ASSERT_THAT(body, IsOk());
  EXPECT_EQ(script.request.url.ToString(),
            "https://h:6443/apis/apps/v1/namespaces/ns/deployments/x");
}

TEST(RestClientTest, TheFormOfAnAnswerCanBeAskedFor) {
  Script script;
  script.body = "{}";
  ASSERT_THAT(GetX(&script), IsOk());
  EXPECT_EQ(script.request.headers.Get("Accept"), "application/json, */*");
  absl::StatusOr<std::string> body = RunClient(&script, [](RESTClient& client) {
    Resource pods = PodX();
    pods.name.clear();
    pods.accept = "application/json;as=Table";
    return client.List(std::move(pods));
  });
  ASSERT_THAT(body, IsOk());
  EXPECT_EQ(script.request.headers.Get("Accept"), "application/json;as=Table");
}

TEST(RestClientTest, WithoutANameNothingIsSent) {
  for (const char* verb : {"GET", "PUT", "DELETE"}) {
    Script script;
    script.body = "{}";
    absl::StatusOr<std::string> body =
        RunClient(&script, [verb](RESTClient& client) {
          Resource pod = PodX();
          pod.name = "";
          const absl::string_view which = verb;
          if (which == "GET") return client.Get(std::move(pod));
          if (which == "PUT") return client.Update(std::move(pod), "{}");
          return client.Delete(std::move(pod), "");
        });
    EXPECT_THAT(body, StatusIs(absl::StatusCode::kInvalidArgument,
                               "resource name may not be empty"));
    EXPECT_EQ(script.request.url.host, "") << verb;
  }
}

TEST(RestClientTest, StatusOfTheServerIsTheError) {
  Script script;
  script.status = 404;
  script.body = api::ToJson(api::StatusOfError(api::NewNotFound("pods", "x")));
  EXPECT_THAT(GetX(&script),
              StatusIs(absl::StatusCode::kNotFound, "pods \"x\" not found"));
}

struct GenericCase {
  int status;
  const char* body;
  absl::StatusCode code;
  const char* message;
};

TEST(RestClientTest, AnswersWithoutStatusGetUpstreamsWords) {
  const GenericCase cases[] = {
      {401, "", absl::StatusCode::kUnauthenticated,
       "the server has asked for the client to provide credentials (get pods "
       "x)"},
      {403, "no way\n", absl::StatusCode::kPermissionDenied,
       "no way (get pods x)"},
      {404, "404 page not found", absl::StatusCode::kNotFound,
       "the server could not find the requested resource (get pods x)"},
      {500, "{\"kind\":\"Pod\"}", absl::StatusCode::kInternal,
       "an error on the server (\"{\"kind\":\"Pod\"}\") has prevented the "
       "request from succeeding (get pods x)"},
      {302, "", absl::StatusCode::kUnknown,
       "the server responded with the status code 302 but did not return more "
       "information (get pods x)"},
  };
  for (const GenericCase& c : cases) {
    Script script;
    script.status = c.status;
    script.body = c.body;
    EXPECT_THAT(GetX(&script), StatusIs(c.code, c.message));
  }
}

TEST(RestClientTest, UnreachedServerIsAUrlError) {
  Script script;
  script.error = absl::UnavailableError("dial tcp 1.2.3.4:1: refused");
  const absl::Status status = GetX(&script).status();
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kUnavailable,
                       "Get \"https://h:6443/api/v1/namespaces/ns/pods/x\": "
                       "dial tcp 1.2.3.4:1: refused"));
  const auto error = UrlErrorOf(status);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->host, "h:6443");
  EXPECT_EQ(error->cause, "dial tcp 1.2.3.4:1: refused");
}

// Never answers.
class SilentRoundTripper final : public RoundTripper {
 public:
  Task<absl::StatusOr<Response>> RoundTrip(Request) override {
    absl::Status slept = co_await Sleep(absl::InfiniteDuration());
    co_return slept;
  }
};

TEST(RestClientTest, ARequestHasAnEnd) {
  absl::Status ran = RunLoop([]() -> Task<absl::Status> {
    RESTClient client(std::make_unique<SilentRoundTripper>(), Base(),
                      absl::Milliseconds(20));
    Resource pods;
    pods.resource = "pods";
    absl::StatusOr<std::string> list = co_await client.List(pods);
    EXPECT_EQ(list.status().message(),
              "Get \"https://h:6443/api/v1/pods\": context deadline exceeded");
    // A watch has as long for the head of its answer.
    auto watcher = co_await client.Watch(pods);
    EXPECT_EQ(watcher.status().message(),
              "Get \"https://h:6443/api/v1/pods?watch=true\": context deadline "
              "exceeded");
    EXPECT_TRUE(UrlErrorOf(watcher.status()).has_value());
    co_return absl::OkStatus();
  });
  EXPECT_THAT(ran, IsOk());
}

TEST(RestClientTest, BodiesAreToldFromEightOn) {
  Script script;
  script.body = "{\"kind\":\"Pod\"}";
  std::string told;
  RequestLog log;
  log.verbosity = 8;
  log.write = [&told](absl::string_view line) {
    absl::StrAppend(&told, line.substr(line.find("] ") + 2));
  };
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    RESTClient client(std::make_unique<FakeRoundTripper>(&script), Base(),
                      absl::Seconds(5), log);
    absl::StatusOr<std::string> made = co_await client.Create(PodX(), "{}");
    script.status = 409;
    absl::StatusOr<std::string> got = co_await client.Get(PodX());
    EXPECT_FALSE(got.ok());
    co_return made.status();
  });
  EXPECT_THAT(ran, IsOk());
  EXPECT_EQ(told,
            "Request Body: {}\nResponse Body: {\"kind\":\"Pod\"}\n"
            "Response Body: {\"kind\":\"Pod\"}\n");
}

// All that a watch gives, as "TYPE ... end" or "TYPE ... <CODE>".
std::string WatchAll(Script* script) {
  absl::StatusOr<std::string> all = RunClient(
      script, [](RESTClient& client) -> Task<absl::StatusOr<std::string>> {
        Resource pods;
        pods.resource = "pods";
        auto watcher = co_await client.Watch(std::move(pods));
        if (!watcher.ok()) co_return watcher.status();
        std::string seen;
        while (true) {
          auto event = co_await (*watcher)->Next();
          if (!event.ok()) {
            co_return absl::StrCat(
                seen, "<", absl::StatusCodeToString(event.status().code()),
                ">");
          }
          if (!event->has_value()) co_return seen + "end";
          absl::StrAppend(&seen, (*event)->type, " ");
        }
      });
  return all.ok() ? *all : all.status().ToString();
}

TEST(WatcherTest, EventsComeLineByLineHoweverTheyAreCut) {
  for (size_t piece : {1, 7, 1000}) {
    Script script;
    script.piece = piece;
    script.body =
        "{\"type\":\"ADDED\",\"object\":{}}\n\n"
        "{\"type\":\"DELETED\",\"object\":{}}\n{\"type\":";
    EXPECT_EQ(WatchAll(&script), "ADDED DELETED end") << piece;
    EXPECT_EQ(script.request.url.raw_query, "watch=true");
  }
}

TEST(WatcherTest, ErrorEventIsTheErrorItCarries) {
  Script script;
  script.body = absl::StrCat(
      "{\"type\":\"ERROR\",\"object\":",
      api::ToJson(api::StatusOfError(api::NewGone("too old"))), "}\n");
  EXPECT_EQ(WatchAll(&script), "<OUT_OF_RANGE>");
}

TEST(WatcherTest, EndlessLineIsRefused) {
  Script script;
  script.piece = 1 << 20;
  script.body = std::string(kMaxWatchLineBytes + (1 << 20), 'x');
  EXPECT_EQ(WatchAll(&script), "<RESOURCE_EXHAUSTED>");
}

// Does one request through wrappers; the headers that arrived.
net::http::Headers Wrapped(
    std::function<std::unique_ptr<RoundTripper>(std::unique_ptr<RoundTripper>)>
        wrap,
    net::http::Headers headers = {}) {
  Script script;
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    auto transport = wrap(std::make_unique<FakeRoundTripper>(&script));
    Request request;
    request.headers = headers;
    absl::StatusOr<Response> response =
        co_await transport->RoundTrip(std::move(request));
    co_return response.status();
  });
  EXPECT_THAT(ran, IsOk());
  return script.request.headers;
}

TEST(TransportTest, WrappersAddWhoAsks) {
  Config config;
  config.bearer_token = "abc";
  config.user_agent = "me/1";
  config.impersonate.user_name = "jane";
  config.impersonate.groups = {"a", "b"};
  config.impersonate.extra["a/b c"] = {"1"};
  const auto headers = Wrapped([&](std::unique_ptr<RoundTripper> rt) {
    return HTTPWrappersForConfig(config, std::move(rt)).value_or(nullptr);
  });
  std::string order;
  for (const auto& [name, value] : headers) {
    absl::StrAppend(&order, name, ": ", value, "\n");
  }
  // The outermost wrapper writes first.
  EXPECT_EQ(order,
            "Impersonate-User: jane\nImpersonate-Group: a\n"
            "Impersonate-Group: b\nImpersonate-Extra-a%2Fb%20c: 1\n"
            "User-Agent: me/1\nAuthorization: Bearer abc\n");
}

TEST(TransportTest, OwnWrapperIsInnermost) {
  Config config;
  config.username = "me";
  config.password = "secret";
  std::string seen;
  class Spy final : public RoundTripper {
   public:
    Spy(std::unique_ptr<RoundTripper> rt, std::string* seen)
        : rt_(std::move(rt)), seen_(seen) {}
    Task<absl::StatusOr<Response>> RoundTrip(Request request) override {
      *seen_ = std::string(request.headers.Get("Authorization"));
      return rt_->RoundTrip(std::move(request));
    }

   private:
    std::unique_ptr<RoundTripper> rt_;
    std::string* seen_;
  };
  config.wrap_transport = [&seen](std::unique_ptr<RoundTripper> rt) {
    return std::make_unique<Spy>(std::move(rt), &seen);
  };
  Wrapped([&](std::unique_ptr<RoundTripper> rt) {
    return HTTPWrappersForConfig(config, std::move(rt)).value_or(nullptr);
  });
  EXPECT_EQ(seen, "Basic bWU6c2VjcmV0");
}

TEST(TransportTest, HeadersOfTheRequestAreKept) {
  Config config;
  config.bearer_token = "abc";
  const auto headers = Wrapped(
      [&](std::unique_ptr<RoundTripper> rt) {
        return HTTPWrappersForConfig(config, std::move(rt)).value_or(nullptr);
      },
      {{"Authorization", "own"}});
  EXPECT_EQ(std::string(headers.Get("Authorization")), "own");
}

TEST(TransportTest, TwoWaysToAuthenticateAreRefused) {
  Config config;
  config.bearer_token = "abc";
  config.username = "me";
  EXPECT_THAT(HTTPWrappersForConfig(config, nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "username/password or bearer token may be set, but "
                       "not both"));
}

TEST(TransportTest, TokenFileIsReadAgainAfterAMinuteLessTenSeconds) {
  const std::string path = ::testing::TempDir() + "/token";
  std::ofstream(path) << "one\n";
  absl::Time now = absl::UnixEpoch();
  Script script;
  absl::StatusOr<std::unique_ptr<RoundTripper>> bearer =
      NewBearerAuthWithRefreshRoundTripper(
          "", path, std::make_unique<FakeRoundTripper>(&script),
          [&now] { return now; });
  ASSERT_THAT(bearer, IsOk());
  const auto sent = [&] {
    absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
      absl::StatusOr<Response> response =
          co_await (*bearer)->RoundTrip(Request());
      co_return response.status();
    });
    EXPECT_THAT(ran, IsOk());
    return std::string(script.request.headers.Get("Authorization"));
  };
  std::ofstream(path) << "two\n";
  now += absl::Seconds(49);
  EXPECT_EQ(sent(), "Bearer one");
  now += absl::Seconds(1);
  EXPECT_EQ(sent(), "Bearer two");
  std::remove(path.c_str());
  now += absl::Minutes(5);
  EXPECT_EQ(sent(), "Bearer two");
}

TEST(TransportTest, MissingTokenFileIsAnErrorAtFirst) {
  EXPECT_THAT(NewBearerAuthWithRefreshRoundTripper("", "/nope", nullptr),
              StatusIs(absl::StatusCode::kNotFound,
                       "open /nope: no such file or directory"));
}

TEST(ConfigTest, SchemeFollowsTheTlsMaterial) {
  Config config;
  config.host = "h:1";
  EXPECT_EQ(DefaultServerURL(config).value_or(net::http::Url()).ToString(),
            "http://h:1");
  config.tls.ca_data = "CA";
  EXPECT_EQ(DefaultServerURL(config).value_or(net::http::Url()).ToString(),
            "https://h:1");
  config.host = "https://h/base/";
  EXPECT_EQ(DefaultServerURL(config).value_or(net::http::Url()).ToString(),
            "https://h/base");
  for (const char* bad : {"ftp://h", "https://a b", "https://:1"}) {
    config.host = bad;
    EXPECT_THAT(
        DefaultServerURL(config),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 absl::StrCat("host must be a URL or a host:port pair: \"", bad,
                              "\"")));
  }
}

TEST(ConfigTest, UserAgentHasUpstreamsShape) {
  EXPECT_THAT(DefaultKubernetesUserAgent("kubectl"),
              ::testing::MatchesRegex("kubectl/v1\\.20\\.2\\+fairway\\.[0-9.]+ "
                                      "\\(linux/[a-z0-9]+\\) "
                                      "kubernetes/fairway"));
}

}  // namespace
}  // namespace fairway::rest
