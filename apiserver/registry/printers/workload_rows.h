// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/printers/internalversion/printers.go (v1.20.2)
// The cells of the kinds that describe pods by a template, in the order of
// their columns.
#ifndef APISERVER_REGISTRY_PRINTERS_WORKLOAD_ROWS_H_
#define APISERVER_REGISTRY_PRINTERS_WORKLOAD_ROWS_H_

#include "absl/time/time.h"
#include "apiserver/registry/rest/json_path.h"

namespace fairway::apiserver::printers {

Json DeploymentRow(const Json& deployment, absl::Time now);
Json ReplicaSetRow(const Json& set, absl::Time now);
Json ReplicationControllerRow(const Json& controller, absl::Time now);
Json StatefulSetRow(const Json& set, absl::Time now);
Json DaemonSetRow(const Json& set, absl::Time now);
Json JobRow(const Json& job, absl::Time now);

}  // namespace fairway::apiserver::printers

#endif  // APISERVER_REGISTRY_PRINTERS_WORKLOAD_ROWS_H_
