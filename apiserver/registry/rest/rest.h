// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/registry/rest/rest.go (v0.20.2)
// What the endpoints ask of a resource.
#ifndef APISERVER_REGISTRY_REST_REST_H_
#define APISERVER_REGISTRY_REST_REST_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "apiserver/registry/rest/json_path.h"
#include "apiserver/registry/rest/selector.h"
#include "base/task/task.h"
#include "net/http/handler.h"

namespace fairway::apiserver::registry::rest {

// Who and what an object belongs to, as the API names it. Every group is served
// as its v1.
struct ResourceInfo {
  std::string kind;      // "Pod"
  std::string resource;  // "pods"
  bool namespaced = true;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  std::string group = {};  // "apps"; empty: the core group

  std::string ApiVersion() const;     // "v1", "apps/v1"
  std::string GroupResource() const;  // "pods", "deployments.apps"
  std::string GroupKind() const;      // "Pod", "Deployment.apps"
};

struct ListOptions {
  Requirements labels;
  Requirements fields;
  std::string resource_version;
  int64_t limit = 0;
  std::string continue_token;
  bool allow_watch_bookmarks = false;
};

struct DeleteOptions {
  std::optional<int64_t> grace_period_seconds;
  std::string uid;               // precondition, if not empty
  std::string resource_version;  // precondition, if not empty
};

enum class DryRun { kNo, kAll };

struct List {
  std::vector<Json> items;
  int64_t revision = 0;
  std::string continue_token;
};

struct WatchEvent {
  std::string type;  // "ADDED", "MODIFIED", "DELETED", "BOOKMARK"
  Json object;
};

// Threads:  on the loop of the storage.
class Watch {
 public:
  virtual ~Watch() = default;
  // Errors: those of the API (410 Expired), kCancelled.
  virtual Task<absl::StatusOr<WatchEvent>> Next() = 0;
  // Where a later watch may go on.
  virtual int64_t revision() const = 0;
};

// What a write makes of the current object.
using UpdateObject = std::function<absl::StatusOr<Json>(const Json& current)>;

struct DeleteResult {
  Json object;
  bool deleted_immediately = false;
};

// The verbs of a resource or subresource; those that it lacks answer 405.
//
// Threads:  on the loop of the storage.
// Errors:   those of the API, as status payload.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual const ResourceInfo& info() const = 0;
  // In the order of upstream's discovery.
  virtual std::vector<std::string> verbs() const = 0;

  virtual Task<absl::StatusOr<Json>> Get(std::string ns, std::string name);
  virtual Task<absl::StatusOr<List>> ListObjects(std::string ns,
                                                 ListOptions options);
  virtual Task<absl::StatusOr<std::unique_ptr<Watch>>> NewWatch(
      std::string ns, ListOptions options);
  // `name` is that of the URL: a subresource's parent, else empty.
  virtual Task<absl::StatusOr<Json>> Create(std::string ns, std::string name,
                                            Json object, DryRun dry_run);
  virtual Task<absl::StatusOr<Json>> Update(std::string ns, std::string name,
                                            UpdateObject update,
                                            DryRun dry_run);
  virtual Task<absl::StatusOr<DeleteResult>> Delete(std::string ns,
                                                    std::string name,
                                                    DeleteOptions options,
                                                    DryRun dry_run);
};

// Mirrors: rest.Responder. Writes an error as the API does.
using Responder = std::function<Task<absl::Status>(
    net::http::ServerRequest&, net::http::ResponseWriter&, absl::Status)>;

// Mirrors: rest.Connecter. Answers a request that becomes a connection.
class Connecter {
 public:
  virtual ~Connecter() = default;
  // Of the options object ("PodPortForwardOptions").
  virtual std::string options_kind() const = 0;
  virtual std::vector<std::string> connect_methods() const = 0;
  // The options of a query. Errors: kInvalidArgument.
  virtual absl::StatusOr<Json> DecodeOptions(
      const net::http::Query& query) const = 0;
  // The handler of one request; it outlives the request.
  virtual Task<absl::StatusOr<net::http::Handler>> Connect(
      std::string ns, std::string name, Json options, Responder responder) = 0;
};

}  // namespace fairway::apiserver::registry::rest

#endif  // APISERVER_REGISTRY_REST_REST_H_
