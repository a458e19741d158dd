// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/rest/{client,request}.go (v0.20.2)
// The API's verbs on documents of JSON.
#ifndef CLIENT_REST_REST_CLIENT_H_
#define CLIENT_REST_REST_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "api/object.h"
#include "base/task/task.h"
#include "client/rest/config.h"
#include "net/http/message.h"
#include "net/http/url.h"

namespace fairway::rest {

inline constexpr size_t kMaxResponseBytes = 64 << 20;
inline constexpr size_t kMaxWatchLineBytes = 8 << 20;

// What a request is about: /api/v1/namespaces/NS/RESOURCE/NAME/SUBRESOURCE, or
// /apis/GROUP/VERSION/namespaces/... where there is a group.
struct Resource {
  std::string group;  // "apps"; empty: the core group
  std::string version = "v1";
  std::string resource;    // "pods"
  std::string namespace_;  // empty: of the cluster, or of all namespaces
  std::string name;        // empty: the collection
  std::string subresource;
  net::http::Query query;  // e.g. {{"fieldSelector", "spec.nodeName=x"}}
  std::string accept;      // the Accept header; empty: JSON
};

// The events of a watch.
//
// Threads:  on one executor.
// Lifetime: must not outlive the RESTClient.
// Cancel:   Next() honours it; the watch is then over.
class Watcher {
 public:
  explicit Watcher(net::http::Response response);

  // The next event; nullopt when the server ended the watch. Waits as long as
  // it takes: a watch has no events while nothing happens.
  // Errors: the API's own for an event of type ERROR (410 is kOutOfRange);
  // kResourceExhausted for an event over kMaxWatchLineBytes; kUnavailable.
  Task<absl::StatusOr<absl::optional<api::WatchEvent>>> Next();

 private:
  net::http::Response response_;
  std::string buffer_;
  size_t scanned_ = 0;
  bool ended_ = false;
};

// Threads:  on one executor.
// Lifetime: must outlive its calls and their Watchers.
// Cancel:   honoured by every call.
//
// Errors of every call: the API's own (api/errors.h) for an answer that is no
// success; for a server that was not reached, the cause with the request as
// payload (see UrlErrorOf).
class RESTClient {
 public:
  // `transport` says who asks; `base` is the server's URL. What `exec` takes to
  // give credentials, before a request, is not in `timeout`; null: nobody is
  // asked.
  RESTClient(std::unique_ptr<net::http::RoundTripper> transport,
             net::http::Url base, absl::Duration timeout, RequestLog log = {},
             std::shared_ptr<ExecAuthenticator> exec = nullptr);

  // Get, Update and Delete are about one object: kInvalidArgument without a
  // name.
  Task<absl::StatusOr<std::string>> Get(Resource resource);
  Task<absl::StatusOr<std::string>> List(Resource resource);
  Task<absl::StatusOr<std::string>> Create(Resource resource, std::string json);
  Task<absl::StatusOr<std::string>> Update(Resource resource, std::string json);
  // `options_json` is a DeleteOptions, or empty.
  Task<absl::StatusOr<std::string>> Delete(Resource resource,
                                           std::string options_json);
  Task<absl::StatusOr<std::unique_ptr<Watcher>>> Watch(Resource resource);

  // GET of any path ("/version").
  Task<absl::StatusOr<std::string>> GetPath(std::string path);

  // For its end: closes the idle connections in good order.
  Task<absl::Status> Close() { return transport_->CloseIdleConnections(); }

  // Where a request to `resource` goes.
  net::http::Url URL(const Resource& resource) const;

 private:
  struct Call {
    std::string verb;
    net::http::Url url;
    std::string body;
    std::string resource;
    std::string name;
    std::string accept;
  };
  Call CallFor(absl::string_view verb, const Resource& resource,
               std::string body) const;
  Task<absl::Status> Prepare(const Call& call);
  Task<absl::StatusOr<std::string>> DoNamed(Call call);
  Task<absl::StatusOr<std::string>> Do(Call call);
  Task<absl::StatusOr<std::string>> DoWithoutDeadline(Call call);
  Task<absl::StatusOr<net::http::Response>> Send(Call call);

  std::unique_ptr<net::http::RoundTripper> transport_;
  net::http::Url base_;
  absl::Duration timeout_;
  RequestLog log_;
  std::shared_ptr<ExecAuthenticator> exec_;
};

// Mirrors: RESTClientFor. Errors: of TransportFor and DefaultServerURL.
absl::StatusOr<std::unique_ptr<RESTClient>> RESTClientFor(Executor executor,
                                                          const Config& config);

// Mirrors: net/url.Error. The request that failed before there was an answer.
struct UrlError {
  std::string host;  // "127.0.0.1:6443"
  // The cause without the request.
  std::string cause;
};
// `cause` as the failure of this request: Get "https://...": CAUSE.
absl::Status NewUrlError(absl::string_view verb, const net::http::Url& url,
                         const absl::Status& cause);
absl::optional<UrlError> UrlErrorOf(const absl::Status& status);

}  // namespace fairway::rest

#endif  // CLIENT_REST_REST_CLIENT_H_
