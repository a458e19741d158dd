// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/printers/internalversion/printers.go (v1.20.2)
// The cells of the core group's kinds, in the order of their columns.
#ifndef APISERVER_REGISTRY_PRINTERS_CORE_ROWS_H_
#define APISERVER_REGISTRY_PRINTERS_CORE_ROWS_H_

#include "absl/time/time.h"
#include "apiserver/registry/rest/json_path.h"

namespace fairway::apiserver::printers {

Json PodRow(const Json& pod, absl::Time now);
Json NodeRow(const Json& node, absl::Time now);
Json NamespaceRow(const Json& ns, absl::Time now);
Json ServiceRow(const Json& service, absl::Time now);
Json EndpointsRow(const Json& endpoints, absl::Time now);

}  // namespace fairway::apiserver::printers

#endif  // APISERVER_REGISTRY_PRINTERS_CORE_ROWS_H_
