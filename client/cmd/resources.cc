// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/cli-runtime/pkg/resource/builder.go (v0.20.2): its arguments
#include "client/cmd/resources.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fairway::cmd {
namespace {

constexpr ResourceKind kKinds[] = {
    {"Pod", "pods", "pod", "po", true, ""},
    {"Node", "nodes", "node", "no", false, ""},
    {"Namespace", "namespaces", "namespace", "ns", false, ""},
    {"Service", "services", "service", "svc", true, ""},
    {"Endpoints", "endpoints", "endpoints", "ep", true, ""},
    {"ReplicationController", "replicationcontrollers", "replicationcontroller",
     "rc", true, ""},
    {"Deployment", "deployments", "deployment", "deploy", true, "apps"},
    {"ReplicaSet", "replicasets", "replicaset", "rs", true, "apps"},
    {"StatefulSet", "statefulsets", "statefulset", "sts", true, "apps"},
    {"DaemonSet", "daemonsets", "daemonset", "ds", true, "apps"},
    {"Job", "jobs", "job", "", true, "batch"},
};

bool IsNameOf(const ResourceKind& kind, absl::string_view name) {
  return name == kind.plural || name == kind.singular ||
         (!name.empty() && name == kind.short_name);
}

// Whether `suffix`, what is behind a dot, is the group of `kind`, with or
// without its version.
bool IsGroupOf(const ResourceKind& kind, absl::string_view suffix) {
  return suffix == kind.group || suffix == absl::StrCat("v1.", kind.group);
}

absl::StatusOr<const ResourceKind*> Find(absl::string_view name) {
  const ResourceKind* kind = FindResource(name);
  if (kind != nullptr) return kind;
  return absl::NotFoundError(
      absl::StrCat("the server doesn't have a resource type \"",
                   name.substr(0, name.find('.')), "\""));
}

absl::StatusOr<ResourceArgs> ParseTypeSlashNames(
    const std::vector<std::string>& args) {
  ResourceArgs parsed;
  for (const std::string& arg : args) {
    const std::vector<std::string> parts = absl::StrSplit(arg, '/');
    if (parts.size() == 1) {
      return absl::InvalidArgumentError(
          "there is no need to specify a resource type as a separate argument "
          "when passing arguments in resource/name form (e.g. 'kubectl get "
          "resource/<resource_name>' instead of 'kubectl get resource "
          "resource/<resource_name>'");
    }
    if (parts.size() > 2) {
      return absl::InvalidArgumentError(
          "arguments in resource/name form may not have more than one slash");
    }
    if (parts[0].empty() || parts[1].empty()) {
      return absl::InvalidArgumentError(
          "arguments in resource/name form must have a single resource and "
          "name");
    }
    absl::StatusOr<const ResourceKind*> kind = Find(parts[0]);
    if (!kind.ok()) return kind.status();
    if (parsed.kind != nullptr && parsed.kind != *kind) {
      return absl::InvalidArgumentError(
          "arguments of different resource types are not supported");
    }
    parsed.kind = *kind;
    parsed.names.push_back(parts[1]);
  }
  return parsed;
}

}  // namespace

const ResourceKind* FindResource(absl::string_view name) {
  const std::string lower = absl::AsciiStrToLower(name);
  for (const ResourceKind& kind : kKinds) {
    if (IsNameOf(kind, lower)) return &kind;
    const size_t dot = lower.find('.');
    if (dot != std::string::npos && IsNameOf(kind, lower.substr(0, dot)) &&
        IsGroupOf(kind, lower.substr(dot + 1))) {
      return &kind;
    }
  }
  return nullptr;
}

const ResourceKind* FindKind(absl::string_view name) {
  for (const ResourceKind& kind : kKinds) {
    if (kind.kind == name) return &kind;
  }
  return nullptr;
}

std::vector<const ResourceKind*> ResourceKinds() {
  std::vector<const ResourceKind*> kinds;
  for (const ResourceKind& kind : kKinds) kinds.push_back(&kind);
  return kinds;
}

std::string ApiVersionOf(const ResourceKind& kind) {
  return kind.group.empty() ? "v1" : absl::StrCat(kind.group, "/v1");
}

std::string TypeName(const ResourceKind& kind) {
  return absl::StrCat(kind.singular, kind.group.empty() ? "" : ".", kind.group);
}

absl::StatusOr<ResourceArgs> ParseResourceArgs(
    const std::vector<std::string>& args, absl::string_view default_kind) {
  for (const std::string& arg : args) {
    if (absl::StrContains(arg, "/")) return ParseTypeSlashNames(args);
  }
  ResourceArgs parsed;
  if (args.empty()) return parsed;
  if (!default_kind.empty()) {
    parsed.kind = FindResource(default_kind);
    parsed.names = args;
    return parsed;
  }
  absl::StatusOr<const ResourceKind*> kind = Find(args[0]);
  if (!kind.ok()) return kind.status();
  parsed.kind = *kind;
  parsed.names.assign(args.begin() + 1, args.end());
  return parsed;
}

rest::Resource ResourceOf(const ResourceKind& kind, absl::string_view ns,
                          absl::string_view name) {
  rest::Resource resource;
  resource.group = std::string(kind.group);
  resource.resource = std::string(kind.plural);
  if (kind.namespaced) resource.namespace_ = std::string(ns);
  resource.name = std::string(name);
  return resource;
}

Task<absl::StatusOr<std::string>> GetObject(rest::RESTClient* client,
                                            rest::Resource resource) {
  absl::StatusOr<std::string> object = co_await client->Get(resource);
  if (!absl::IsNotFound(object.status()) || resource.namespace_.empty() ||
      resource.namespace_ == "default") {
    co_return object;
  }
  rest::Resource in;
  in.resource = "namespaces";
  in.name = resource.namespace_;
  absl::StatusOr<std::string> found = co_await client->Get(std::move(in));
  if (absl::IsNotFound(found.status())) co_return found;
  co_return object;
}

}  // namespace fairway::cmd
