// SPDX-License-Identifier: Apache-2.0
#include "kubelet/rest_kube_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"

namespace fairway::kubelet {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class StringBody : public net::http::BodyReader {
 public:
  explicit StringBody(std::string text) : text_(std::move(text)) {}
  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    const size_t n = std::min(buf.size(), text_.size());
    std::copy_n(text_.begin(), n, buf.begin());
    text_.erase(0, n);
    co_return n;
  }

 private:
  std::string text_;
};

// Gives the answers in their order, and keeps what was asked.
struct Exchange {
  std::deque<std::pair<int, std::string>> answers;
  std::vector<std::string> lines;  // "GET /path?query"
  std::vector<std::string> bodies;
};

class FakeTransport : public net::http::RoundTripper {
 public:
  explicit FakeTransport(Exchange& exchange) : exchange_(exchange) {}
  Task<absl::StatusOr<net::http::Response>> RoundTrip(
      net::http::Request request) override {
    exchange_.lines.push_back(
        absl::StrCat(request.method, " ", request.url.RequestTarget()));
    exchange_.bodies.push_back(request.body);
    if (exchange_.answers.empty()) {
      co_return absl::UnavailableError("no more answers");
    }
    net::http::Response response;
    response.status = exchange_.answers.front().first;
    response.headers.Set("Content-Type", "application/json");
    response.body = std::make_unique<StringBody>(
        std::move(exchange_.answers.front().second));
    exchange_.answers.pop_front();
    co_return response;
  }

 private:
  Exchange& exchange_;
};

class RestKubeClientTest : public ::testing::Test {
 protected:
  RestKubeClientTest()
      : rest_(std::make_unique<FakeTransport>(exchange_),
              *net::http::ParseUrl("https://127.0.0.1:6443"), absl::Seconds(5)),
        client_(NewRestKubeClient(rest_)) {}

  absl::Status Run(std::function<Task<absl::Status>()> body) {
    return RunLoop(std::move(body));
  }

  absl::Status UpdateStatus(const api::Pod& pod) {
    return Run([&]() -> Task<absl::Status> {
      absl::Status updated = co_await client_->UpdatePodStatus(pod);
      co_return updated;
    });
  }

  static api::Pod RunningPod() {
    api::Pod pod;
    pod.metadata.name = "web";
    pod.metadata.namespace_ = "default";
    pod.metadata.uid = "u1";
    pod.phase = "Running";
    pod.pod_ip = "10.0.0.9";
    pod.conditions = {{"Ready", "True"}, {"Initialized", "True"}};
    return pod;
  }

  Exchange exchange_;
  rest::RESTClient rest_;
  std::unique_ptr<KubeClient> client_;
};

constexpr char kStoredPod[] =
    R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","uid":"u1",
        "namespace":"default","resourceVersion":"7","labels":{"a":"b"}},
        "spec":{"nodeName":"n1","volumes":[{"name":"kept"}]},
        "status":{"phase":"Pending","qosClass":"BestEffort","reason":"Old",
        "conditions":[
        {"type":"Initialized","status":"True",
         "lastTransitionTime":"2001-01-01T00:00:00Z"},
        {"type":"Ready","status":"False",
         "lastTransitionTime":"2002-02-02T00:00:00Z"},
        {"type":"example.com/gate","status":"True"}]}})";

TEST_F(RestKubeClientTest, ListsThePodsOfOneNode) {
  exchange_.answers = {{200, R"({"kind":"PodList","apiVersion":"v1",
                "metadata":{"resourceVersion":"9"},"items":[)" +
                                 std::string(kStoredPod) + "]}"}};
  EXPECT_THAT(Run([&]() -> Task<absl::Status> {
                absl::StatusOr<api::PodList> list =
                    co_await client_->ListPods("n1");
                if (!list.ok()) co_return list.status();
                EXPECT_EQ(list->resource_version, "9");
                EXPECT_EQ(list->items[0].metadata.uid, "u1");
                co_return absl::OkStatus();
              }),
              IsOk());
  EXPECT_THAT(exchange_.lines, ElementsAre("GET /api/v1/pods?fieldSelector="
                                           "spec.nodeName%3Dn1"));
}

TEST_F(RestKubeClientTest, WatchGivesEventsUntilTheServerEndsIt) {
  exchange_.answers = {
      {200,
       absl::StrCat(R"({"type":"ADDED","object":{"metadata":{}}})", "\n",
                    R"({"type":"DELETED","object":{"metadata":{}}})", "\n")}};
  std::vector<std::string> types;
  EXPECT_THAT(Run([&]() -> Task<absl::Status> {
                absl::Status ended = co_await client_->WatchPods(
                    "n1", "9", [&types](api::WatchEvent event) {
                      types.push_back(event.type);
                      return absl::OkStatus();
                    });
                co_return ended;
              }),
              IsOk());
  EXPECT_THAT(types, ElementsAre("ADDED", "DELETED"));
  EXPECT_THAT(exchange_.lines[0], HasSubstr("resourceVersion=9"));
  EXPECT_THAT(exchange_.lines[0], HasSubstr("watch=true"));
  EXPECT_THAT(exchange_.lines[0], HasSubstr("timeoutSeconds=300"));
  EXPECT_THAT(exchange_.lines[0], HasSubstr("allowWatchBookmarks=true"));
}

TEST_F(RestKubeClientTest, WatchThatExpiredIsOutOfRange) {
  exchange_.answers = {
      {200, absl::StrCat(R"({"type":"ERROR","object":{"kind":"Status",)",
                         R"("code":410,"reason":"Expired"}})", "\n")}};
  EXPECT_THAT(Run([&]() -> Task<absl::Status> {
                absl::Status ended = co_await client_->WatchPods(
                    "n1", "9",
                    [](api::WatchEvent) { return absl::OkStatus(); });
                co_return ended;
              }),
              StatusIs(StatusCode::kOutOfRange));
}

TEST_F(RestKubeClientTest, StatusKeepsWhatIsNotTheKubelets) {
  exchange_.answers = {{200, kStoredPod}, {200, "{}"}};
  EXPECT_THAT(UpdateStatus(RunningPod()), IsOk());
  EXPECT_THAT(exchange_.lines,
              ElementsAre("GET /api/v1/namespaces/default/pods/web",
                          "PUT /api/v1/namespaces/default/pods/web/status"));
  const std::string& body = exchange_.bodies[1];
  EXPECT_THAT(body, HasSubstr(R"("resourceVersion":"7")"));
  EXPECT_THAT(body, HasSubstr(R"("volumes":[{"name":"kept"}])"));
  EXPECT_THAT(body, HasSubstr(R"("qosClass":"BestEffort")"));
  EXPECT_THAT(body, HasSubstr(R"("phase":"Running")"));
  EXPECT_THAT(body, HasSubstr("example.com/gate"));
  EXPECT_THAT(body, Not(HasSubstr(R"("reason":"Old")")));
  // A condition keeps its date unless it changes.
  EXPECT_THAT(body, HasSubstr("2001-01-01T00:00:00Z"));
  EXPECT_THAT(body, Not(HasSubstr("2002-02-02T00:00:00Z")));
}

TEST_F(RestKubeClientTest, StatusConflictReadsAgain) {
  exchange_.answers = {{200, kStoredPod},
                       {409, R"({"kind":"Status","code":409,"reason":"Conflict",
               "message":"changed"})"},
                       {200, kStoredPod},
                       {200, "{}"}};
  EXPECT_THAT(UpdateStatus(RunningPod()), IsOk());
  EXPECT_EQ(exchange_.lines.size(), 4u);
}

TEST_F(RestKubeClientTest, StatusOfAnotherPodOfThatNameIsLeftAlone) {
  exchange_.answers = {{200, kStoredPod}};
  api::Pod pod = RunningPod();
  pod.metadata.uid = "u2";
  EXPECT_THAT(UpdateStatus(pod), StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(exchange_.lines.size(), 1u);
}

TEST_F(RestKubeClientTest, DeletesThatVeryPodAtOnce) {
  exchange_.answers = {{200, "{}"}};
  EXPECT_THAT(Run([&]() -> Task<absl::Status> {
                absl::Status deleted =
                    co_await client_->DeletePod("default", "web", "u1");
                co_return deleted;
              }),
              IsOk());
  EXPECT_EQ(exchange_.lines[0], "DELETE /api/v1/namespaces/default/pods/web");
  EXPECT_THAT(exchange_.bodies[0], HasSubstr(R"("gracePeriodSeconds":0)"));
  EXPECT_THAT(exchange_.bodies[0],
              HasSubstr(R"("preconditions":{"uid":"u1"})"));
}

TEST_F(RestKubeClientTest, NodeCalls) {
  exchange_.answers = {
      {409, R"({"kind":"Status","code":409,"reason":"AlreadyExists",
               "message":"exists"})"},
      {200, "{}"}};
  EXPECT_THAT(Run([&]() -> Task<absl::Status> {
                absl::Status created = co_await client_->CreateNode("{}");
                co_return created;
              }),
              StatusIs(StatusCode::kAlreadyExists));
  EXPECT_THAT(Run([&]() -> Task<absl::Status> {
                absl::Status updated =
                    co_await client_->UpdateNodeStatus("n1", "{}");
                co_return updated;
              }),
              IsOk());
  EXPECT_THAT(exchange_.lines,
              ElementsAre("POST /api/v1/nodes", "PUT /api/v1/nodes/n1/status"));
}

}  // namespace
}  // namespace fairway::kubelet
