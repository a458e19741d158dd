// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/apply/apply.go (v0.20.2)
#include "client/cmd/apply.h"

#include <utility>

#include "api/json.h"
#include "client/cmd/check_err.h"

namespace fairway::cmd {
namespace {

using nlohmann::json;

void Merge(const json& patch, json* into);

// A list of the same length is laid over element by element: servers fill
// defaults into what it holds.
void MergeList(const json& patch, json* into) {
  if (!into->is_array() || into->size() != patch.size()) {
    *into = patch;
    return;
  }
  for (size_t i = 0; i < patch.size(); ++i) Merge(patch[i], &(*into)[i]);
}

void Merge(const json& patch, json* into) {
  if (patch.is_array()) {
    MergeList(patch, into);
    return;
  }
  if (!patch.is_object()) {
    *into = patch;
    return;
  }
  if (!into->is_object()) *into = json::object();
  for (auto it = patch.begin(); it != patch.end(); ++it) {
    if (it->is_null()) {
      into->erase(it.key());
    } else {
      Merge(*it, &(*into)[it.key()]);
    }
  }
}

// What became of one manifest: "created", "configured", "unchanged".
Task<absl::StatusOr<std::string>> ApplyOne(rest::RESTClient* client,
                                           Manifest manifest) {
  const rest::Resource resource =
      ResourceOf(*manifest.kind, manifest.namespace_, manifest.name);
  absl::StatusOr<std::string> live = co_await client->Get(resource);
  if (absl::IsNotFound(live.status())) {
    rest::Resource collection =
        ResourceOf(*manifest.kind, manifest.namespace_, "");
    absl::StatusOr<std::string> created =
        co_await client->Create(std::move(collection), manifest.json);
    if (!created.ok()) {
      co_return AddSource("creating", manifest.source, created.status());
    }
    co_return "created";
  }
  if (!live.ok()) co_return live.status();
  absl::StatusOr<json> before = api::ParseJson(*live);
  if (!before.ok()) co_return before.status();
  const std::string merged = LayOver(*live, manifest.json);
  if (merged == api::DumpJson(*before)) co_return "unchanged";
  absl::StatusOr<std::string> updated =
      co_await client->Update(resource, merged);
  if (!updated.ok()) {
    co_return AddSource("applying patch to", manifest.source, updated.status());
  }
  co_return "configured";
}

}  // namespace

std::string LayOver(absl::string_view live, absl::string_view manifest) {
  absl::StatusOr<json> into = api::ParseJson(live);
  absl::StatusOr<json> patch = api::ParseJson(manifest);
  if (!into.ok() || !patch.ok()) return std::string(manifest);
  Merge(*patch, &*into);
  return api::DumpJson(*into);
}

Task<absl::Status> RunApply(Factory* factory,
                            std::vector<std::string> filenames,
                            Validation validation) {
  absl::StatusOr<std::vector<Manifest>> manifests =
      ReadManifests(*factory, filenames, validation);
  if (!manifests.ok()) co_return manifests.status();
  if (manifests->empty()) {
    co_return absl::InvalidArgumentError("no objects passed to apply");
  }
  absl::StatusOr<rest::RESTClient*> client = factory->RESTClient();
  if (!client.ok()) co_return client.status();
  std::vector<absl::Status> errors;
  for (const Manifest& manifest : *manifests) {
    absl::StatusOr<std::string> became = co_await ApplyOne(*client, manifest);
    if (became.ok()) {
      *factory->streams().out << TypeName(*manifest.kind) << "/"
                              << manifest.name << " " << *became << "\n"
                              << std::flush;
      continue;
    }
    errors.push_back(became.status());
  }
  co_return NewAggregate(errors);
}

}  // namespace fairway::cmd
