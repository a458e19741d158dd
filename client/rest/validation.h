// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/clientcmd/validation.go (v0.20.2; as-uid and
// interactiveMode as in v0.22)
// What is wrong with the parts of a kubeconfig, in upstream's words.
#ifndef CLIENT_REST_VALIDATION_H_
#define CLIENT_REST_VALIDATION_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/rest/kubeconfig.h"

namespace fairway::rest {

inline constexpr char kEmptyConfig[] =
    "no configuration has been provided, try setting KUBERNETES_MASTER "
    "environment variable";

// Each adds the faults of what has this name.
void ValidateCluster(const std::string& name, const KubeCluster& cluster,
                     std::vector<std::string>* faults);
void ValidateUser(const std::string& name, const KubeAuthInfo& user,
                  std::vector<std::string>* faults);

// Mirrors: newErrConfigurationInvalid; OK without faults.
absl::Status ConfigurationInvalid(const std::vector<std::string>& faults);

// OK without errors, the error itself if it is the only one.
absl::Status Aggregate(const std::vector<absl::Status>& errors);

}  // namespace fairway::rest

#endif  // CLIENT_REST_VALIDATION_H_
