// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/rest/{client,request}.go (v0.20.2)
#include "client/rest/rest_client.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "api/errors.h"
#include "base/task/deadline.h"
#include "client/rest/debugging_round_tripper.h"
#include "client/rest/exec_authenticator.h"
#include "client/rest/transport.h"

namespace fairway::rest {
namespace {

using net::http::Request;
using net::http::Response;
using net::http::Url;

constexpr absl::string_view kUrlErrorPayload = "fairway/net.url.Error";
constexpr absl::Duration kDefaultTimeout = absl::Minutes(1);
constexpr size_t kWatchReadBytes = 32 * 1024;
// Of a body that is no Status, what goes into the message.
constexpr size_t kMaxServerMessageBytes = 2048;

struct Generic {
  absl::string_view reason;
  absl::string_view message;
};

// Mirrors: errors.NewGenericServerResponse.
Generic GenericResponse(int code, absl::string_view verb) {
  switch (code) {
    case 400:
      return {"BadRequest",
              "the server rejected our request for an unknown reason"};
    case 401:
      return {"Unauthorized",
              "the server has asked for the client to provide credentials"};
    case 404:
      return {"NotFound", "the server could not find the requested resource"};
    case 405:
      return {"MethodNotAllowed",
              "the server does not allow this method on the requested "
              "resource"};
    case 409:
      return {verb == "POST" ? "AlreadyExists" : "Conflict",
              "the server reported a conflict"};
    case 422:
      return {"Invalid",
              "the server rejected our request due to an error in our "
              "request"};
    case 429:
      return {"TooManyRequests",
              "the server has received too many requests and has asked us to "
              "try again later"};
    case 503:
      return {"ServiceUnavailable",
              "the server is currently unable to handle the request"};
    case 504:
      return {"Timeout",
              "the server was unable to return a response in the time "
              "allotted, but may still be processing the request"};
    default:
      return {"", ""};
  }
}

api::ApiStatus GenericStatus(int code, absl::string_view verb,
                             absl::string_view resource, absl::string_view name,
                             absl::string_view body) {
  absl::string_view text = absl::StripAsciiWhitespace(body);
  if (text.empty()) text = "unknown";
  api::ApiStatus status;
  status.code = code;
  const Generic generic = GenericResponse(code, verb);
  status.reason = std::string(generic.reason);
  status.message = std::string(generic.message);
  if (code == 403) {
    status.reason = "Forbidden";
    status.message = std::string(text);
  } else if (generic.message.empty() && code >= 500) {
    status.reason = "InternalError";
    status.message =
        absl::StrCat("an error on the server (\"", text,
                     "\") has prevented the request from succeeding");
  } else if (generic.message.empty()) {
    status.message = absl::StrCat("the server responded with the status code ",
                                  code, " but did not return more information");
  }
  if (resource.empty()) return status;
  absl::StrAppend(&status.message, " (", absl::AsciiStrToLower(verb), " ",
                  resource);
  if (!name.empty()) absl::StrAppend(&status.message, " ", name);
  absl::StrAppend(&status.message, ")");
  return status;
}

absl::Status TimeoutError(absl::string_view verb, const Url& url) {
  return NewUrlError(verb, url,
                     absl::DeadlineExceededError("context deadline exceeded"));
}

}  // namespace

absl::Status NewUrlError(absl::string_view verb, const Url& url,
                         const absl::Status& cause) {
  // Go writes the method as "Get".
  std::string method = absl::AsciiStrToLower(verb);
  if (!method.empty()) method[0] = absl::ascii_toupper(method[0]);
  absl::Status status(cause.code(), absl::StrCat(method, " \"", url.ToString(),
                                                 "\": ", cause.message()));
  status.SetPayload(
      kUrlErrorPayload,
      absl::Cord(absl::StrCat(url.HostPort(), "\n", cause.message())));
  return status;
}

absl::optional<UrlError> UrlErrorOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kUrlErrorPayload);
  if (!payload.has_value()) return absl::nullopt;
  const std::string text(*payload);
  const size_t end = text.find('\n');
  return UrlError{text.substr(0, end), text.substr(end + 1)};
}

Watcher::Watcher(Response response) : response_(std::move(response)) {}

Task<absl::StatusOr<absl::optional<api::WatchEvent>>> Watcher::Next() {
  while (true) {
    const size_t end = buffer_.find('\n', scanned_);
    if (end == std::string::npos) {
      scanned_ = buffer_.size();
      if (ended_) co_return absl::optional<api::WatchEvent>();
      if (buffer_.size() > kMaxWatchLineBytes) {
        co_return absl::ResourceExhaustedError(absl::StrCat(
            "watch: an event is longer than ", kMaxWatchLineBytes, " bytes"));
      }
      const size_t before = buffer_.size();
      buffer_.resize(before + kWatchReadBytes);
      const absl::Span<char> room(&buffer_[before], kWatchReadBytes);
      absl::StatusOr<size_t> count = co_await response_.body->Read(room);
      buffer_.resize(before + (count.ok() ? *count : 0));
      if (!count.ok()) co_return count.status();
      // What stands behind the last line is no event.
      if (*count == 0) ended_ = true;
      continue;
    }
    const std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    scanned_ = 0;
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    absl::StatusOr<api::WatchEvent> event = api::WatchEventFromJson(line);
    if (!event.ok()) co_return event.status();
    if (event->type == "ERROR") {
      absl::StatusOr<api::ApiStatus> error =
          api::StatusFromJson(event->object_json);
      if (!error.ok()) co_return error.status();
      co_return api::ErrorFromStatus(*error);
    }
    co_return absl::optional<api::WatchEvent>(*std::move(event));
  }
}

RESTClient::RESTClient(std::unique_ptr<net::http::RoundTripper> transport,
                       Url base, absl::Duration timeout, RequestLog log,
                       std::shared_ptr<ExecAuthenticator> exec)
    : transport_(std::move(transport)),
      base_(std::move(base)),
      timeout_(timeout),
      log_(std::move(log)),
      exec_(std::move(exec)) {}

Url RESTClient::URL(const Resource& resource) const {
  Url url = base_;
  if (resource.group.empty()) {
    absl::StrAppend(&url.path, "/api/", resource.version);
  } else {
    absl::StrAppend(&url.path, "/apis/", resource.group, "/", resource.version);
  }
  if (!resource.namespace_.empty()) {
    absl::StrAppend(&url.path, "/namespaces/",
                    net::http::PathEscape(resource.namespace_));
  }
  absl::StrAppend(&url.path, "/", resource.resource);
  if (!resource.name.empty()) {
    absl::StrAppend(&url.path, "/", net::http::PathEscape(resource.name));
  }
  if (!resource.subresource.empty()) {
    absl::StrAppend(&url.path, "/", resource.subresource);
  }
  url.raw_query = net::http::EncodeQuery(resource.query);
  return url;
}

RESTClient::Call RESTClient::CallFor(absl::string_view verb,
                                     const Resource& resource,
                                     std::string body) const {
  return {std::string(verb), URL(resource), std::move(body),
          resource.resource, resource.name, resource.accept};
}

Task<absl::StatusOr<std::string>> RESTClient::Get(Resource resource) {
  return DoNamed(CallFor("GET", resource, ""));
}

Task<absl::StatusOr<std::string>> RESTClient::List(Resource resource) {
  return Do(CallFor("GET", resource, ""));
}

Task<absl::StatusOr<std::string>> RESTClient::Create(Resource resource,
                                                     std::string json) {
  return Do(CallFor("POST", resource, std::move(json)));
}

Task<absl::StatusOr<std::string>> RESTClient::Update(Resource resource,
                                                     std::string json) {
  return DoNamed(CallFor("PUT", resource, std::move(json)));
}

Task<absl::StatusOr<std::string>> RESTClient::Delete(Resource resource,
                                                     std::string options_json) {
  return DoNamed(CallFor("DELETE", resource, std::move(options_json)));
}

Task<absl::StatusOr<std::string>> RESTClient::GetPath(std::string path) {
  Call call;
  call.verb = "GET";
  call.url = base_;
  absl::StrAppend(&call.url.path, path);
  return Do(std::move(call));
}

Task<absl::StatusOr<std::unique_ptr<Watcher>>> RESTClient::Watch(
    Resource resource) {
  resource.query.emplace_back("watch", "true");
  Call call = CallFor("GET", resource, "");
  absl::Status ready = co_await Prepare(call);
  if (!ready.ok()) co_return ready;
  // The answer's head has a deadline; its body, the events, has none.
  bool timed_out = true;
  absl::StatusOr<Response> response = co_await WithDeadline<Response>(
      timeout_, "watch",
      [this, &call, &timed_out]() -> Task<absl::StatusOr<Response>> {
        absl::StatusOr<Response> answer = co_await Send(call);
        timed_out = absl::IsCancelled(answer.status());
        co_return answer;
      });
  if (timed_out && absl::IsDeadlineExceeded(response.status())) {
    co_return TimeoutError(call.verb, call.url);
  }
  if (!response.ok()) co_return response.status();
  co_return std::make_unique<Watcher>(*std::move(response));
}

// A person may be asked who they are, for longer than a request may take.
Task<absl::Status> RESTClient::Prepare(const Call& call) {
  if (exec_ == nullptr) co_return absl::OkStatus();
  absl::StatusOr<std::shared_ptr<const ExecCredentials>> credentials =
      co_await exec_->GetCreds();
  if (!credentials.ok()) {
    co_return NewUrlError(call.verb, call.url, credentials.status());
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<std::string>> RESTClient::DoNamed(Call call) {
  // Without a name the path is the whole collection's.
  if (call.name.empty()) {
    co_return absl::InvalidArgumentError("resource name may not be empty");
  }
  absl::StatusOr<std::string> body = co_await Do(std::move(call));
  co_return body;
}

Task<absl::StatusOr<std::string>> RESTClient::Do(Call call) {
  absl::Status ready = co_await Prepare(call);
  if (!ready.ok()) co_return ready;
  bool timed_out = true;
  absl::StatusOr<std::string> body = co_await WithDeadline<std::string>(
      timeout_, "request",
      [this, &call, &timed_out]() -> Task<absl::StatusOr<std::string>> {
        absl::StatusOr<std::string> answer = co_await DoWithoutDeadline(call);
        timed_out = absl::IsCancelled(answer.status());
        co_return answer;
      });
  if (timed_out && absl::IsDeadlineExceeded(body.status())) {
    co_return TimeoutError(call.verb, call.url);
  }
  co_return body;
}

Task<absl::StatusOr<std::string>> RESTClient::DoWithoutDeadline(Call call) {
  absl::StatusOr<Response> response = co_await Send(call);
  if (!response.ok()) co_return response.status();
  absl::StatusOr<std::string> body =
      co_await net::http::ReadAll(*response->body, kMaxResponseBytes);
  if (!body.ok()) co_return NewUrlError(call.verb, call.url, body.status());
  LogBody(log_, "Response Body", *body);
  co_return body;
}

Task<absl::StatusOr<Response>> RESTClient::Send(Call call) {
  Request request;
  request.method = call.verb;
  request.url = call.url;
  request.headers.Set(
      "Accept", call.accept.empty() ? "application/json, */*" : call.accept);
  request.body = call.body;
  if (!call.body.empty()) {
    request.headers.Set("Content-Type", "application/json");
    LogBody(log_, "Request Body", call.body);
  }
  absl::StatusOr<Response> response =
      co_await transport_->RoundTrip(std::move(request));
  if (!response.ok()) {
    co_return NewUrlError(call.verb, call.url, response.status());
  }
  if (response->status >= 200 && response->status < 300) co_return response;
  absl::StatusOr<std::string> body =
      co_await net::http::ReadAll(*response->body, kMaxResponseBytes);
  if (!body.ok()) co_return NewUrlError(call.verb, call.url, body.status());
  LogBody(log_, "Response Body", *body);
  absl::StatusOr<api::ApiStatus> error = api::StatusFromJson(*body);
  if (error.ok() && error->code == 0) error->code = response->status;
  if (error.ok() && error->code >= 400) co_return api::ErrorFromStatus(*error);
  co_return api::ErrorFromStatus(GenericStatus(
      response->status, call.verb, call.resource, call.name,
      absl::string_view(*body).substr(0, kMaxServerMessageBytes)));
}

absl::StatusOr<std::unique_ptr<RESTClient>> RESTClientFor(
    Executor executor, const Config& config) {
  absl::StatusOr<Url> base = DefaultServerURL(config);
  if (!base.ok()) return base.status();
  absl::StatusOr<std::unique_ptr<net::http::RoundTripper>> transport =
      TransportFor(executor, config);
  if (!transport.ok()) return transport.status();
  return std::make_unique<RESTClient>(
      *std::move(transport), *std::move(base),
      config.timeout > absl::ZeroDuration() ? config.timeout : kDefaultTimeout,
      config.log, config.UsesExec() ? config.exec_provider : nullptr);
}

}  // namespace fairway::rest
