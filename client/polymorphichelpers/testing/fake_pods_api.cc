// SPDX-License-Identifier: Apache-2.0
#include "client/polymorphichelpers/testing/fake_pods_api.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "api/errors.h"
#include "net/http/url.h"

namespace fairway::polymorphichelpers {
namespace {

using net::http::BodyReader;
using net::http::QueryValue;
using net::http::Request;
using net::http::Response;
using net::http::RoundTripper;

constexpr absl::string_view kPods = "/api/v1/namespaces/ns/pods";

class TextBody final : public BodyReader {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    const size_t count = std::min(buf.size(), text_.size() - at_);
    text_.copy(buf.data(), count, at_);
    at_ += count;
    co_return count;
  }

 private:
  const std::string text_;
  size_t at_ = 0;
};

Response TextResponse(int status, std::string text) {
  Response response;
  response.status = status;
  response.body = std::make_unique<TextBody>(std::move(text));
  return response;
}

Response ErrorResponse(const absl::Status& error) {
  const api::ApiStatus status = api::StatusOfError(error);
  return TextResponse(status.code, api::ToJson(status));
}

std::string EventLine(const std::string& type, const std::string& object) {
  return absl::StrCat("{\"type\":\"", type, "\",\"object\":", object, "}\n");
}

}  // namespace

// What an open watch has not read yet, and how it ends.
struct FakePodsApi::Feed {
  explicit Feed(Executor executor) : changed(executor) {}
  std::string text;
  bool ended = false;
  absl::Status broken;
  Condition changed;
};

class FakePodsApi::WatchBody final : public BodyReader {
 public:
  explicit WatchBody(FakePodsApi* api) : api_(api), feed_(api->executor_) {
    api_->watches_.push_back(&feed_);
  }
  ~WatchBody() override { api_->watches_.remove(&feed_); }

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    while (feed_.text.empty() && !feed_.ended && feed_.broken.ok()) {
      absl::Status woken = co_await feed_.changed.Wait();
      if (!woken.ok()) co_return woken;
    }
    const size_t count = std::min(buf.size(), feed_.text.size());
    if (count == 0 && !feed_.broken.ok()) co_return feed_.broken;
    feed_.text.copy(buf.data(), count);
    feed_.text.erase(0, count);
    co_return count;
  }
  Feed& feed() { return feed_; }

 private:
  FakePodsApi* const api_;
  Feed feed_;
};

class FakePodsApi::Client final : public RoundTripper {
 public:
  explicit Client(FakePodsApi* api) : api_(api) {}
  Task<absl::StatusOr<Response>> RoundTrip(Request request) override {
    Response response = api_->Answer(request);
    if (!api_->down.ok()) co_return api_->down;
    co_return response;
  }

 private:
  FakePodsApi* const api_;
};

FakePodsApi::FakePodsApi(Executor executor)
    : executor_(executor), asked_(executor) {}

std::unique_ptr<rest::RESTClient> FakePodsApi::NewClient() {
  net::http::Url base;
  base.scheme = "http";
  base.host = "server";
  return std::make_unique<rest::RESTClient>(std::make_unique<Client>(this),
                                            base, absl::Seconds(5));
}

void FakePodsApi::Send(const std::string& type, const std::string& object) {
  for (Feed* feed : watches_) {
    if (feed->ended || !feed->broken.ok()) continue;
    feed->text += EventLine(type, object);
    feed->changed.NotifyAll();
  }
}

void FakePodsApi::Put(api::Pod pod) {
  pod.metadata.resource_version = absl::StrCat(++version_);
  const std::string name = pod.metadata.name;
  const std::string type = pods_.count(name) > 0 ? "MODIFIED" : "ADDED";
  const std::string json = api::ToJson(pod);
  pods_[name] = std::move(pod);
  history_[version_] = EventLine(type, json);
  Send(type, json);
}

void FakePodsApi::Delete(const std::string& name) {
  api::Pod pod = pods_.at(name);
  pods_.erase(name);
  pod.metadata.resource_version = absl::StrCat(++version_);
  const std::string json = api::ToJson(pod);
  history_[version_] = EventLine("DELETED", json);
  Send("DELETED", json);
}

void FakePodsApi::EndWatches() {
  for (Feed* feed : watches_) {
    feed->ended = true;
    feed->changed.NotifyAll();
  }
}

void FakePodsApi::BreakWatches() {
  for (Feed* feed : watches_) {
    feed->broken = absl::UnavailableError("read: connection reset by peer");
    feed->changed.NotifyAll();
  }
}

Task<absl::Status> FakePodsApi::WaitForRequests(size_t count) {
  while (log.size() < count) {
    absl::Status woken = co_await asked_.Wait();
    if (!woken.ok()) co_return woken;
  }
  co_return absl::OkStatus();
}

Response FakePodsApi::AnswerWatch(const std::string& version) {
  int from = 0;
  const bool known = absl::SimpleAtoi(version, &from) && from >= oldest;
  const absl::Status gone = api::NewGone("too old resource version");
  if (!known && !gone_as_event) return ErrorResponse(gone);
  Response response;
  response.status = 200;
  auto body = std::make_unique<WatchBody>(this);
  if (!known) {
    body->feed().text =
        EventLine("ERROR", api::ToJson(api::StatusOfError(gone)));
  }
  for (auto it = history_.upper_bound(from); known && it != history_.end();
       ++it) {
    body->feed().text += it->second;
  }
  response.body = std::move(body);
  return response;
}

Response FakePodsApi::Answer(const Request& request) {
  const absl::string_view path = request.url.path;
  const net::http::Query query =
      net::http::ParseQuery(request.url.raw_query).value_or(net::http::Query());
  const bool is_list = path == kPods;
  const bool is_watch = is_list && QueryValue(query, "watch") == "true";
  const std::string verb = is_watch ? "watch" : is_list ? "list" : "get";
  std::string line = verb;
  if (!is_list) {
    absl::StrAppend(&line, " ", path.substr(path.find("/ns/") + 4));
  }
  for (const char* key :
       {"fieldSelector", "labelSelector", "resourceVersion"}) {
    const absl::string_view value = QueryValue(query, key);
    if (!value.empty()) absl::StrAppend(&line, " ", key, "=", value);
  }
  log.push_back(line);
  asked_.NotifyAll();
  if (forbidden.count(verb) > 0) {
    return ErrorResponse(api::NewForbidden("pods", "", "no right to " + verb));
  }
  if (is_watch) {
    return AnswerWatch(std::string(QueryValue(query, "resourceVersion")));
  }
  if (is_list) {
    std::vector<std::string> items;
    for (const auto& [name, pod] : pods_) items.push_back(api::ToJson(pod));
    return TextResponse(200, absl::StrCat("{\"kind\":\"PodList\",\"metadata\":{"
                                          "\"resourceVersion\":\"",
                                          version_, "\"},\"items\":[",
                                          absl::StrJoin(items, ","), "]}"));
  }
  const auto object = objects.find(std::string(path));
  if (object != objects.end()) return TextResponse(200, object->second);
  const std::string name(path.substr(path.rfind('/') + 1));
  const auto pod = pods_.find(name);
  if (path == absl::StrCat(kPods, "/", name) && pod != pods_.end()) {
    return TextResponse(200, api::ToJson(pod->second));
  }
  return ErrorResponse(api::NewNotFound("pods", name));
}

api::Pod RunningPod(const std::string& name, const std::string& uid) {
  api::Pod pod;
  pod.metadata.name = name;
  pod.metadata.namespace_ = "ns";
  pod.metadata.uid = uid;
  pod.node_name = "node";
  pod.phase = std::string(api::kPodRunning);
  pod.containers.resize(1);
  pod.containers[0].name = "c";
  pod.containers[0].ports = {{"http", 8080, "TCP"}};
  pod.container_statuses.resize(1);
  pod.container_statuses[0].name = "c";
  pod.container_statuses[0].state = "running";
  return pod;
}

}  // namespace fairway::polymorphichelpers
