// SPDX-License-Identifier: Apache-2.0
#ifndef E2E_HARNESS_WORKLOADS_H_
#define E2E_HARNESS_WORKLOADS_H_

#include "e2e/harness/cluster.h"

namespace fairway::e2e {

// Ports of the pods' servers, all of which are named: "page", "echo".
inline constexpr uint16_t kPagePort = 8080;  // "Hello from POD\n" over HTTP
inline constexpr uint16_t kEchoPort = 7001;

// Fills `cluster` with one object of each kind that ports are forwarded to, and
// with their pods, since nobody else makes those. The pod of a workload is
// KIND-0, of the label app=KIND:
//
//   pod/web, and pod/elsewhere in the namespace "other"
//   deployment/web               deployment-0, and two that are worse:
//                                deployment-pending, deployment-young
//   replicaset/web, statefulset/web, daemonset/web, job/web,
//   replicationcontroller/web    as above
//   service/web                  of service-0 and service-1: 80 -> 8080, 81 ->
//                                "page", 82 "tongue" -> 7001
//   service/headless             of service-*: 8080
//   service/udp                  of service-*: 53, UDP only
//   service/selectorless, service/empty, deployment/empty
//   pod/pending                  never runs
void CreateWorkloads(Cluster& cluster);

}  // namespace fairway::e2e

#endif  // E2E_HARNESS_WORKLOADS_H_
