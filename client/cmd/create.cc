// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/create/create.go (v0.20.2)
#include "client/cmd/create.h"

#include <utility>

#include "absl/status/statusor.h"
#include "client/cmd/check_err.h"

namespace fairway::cmd {

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
  absl::Status last;
  for (const Manifest& manifest : *manifests) {
    rest::Resource resource =
        ResourceOf(*manifest.kind, manifest.namespace_, "");
    absl::StatusOr<std::string> created =
        co_await (*client)->Create(std::move(resource), manifest.json);
    if (created.ok()) {
      *factory->streams().out << TypeName(*manifest.kind) << "/"
                              << manifest.name << " created\n"
                              << std::flush;
      continue;
    }
    const absl::Status failed =
        AddSource("creating", manifest.source, created.status());
    // The others have their turn; each failure has its line.
    if (!last.ok()) *factory->streams().err_out << ErrorMessage(last);
    last = failed;
  }
  co_return last;
}

}  // namespace fairway::cmd
