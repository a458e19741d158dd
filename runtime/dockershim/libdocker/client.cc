// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/libdocker/kube_docker_client.go (v1.20.2)
#include "runtime/dockershim/libdocker/client.h"

#include <functional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status/http_status.h"
#include "base/task/deadline.h"
#include "net/http/message.h"
#include "net/http/transport.h"
#include "net/http/url.h"
#include "runtime/dockershim/libdocker/json.h"

namespace fairway::runtime::dockershim::libdocker {

namespace http = net::http;

namespace {

// Upstream's times: for most calls, and for pulling.
constexpr absl::Duration kTimeout = absl::Minutes(2);
constexpr absl::Duration kPullTimeout = absl::Minutes(15);
constexpr size_t kMaxBodyBytes = 32 << 20;
// The newest API whose answers were tried.
constexpr int kMaxApiMinor = 41;
constexpr char kSocketScheme[] = "unix://";

struct Call {
  std::string method;
  std::string path;  // behind the version
  http::Query query;
  std::string body;
  std::string content_type = "application/json";
  absl::Duration timeout = kTimeout;
};

// "1.41", or lower if the engine is older.
std::string AgreeOnVersion(absl::string_view engines) {
  const std::vector<std::string> parts = absl::StrSplit(engines, '.');
  int minor = 0;
  if (parts.size() != 2 || parts[0] != "1" ||
      !absl::SimpleAtoi(parts[1], &minor) || minor > kMaxApiMinor) {
    minor = kMaxApiMinor;
  }
  return absl::StrCat("1.", minor);
}

absl::Status ErrorOf(int status, absl::string_view body) {
  const std::string message =
      absl::StrCat("Error response from daemon: ", ErrorMessage(body));
  if (status == 409) return absl::AlreadyExistsError(message);
  return absl::Status(CodeFromHttpStatus(status), message);
}

// An image's name without and with its tag, "latest" if it has none. A digest
// stays in the name.
struct Reference {
  std::string name;
  std::string tag;
};

Reference SplitReference(absl::string_view text) {
  if (absl::StrContains(text, '@')) return {std::string(text), ""};
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos ||
      absl::StrContains(text.substr(colon), '/')) {
    return {std::string(text), "latest"};
  }
  return {std::string(text.substr(0, colon)),
          std::string(text.substr(colon + 1))};
}

// A reference as part of a path: the engine routes on its slashes as they are.
std::string EscapeReference(absl::string_view reference) {
  std::vector<std::string> segments;
  for (absl::string_view segment : absl::StrSplit(reference, '/')) {
    segments.push_back(http::PathEscape(segment));
  }
  return absl::StrJoin(segments, "/");
}

class HttpClient : public Client {
 public:
  HttpClient(Executor executor, std::string socket_path)
      : transport_(MakeTransport(executor, std::move(socket_path))) {}

  Task<absl::StatusOr<EngineVersion>> Version() override;
  Task<absl::StatusOr<std::vector<std::string>>> ListNetworks() override;
  Task<absl::StatusOr<std::vector<Container>>> ListContainers(
      ContainerFilter filter) override;
  Task<absl::StatusOr<ContainerJson>> InspectContainer(std::string id) override;
  Task<absl::StatusOr<std::string>> CreateContainer(
      ContainerCreateConfig config) override;
  Task<absl::Status> StartContainer(std::string id) override;
  Task<absl::Status> StopContainer(std::string id,
                                   absl::Duration timeout) override;
  Task<absl::Status> RemoveContainer(std::string id) override;
  Task<absl::StatusOr<std::vector<Image>>> ListImages(
      std::string reference) override;
  Task<absl::StatusOr<Image>> InspectImage(std::string reference) override;
  Task<absl::Status> PullImage(std::string reference) override;
  Task<absl::Status> RemoveImage(std::string reference) override;
  Task<absl::Status> ImportImage(std::string reference, std::string tar,
                                 std::vector<std::string> changes) override;

 private:
  static std::unique_ptr<http::RoundTripper> MakeTransport(
      Executor executor, std::string socket_path) {
    http::DialOptions options;
    options.unix_path = std::move(socket_path);
    return http::NewTransport(executor, std::move(options));
  }

  // One request and the answer's body, whatever the version.
  Task<absl::StatusOr<std::string>> Exchange(Call call, std::string prefix);
  // The same in the version agreed on, which is agreed first if need be.
  Task<absl::StatusOr<std::string>> Do(Call call);
  Task<absl::StatusOr<std::string>> GetPath(std::string path);

  std::unique_ptr<http::RoundTripper> transport_;
  std::string prefix_;  // "/v1.41"; empty before it is agreed on
};

Task<absl::StatusOr<std::string>> HttpClient::Exchange(Call call,
                                                       std::string prefix) {
  http::Request request;
  request.method = call.method;
  request.url.scheme = "http";
  request.url.host = "docker";
  request.url.path = absl::StrCat(prefix, call.path);
  request.url.raw_query = http::EncodeQuery(call.query);
  if (!call.body.empty()) {
    request.headers.Set("Content-Type", call.content_type);
    request.body = std::move(call.body);
  }
  std::string answer;
  auto exchange = [&]() -> Task<absl::Status> {
    absl::StatusOr<http::Response> response =
        co_await transport_->RoundTrip(std::move(request));
    if (!response.ok()) co_return response.status();
    absl::StatusOr<std::string> body =
        co_await http::ReadAll(*response->body, kMaxBodyBytes);
    if (!body.ok()) co_return body.status();
    // 304: it is as it should be.
    if (response->status >= 400) co_return ErrorOf(response->status, *body);
    answer = *std::move(body);
    co_return absl::OkStatus();
  };
  std::function<Task<absl::Status>()> run = exchange;
  std::string what = absl::StrCat("docker ", call.method, " ", call.path);
  absl::Status status =
      co_await WithDeadline(call.timeout, std::move(what), std::move(run));
  if (!status.ok()) co_return status;
  co_return answer;
}

Task<absl::StatusOr<std::string>> HttpClient::Do(Call call) {
  if (prefix_.empty()) {
    absl::StatusOr<EngineVersion> version = co_await Version();
    if (!version.ok()) co_return version.status();
    prefix_ = absl::StrCat("/v", AgreeOnVersion(version->api_version));
  }
  absl::StatusOr<std::string> answer =
      co_await Exchange(std::move(call), prefix_);
  co_return answer;
}

Task<absl::StatusOr<std::string>> HttpClient::GetPath(std::string path) {
  Call call;
  call.method = "GET";
  call.path = std::move(path);
  absl::StatusOr<std::string> answer = co_await Do(std::move(call));
  co_return answer;
}

Task<absl::StatusOr<EngineVersion>> HttpClient::Version() {
  Call call;
  call.method = "GET";
  call.path = "/version";
  std::string no_prefix;
  absl::StatusOr<std::string> answer =
      co_await Exchange(std::move(call), std::move(no_prefix));
  if (!answer.ok()) co_return answer.status();
  co_return ParseVersion(*answer);
}

Task<absl::StatusOr<std::vector<std::string>>> HttpClient::ListNetworks() {
  std::string path = "/networks";
  absl::StatusOr<std::string> answer = co_await GetPath(std::move(path));
  if (!answer.ok()) co_return answer.status();
  co_return ParseNetworks(*answer);
}

Task<absl::StatusOr<std::vector<Container>>> HttpClient::ListContainers(
    ContainerFilter filter) {
  Call call;
  call.method = "GET";
  call.path = "/containers/json";
  if (filter.all) call.query.emplace_back("all", "1");
  call.query.emplace_back("filters", FiltersOf(filter));
  absl::StatusOr<std::string> answer = co_await Do(std::move(call));
  if (!answer.ok()) co_return answer.status();
  co_return ParseContainers(*answer);
}

Task<absl::StatusOr<ContainerJson>> HttpClient::InspectContainer(
    std::string id) {
  std::string path =
      absl::StrCat("/containers/", http::PathEscape(id), "/json");
  absl::StatusOr<std::string> answer = co_await GetPath(std::move(path));
  if (!answer.ok()) co_return answer.status();
  co_return ParseContainer(*answer);
}

Task<absl::StatusOr<std::string>> HttpClient::CreateContainer(
    ContainerCreateConfig config) {
  Call call;
  call.method = "POST";
  call.path = "/containers/create";
  if (!config.name.empty()) call.query.emplace_back("name", config.name);
  call.body = CreateContainerBody(config);
  absl::StatusOr<std::string> answer = co_await Do(std::move(call));
  if (!answer.ok()) co_return answer.status();
  co_return ParseCreated(*answer);
}

Task<absl::Status> HttpClient::StartContainer(std::string id) {
  Call call;
  call.method = "POST";
  call.path = absl::StrCat("/containers/", http::PathEscape(id), "/start");
  absl::StatusOr<std::string> answer = co_await Do(std::move(call));
  co_return answer.status();
}

Task<absl::Status> HttpClient::StopContainer(std::string id,
                                             absl::Duration timeout) {
  Call call;
  call.method = "POST";
  call.path = absl::StrCat("/containers/", http::PathEscape(id), "/stop");
  call.query.emplace_back("t", absl::StrCat(absl::ToInt64Seconds(timeout)));
  call.timeout = kTimeout + timeout;
  absl::StatusOr<std::string> answer = co_await Do(std::move(call));
  co_return answer.status();
}

Task<absl::Status> HttpClient::RemoveContainer(std::string id) {
  Call call;
  call.method = "DELETE";
  call.path = absl::StrCat("/containers/", http::PathEscape(id));
  call.query.emplace_back("force", "1");
  call.query.emplace_back("v", "1");
  absl::StatusOr<std::string> answer = co_await Do(std::move(call));
  co_return answer.status();
}

Task<absl::StatusOr<std::vector<Image>>> HttpClient::ListImages(
    std::string reference) {
  Call call;
  call.method = "GET";
  call.path = "/images/json";
  call.query.emplace_back("filters", ImageFiltersOf(reference));
  absl::StatusOr<std::string> answer = co_await Do(std::move(call));
  if (!answer.ok()) co_return answer.status();
  co_return ParseImages(*answer);
}

Task<absl::StatusOr<Image>> HttpClient::InspectImage(std::string reference) {
  std::string path =
      absl::StrCat("/images/", EscapeReference(reference), "/json");
  absl::StatusOr<std::string> answer = co_await GetPath(std::move(path));
  if (!answer.ok()) co_return answer.status();
  co_return ParseImage(*answer);
}

Task<absl::Status> HttpClient::PullImage(std::string reference) {
  const Reference parts = SplitReference(reference);
  Call call;
  call.method = "POST";
  call.path = "/images/create";
  call.query.emplace_back("fromImage", parts.name);
  if (!parts.tag.empty()) call.query.emplace_back("tag", parts.tag);
  call.timeout = kPullTimeout;
  absl::StatusOr<std::string> answer = co_await Do(std::move(call));
  if (!answer.ok()) co_return answer.status();
  const std::string error = ErrorInProgress(*answer);
  if (!error.empty()) co_return absl::InternalError(error);
  co_return absl::OkStatus();
}

Task<absl::Status> HttpClient::RemoveImage(std::string reference) {
  Call call;
  call.method = "DELETE";
  call.path = absl::StrCat("/images/", EscapeReference(reference));
  absl::StatusOr<std::string> answer = co_await Do(std::move(call));
  co_return answer.status();
}

Task<absl::Status> HttpClient::ImportImage(std::string reference,
                                           std::string tar,
                                           std::vector<std::string> changes) {
  const Reference parts = SplitReference(reference);
  Call call;
  call.method = "POST";
  call.path = "/images/create";
  call.query.emplace_back("fromSrc", "-");
  call.query.emplace_back("repo", parts.name);
  call.query.emplace_back("tag", parts.tag);
  for (const std::string& change : changes) {
    call.query.emplace_back("changes", change);
  }
  call.content_type = "application/x-tar";
  call.body = std::move(tar);
  absl::StatusOr<std::string> answer = co_await Do(std::move(call));
  if (!answer.ok()) co_return answer.status();
  const std::string error = ErrorInProgress(*answer);
  if (!error.empty()) co_return absl::InternalError(error);
  co_return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> ConnectToDocker(
    Executor executor, absl::string_view endpoint) {
  absl::string_view path = endpoint;
  absl::ConsumePrefix(&path, kSocketScheme);
  if (!absl::StartsWith(path, "/")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--docker-endpoint: \"", endpoint, "\": want unix:///path"));
  }
  return std::unique_ptr<Client>(
      std::make_unique<HttpClient>(executor, std::string(path)));
}

}  // namespace fairway::runtime::dockershim::libdocker
