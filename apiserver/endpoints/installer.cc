// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/installer.go (v0.20.2)
#include "apiserver/endpoints/installer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apiserver/endpoints/handlers/connect.h"
#include "apiserver/endpoints/handlers/resource.h"
#include "apiserver/registry/rest/status_details.h"

namespace fairway::apiserver::endpoints {
namespace {

using handlers::Call;
using Action = Task<absl::Status> (*)(Call&);

bool Contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

absl::Status NotFound() {
  return NewStatusError(404, "NotFound",
                        "the server could not find the requested resource");
}

absl::Status MethodNotAllowed() {
  return NewStatusError(
      405, "MethodNotAllowed",
      "the server does not allow this method on the requested resource");
}

// The handler of a verb; null for one that there is not.
Action ActionOf(const std::string& verb) {
  if (verb == "get") return &handlers::GetResource;
  if (verb == "list" || verb == "watch") return &handlers::ListResource;
  if (verb == "create") return &handlers::CreateResource;
  if (verb == "update") return &handlers::UpdateResource;
  if (verb == "patch") return &handlers::PatchResource;
  if (verb == "delete") return &handlers::DeleteResource;
  if (verb == "deletecollection") return &handlers::DeleteCollection;
  return nullptr;
}

absl::StatusOr<Action> Route(const handlers::RequestScope& scope,
                             const RequestInfo& info,
                             const std::string& method) {
  if (info.parts.size() > 3) return NotFound();
  if (scope.connecter != nullptr) {
    if (!Contains(scope.connecter->connect_methods(), method)) {
      return MethodNotAllowed();
    }
    return &handlers::ConnectResource;
  }
  const registry::rest::ResourceInfo& resource = scope.storage->info();
  const bool of_collection = info.verb == "list" || info.verb == "watch";
  const bool own_namespace =
      info.api_group.empty() && info.resource == "namespaces";
  if (resource.namespaced && info.ns.empty() && !of_collection) {
    return info.parts.size() == 1 ? MethodNotAllowed() : NotFound();
  }
  if (!resource.namespaced && !own_namespace && !info.ns.empty()) {
    return NotFound();
  }
  // A new object has no name in its URL, but a subresource's parent.
  const bool named_create = info.verb == "create" && info.subresource.empty() &&
                            info.parts.size() > 1;
  if (named_create || !Contains(scope.storage->verbs(), info.verb)) {
    return MethodNotAllowed();
  }
  Action action = ActionOf(info.verb);
  if (action == nullptr) return MethodNotAllowed();
  return action;
}

}  // namespace

void APIInstaller::RegisterResourceHandlers(
    const std::string& path, std::unique_ptr<registry::rest::Storage> storage) {
  handlers::RequestScope& scope = scopes_[storage->info().group][path];
  scope.path = path;
  scope.admit = admit_;
  scope.storage = std::move(storage);
}

void APIInstaller::RegisterResourceHandlers(
    const std::string& path,
    std::unique_ptr<registry::rest::Connecter> connecter) {
  handlers::RequestScope& scope = scopes_[""][path];
  scope.path = path;
  scope.admit = admit_;
  scope.connecter = std::move(connecter);
}

std::vector<registry::rest::Storage*> APIInstaller::NamespacedStorage() const {
  std::vector<registry::rest::Storage*> all;
  for (const auto& [group, scopes] : scopes_) {
    for (const auto& [path, scope] : scopes) {
      registry::rest::Storage* storage = scope.storage.get();
      if (storage != nullptr && storage->info().namespaced &&
          path == storage->info().resource) {
        all.push_back(storage);
      }
    }
  }
  return all;
}

std::vector<std::string> APIInstaller::Groups() const {
  std::vector<std::string> groups;
  for (const auto& [group, scopes] : scopes_) {
    if (!group.empty()) groups.push_back(group);
  }
  return groups;
}

const handlers::RequestScope* APIInstaller::Find(
    const RequestInfo& info) const {
  if (!info.is_resource_request || info.api_version != "v1") return nullptr;
  auto group = scopes_.find(info.api_group);
  if (group == scopes_.end()) return nullptr;
  std::string path = info.resource;
  if (!info.subresource.empty()) absl::StrAppend(&path, "/", info.subresource);
  auto it = group->second.find(path);
  return it == group->second.end() ? nullptr : &it->second;
}

bool APIInstaller::Knows(const RequestInfo& info) const {
  return Find(info) != nullptr;
}

bool APIInstaller::IsConnect(const RequestInfo& info) const {
  const handlers::RequestScope* scope = Find(info);
  return scope != nullptr && scope->connecter != nullptr;
}

std::vector<ResourceEntry> APIInstaller::Entries(
    const std::string& group) const {
  std::vector<ResourceEntry> entries;
  auto found = scopes_.find(group);
  if (found == scopes_.end()) return entries;
  for (const auto& [path, scope] : found->second) {
    ResourceEntry entry;
    entry.path = path;
    if (scope.connecter != nullptr) {
      entry.kind = scope.connecter->options_kind();
      entry.verbs = {"create", "get"};
    } else {
      entry.info = scope.storage->info();
      entry.kind = entry.info.kind;
      entry.verbs = scope.storage->verbs();
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Task<absl::Status> APIInstaller::Serve(RequestContext& context,
                                       net::http::ServerRequest& request,
                                       net::http::ResponseWriter& writer) {
  const handlers::RequestScope* scope = Find(context.info);
  absl::StatusOr<Action> action = NotFound();
  if (scope != nullptr) action = Route(*scope, context.info, request.method);
  if (!action.ok()) {
    absl::Status error = action.status();
    absl::Status refused =
        co_await handlers::WriteError(writer, std::move(error));
    co_return refused;
  }
  Call call{*scope, context, request, writer};
  absl::Status served = co_await (*action)(call);
  co_return served;
}

}  // namespace fairway::apiserver::endpoints
