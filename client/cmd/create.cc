// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/create/create.go (v0.20.2)
#include "client/cmd/create.h"

#include <utility>

#include "absl/status/statusor.h"
#include "api/json.h"
#include "client/cmd/check_err.h"

namespace fairway::cmd {
namespace {

// The server may have made it up.
std::string NameOf(const std::string& object) {
  absl::StatusOr<nlohmann::json> json = api::ParseJson(object);
  if (!json.ok()) return "";
  absl::Status ignored;
  return api::FieldReader(*json, "", &ignored)
      .Object("metadata")
      .String("name");
}

}  // namespace

Task<absl::Status> RunCreate(Factory* factory,
                             std::vector<std::string> filenames,
                             Validation validation) {
  absl::StatusOr<std::vector<Manifest>> manifests =
      ReadManifests(*factory, filenames, validation);
  if (!manifests.ok()) co_return manifests.status();
  if (manifests->empty()) {
    co_return absl::InvalidArgumentError("no objects passed to create");
  }
  absl::StatusOr<rest::RESTClient*> client = factory->RESTClient();
  if (!client.ok()) co_return client.status();
  std::vector<absl::Status> errors;
  for (const Manifest& manifest : *manifests) {
    rest::Resource resource =
        ResourceOf(*manifest.kind, manifest.namespace_, "");
    absl::StatusOr<std::string> created =
        co_await (*client)->Create(std::move(resource), manifest.json);
    if (created.ok()) {
      *factory->streams().out << TypeName(*manifest.kind) << "/"
                              << NameOf(*created) << " created\n"
                              << std::flush;
      continue;
    }
    // The others have their turn.
    errors.push_back(AddSource("creating", manifest.source, created.status()));
  }
  co_return NewAggregate(errors);
}

}  // namespace fairway::cmd
