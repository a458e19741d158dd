// SPDX-License-Identifier: Apache-2.0
// The kinds that the commands know, and what a person calls them.
#ifndef CLIENT_CMD_RESOURCES_H_
#define CLIENT_CMD_RESOURCES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"
#include "client/rest/rest_client.h"

namespace fairway::cmd {

struct ResourceKind {
  absl::string_view kind;        // "Pod"
  absl::string_view plural;      // "pods"
  absl::string_view singular;    // "pod"
  absl::string_view short_name;  // empty: it has none
  bool namespaced;
  absl::string_view group;  // "apps"; empty: the core group
};

// By any of its names, without case, with or without its group and version
// behind it ("deployments.apps", "deployments.v1.apps"); null for what is none.
const ResourceKind* FindResource(absl::string_view name);
const ResourceKind* FindKind(absl::string_view kind);
// All of them.
std::vector<const ResourceKind*> ResourceKinds();

// "v1", "apps/v1".
std::string ApiVersionOf(const ResourceKind& kind);
// How messages call it: "pod", "deployment.apps".
std::string TypeName(const ResourceKind& kind);

// What arguments name: a kind, and objects of it (all if none).
struct ResourceArgs {
  const ResourceKind* kind = nullptr;
  std::vector<std::string> names;
};

// "TYPE", "TYPE NAME...", "TYPE/NAME...". `default_kind`, if not empty, is that
// of a bare name. Errors: kInvalidArgument in upstream's words.
absl::StatusOr<ResourceArgs> ParseResourceArgs(
    const std::vector<std::string>& args, absl::string_view default_kind);

// The request about `name` of `kind`; `ns` counts where it has namespaces.
rest::Resource ResourceOf(const ResourceKind& kind, absl::string_view ns,
                          absl::string_view name);

// One object. Mirrors: resource.Info.Get, which tells of a namespace that is
// not there rather than of the object in it.
Task<absl::StatusOr<std::string>> GetObject(rest::RESTClient* client,
                                            rest::Resource resource);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_RESOURCES_H_
