// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/server/config.go, pkg/endpoints/filters and
// pkg/server/filters (v0.20.2)
#include "apiserver/endpoints/filters.h"

#include <glog/logging.h>

#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "api/errors.h"
#include "apiserver/endpoints/handlers/scope.h"
#include "apiserver/endpoints/metrics.h"
#include "apiserver/registry/generic/object_meta.h"

namespace fairway::apiserver::endpoints {
namespace {

constexpr size_t kMaxKnownPorts = 64;
constexpr absl::string_view kImpersonate = "impersonate-";

// Passes everything on, and remembers how the request was answered.
class RecordingWriter final : public net::http::ResponseWriter {
 public:
  RecordingWriter(net::http::ResponseWriter& inner,
                  std::function<void(int)> started)
      : inner_(inner), started_(std::move(started)) {}

  net::http::Headers& headers() override { return inner_.headers(); }
  Task<absl::Status> WriteHeader(int status) override {
    Start(status);
    absl::Status written = co_await inner_.WriteHeader(status);
    co_return written;
  }
  Task<absl::Status> Write(absl::string_view bytes) override {
    Start(200);
    absl::Status written = co_await inner_.Write(bytes);
    co_return written;
  }
  bool wrote_header() const override { return inner_.wrote_header(); }
  absl::StatusOr<std::unique_ptr<net::ByteStream>> Hijack() override {
    auto stream = inner_.Hijack();
    if (stream.ok()) Start(101);
    return stream;
  }
  Task<absl::Status> WaitPeerGone() override { return inner_.WaitPeerGone(); }

  // 0 before the answer has begun.
  int status() const { return status_; }

 private:
  void Start(int status) {
    if (status_ != 0) return;
    status_ = status;
    started_(status);
  }

  net::http::ResponseWriter& inner_;
  std::function<void(int)> started_;
  int status_ = 0;
};

// Mirrors: BasicLongRunningRequestCheck.
bool IsLongRunning(const RequestInfo& info) {
  return info.verb == "watch" || info.verb == "proxy" ||
         info.subresource == "portforward" || info.subresource == "exec" ||
         info.subresource == "attach" || info.subresource == "proxy" ||
         info.subresource == "log";
}

bool IsMutating(const RequestInfo& info) {
  return info.verb != "get" && info.verb != "list" && info.verb != "watch" &&
         info.verb != "head" && info.verb != "options";
}

std::vector<int> KnownPorts(const RequestContext& context) {
  std::vector<int> ports;
  if (context.info.subresource != "portforward") return ports;
  for (const auto& [key, value] : context.query) {
    if (key != "ports") continue;
    for (absl::string_view text : absl::StrSplit(value, ',')) {
      int port = 0;
      if (absl::SimpleAtoi(text, &port) && ports.size() < kMaxKnownPorts) {
        ports.push_back(port);
      }
    }
  }
  return ports;
}

std::string SourceIp(const std::string& remote_address) {
  const size_t colon = remote_address.rfind(':');
  std::string host = remote_address.substr(0, colon);
  if (host.size() > 1 && host.front() == '[') {
    host = host.substr(1, host.size() - 2);
  }
  return host;
}

void RemoveImpersonation(net::http::Headers& headers) {
  std::vector<std::string> names;
  for (const auto& [name, value] : headers) {
    if (absl::StartsWithIgnoreCase(name, kImpersonate)) names.push_back(name);
  }
  for (const std::string& name : names) headers.Remove(name);
}

struct Chain {
  explicit Chain(ChainOptions o) : options(std::move(o)) {}

  Task<absl::Status> Recover(net::http::ServerRequest& request,
                             net::http::ResponseWriter& writer);
  Task<absl::Status> WithRequestInfo(net::http::ServerRequest& request,
                                     net::http::ResponseWriter& writer);
  absl::StatusOr<RequestContext> MakeContext(
      const net::http::ServerRequest& request) const;
  absl::Status Authenticate(RequestContext& context,
                            net::http::ServerRequest& request) const;
  void FillAudit(RequestContext& context,
                 const net::http::ServerRequest& request) const;
  Task<absl::Status> Impersonate(RequestContext& context,
                                 net::http::ServerRequest& request);
  Task<absl::Status> Authorize(RequestContext& context);
  Task<absl::Status> LimitAndServe(RequestContext& context,
                                   net::http::ServerRequest& request,
                                   net::http::ResponseWriter& writer);
  Task<absl::Status> Admitted(RequestContext& context,
                              net::http::ServerRequest& request,
                              net::http::ResponseWriter& writer);
  void Audit(const RequestContext& context, absl::string_view stage) const;
  // Mirrors: WithFailedAuthenticationAudit.
  void AuditRefusal(RequestContext& context,
                    const net::http::ServerRequest& request,
                    absl::Time received) const;
  authorization::Attributes AttributesOf(const RequestContext& context) const;

  ChainOptions options;
  int mutating = 0;
  int readonly = 0;
};

Task<absl::Status> Chain::Recover(net::http::ServerRequest& request,
                                  net::http::ResponseWriter& writer) {
  std::string panic;
  absl::Status status;
  try {
    absl::Status served = co_await WithRequestInfo(request, writer);
    status = served;
  } catch (const std::exception& error) {
    panic = error.what();
  }
  if (panic.empty()) co_return status;
  LOG(ERROR) << "apiserver panic'd on " << request.method << " "
             << request.url.path << ": " << panic;
  absl::Status error = absl::InternalError(
      "This request caused apiserver to panic. Look in the logs for details.");
  absl::Status answered =
      co_await handlers::WriteError(writer, std::move(error));
  co_return answered;
}

absl::StatusOr<RequestContext> Chain::MakeContext(
    const net::http::ServerRequest& request) const {
  RequestContext context;
  absl::StatusOr<net::http::Query> query =
      net::http::ParseQuery(request.url.raw_query);
  if (!query.ok()) return api::NewBadRequest(query.status().message());
  context.query = *std::move(query);
  std::vector<std::string> segments;
  for (const std::string& segment : request.path_segments) {
    if (!segment.empty()) segments.push_back(segment);
  }
  absl::StatusOr<RequestInfo> info =
      NewRequestInfo(request.method, request.url.path, segments, context.query);
  if (!info.ok()) return api::NewBadRequest(info.status().message());
  context.info = *std::move(info);
  context.long_running = IsLongRunning(context.info);
  context.ports = KnownPorts(context);
  return context;
}

absl::Status Chain::Authenticate(RequestContext& context,
                                 net::http::ServerRequest& request) const {
  absl::StatusOr<std::optional<authentication::UserInfo>> user =
      options.authenticator->AuthenticateRequest(request);
  if (!user.ok() || !user->has_value()) {
    VLOG(1) << "Unable to authenticate the request of "
            << request.remote_address << ": "
            << (user.ok() ? "no credentials" : user.status().message());
    return api::NewUnauthorized("Unauthorized");
  }
  context.user = **std::move(user);
  // What the credential was is nobody else's business.
  request.headers.Remove("Authorization");
  return absl::OkStatus();
}

void Chain::FillAudit(RequestContext& context,
                      const net::http::ServerRequest& request) const {
  audit::Event& event = context.audit;
  const RequestInfo& info = context.info;
  event.audit_id = registry::generic::NewUid();
  event.request_uri = request.url.RequestTarget();
  event.verb = info.verb;
  event.user = context.user;
  event.source_ip = SourceIp(request.remote_address);
  event.user_agent = std::string(request.headers.Get("User-Agent"));
  if (info.is_resource_request) {
    event.resource = info.resource;
    event.subresource = info.subresource;
    event.ns = info.ns;
    event.name = info.name;
    event.api_group = info.api_group;
    event.api_version = info.api_version;
  }
  event.ports = context.ports;
}

void Chain::Audit(const RequestContext& context,
                  absl::string_view stage) const {
  if (options.audit == nullptr) return;
  options.audit->Write(audit::EventJson(context.audit, stage, absl::Now()));
}

void Chain::AuditRefusal(RequestContext& context,
                         const net::http::ServerRequest& request,
                         absl::Time received) const {
  FillAudit(context, request);
  context.audit.received = received;
  context.audit.response_code = 401;
  Audit(context, audit::kStageResponseComplete);
}

authorization::Attributes Chain::AttributesOf(
    const RequestContext& context) const {
  const RequestInfo& info = context.info;
  authorization::Attributes attributes;
  attributes.user = context.user;
  attributes.verb = options.is_connect(info) ? "create" : info.verb;
  attributes.resource_request = info.is_resource_request;
  attributes.ns = info.ns;
  attributes.api_group = info.api_group;
  attributes.api_version = info.api_version;
  attributes.resource = info.resource;
  attributes.subresource = info.subresource;
  attributes.name = info.name;
  attributes.path = info.path;
  attributes.ports = context.ports;
  return attributes;
}

absl::Status Decide(const authorization::Attributes& attributes,
                    const absl::StatusOr<authorization::Result>& result) {
  if (!result.ok()) {
    return api::NewInternalError(result.status().message());
  }
  if (result->decision == authorization::Decision::kAllow) {
    return absl::OkStatus();
  }
  std::string why = authorization::ForbiddenMessage(attributes);
  if (!result->reason.empty()) absl::StrAppend(&why, ": ", result->reason);
  // The subresource is named in `why`.
  std::string resource = attributes.resource;
  if (!attributes.api_group.empty()) {
    absl::StrAppend(&resource, ".", attributes.api_group);
  }
  return api::NewForbidden(resource, attributes.name, why);
}

// Mirrors: WithImpersonation. The user must be allowed to be each other one.
Task<absl::Status> Chain::Impersonate(RequestContext& context,
                                      net::http::ServerRequest& request) {
  const std::string name(request.headers.Get("Impersonate-User"));
  std::vector<std::string> groups;
  for (absl::string_view group : request.headers.Values("Impersonate-Group")) {
    groups.push_back(std::string(group));
  }
  RemoveImpersonation(request.headers);
  if (name.empty() && groups.empty()) co_return absl::OkStatus();
  if (name.empty()) {
    co_return api::NewInternalError(
        "invalid impersonation request: groups without impersonating a user");
  }
  std::vector<std::pair<std::string, std::string>> wanted = {{"users", name}};
  for (const std::string& group : groups) wanted.push_back({"groups", group});
  for (const auto& [resource, value] : wanted) {
    authorization::Attributes attributes;
    attributes.user = context.user;
    attributes.verb = "impersonate";
    attributes.resource_request = true;
    attributes.api_version = "v1";
    attributes.resource = resource;
    attributes.name = value;
    authorization::Attributes asked = attributes;
    absl::StatusOr<authorization::Result> result =
        co_await options.authorizer->Authorize(std::move(asked));
    absl::Status decided = Decide(attributes, result);
    if (!decided.ok()) co_return decided;
  }
  context.user = authentication::UserInfo();
  context.user.name = name;
  context.user.groups = groups;
  context.user.groups.push_back("system:authenticated");
  co_return absl::OkStatus();
}

Task<absl::Status> Chain::Authorize(RequestContext& context) {
  authorization::Attributes attributes = AttributesOf(context);
  authorization::Attributes asked = attributes;
  absl::StatusOr<authorization::Result> result =
      co_await options.authorizer->Authorize(std::move(asked));
  co_return Decide(attributes, result);
}

Task<absl::Status> Chain::Admitted(RequestContext& context,
                                   net::http::ServerRequest& request,
                                   net::http::ResponseWriter& writer) {
  absl::Status authorized = co_await Authorize(context);
  if (!authorized.ok()) {
    absl::Status refused =
        co_await handlers::WriteError(writer, std::move(authorized));
    co_return refused;
  }
  absl::Status served = co_await options.handler(context, request, writer);
  co_return served;
}

Task<absl::Status> Chain::LimitAndServe(RequestContext& context,
                                        net::http::ServerRequest& request,
                                        net::http::ResponseWriter& writer) {
  absl::Status impersonated = co_await Impersonate(context, request);
  if (!impersonated.ok()) {
    absl::Status refused =
        co_await handlers::WriteError(writer, std::move(impersonated));
    co_return refused;
  }
  if (context.long_running) {
    absl::Status served = co_await Admitted(context, request, writer);
    co_return served;
  }
  const bool mutates = IsMutating(context.info);
  const char* kind = mutates ? "mutating" : "readOnly";
  int& running = mutates ? mutating : readonly;
  const int most = mutates ? options.max_mutating_requests_inflight
                           : options.max_requests_inflight;
  if (most > 0 && running >= most) {
    RecordDropped(kind);
    writer.headers().Set("Retry-After", "1");
    absl::Status refused =
        co_await Respond(writer, 429, "text/plain; charset=utf-8",
                         "Too many requests, please try again later.\n");
    co_return refused;
  }
  SetInflight(kind, ++running);
  absl::Status served = co_await Admitted(context, request, writer);
  SetInflight(kind, --running);
  co_return served;
}

std::string MetricVerb(const RequestInfo& info, bool connect) {
  if (connect) return "CONNECT";
  static constexpr absl::string_view kVerbs[] = {
      "get",   "list",   "watch", "create", "update",
      "patch", "delete", "post",  "put",    "deletecollection"};
  for (absl::string_view verb : kVerbs) {
    if (info.verb == std::string(verb)) return absl::AsciiStrToUpper(verb);
  }
  return "other";
}

Task<absl::Status> Chain::WithRequestInfo(net::http::ServerRequest& request,
                                          net::http::ResponseWriter& writer) {
  const absl::Time received = absl::Now();
  absl::StatusOr<RequestContext> made = MakeContext(request);
  absl::Status refusal = made.status();
  if (refusal.ok()) refusal = Authenticate(*made, request);
  if (!refusal.ok()) {
    if (made.ok()) AuditRefusal(*made, request, received);
    absl::Status answered =
        co_await handlers::WriteError(writer, std::move(refusal));
    co_return answered;
  }
  RequestContext& context = *made;
  FillAudit(context, request);
  context.audit.received = received;
  RecordingWriter recorder(writer, [&](int code) {
    context.audit.response_code = code;
    if (context.long_running) Audit(context, audit::kStageResponseStarted);
  });
  absl::Status served = co_await LimitAndServe(context, request, recorder);
  const int code = recorder.status() != 0 ? recorder.status() : 500;
  context.audit.response_code = code;
  Audit(context, audit::kStageResponseComplete);
  const bool connect = options.is_connect(context.info);
  const RequestInfo named =
      options.knows(context.info) ? context.info : RequestInfo();
  RecordRequest(named, MetricVerb(context.info, connect), code,
                absl::Now() - received);
  co_return served;
}

}  // namespace

net::http::Handler BuildHandlerChain(ChainOptions options) {
  auto chain = std::make_shared<Chain>(std::move(options));
  return [chain](net::http::ServerRequest& request,
                 net::http::ResponseWriter& writer) {
    return chain->Recover(request, writer);
  };
}

}  // namespace fairway::apiserver::endpoints
