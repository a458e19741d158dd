// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/util/completion/completion.go (v0.23.17)
// What the kubeconfig and the server have to offer. A server is asked for at
// most kServerTimeout; whatever fails offers nothing and says nothing.
#ifndef CLIENT_CMD_COMPLETION_CANDIDATES_H_
#define CLIENT_CMD_COMPLETION_CANDIDATES_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/task/task.h"
#include "client/cmd/command.h"

namespace fairway::cmd {

inline constexpr absl::Duration kServerTimeout = absl::Seconds(2);
// More objects than this are not offered.
inline constexpr int kMaxObjects = 500;

// These and nothing else; for OneArgument the first argument is the only one.
CompletionFunction OneOf(std::vector<std::string> values);
CompletionFunction OneArgument(std::vector<std::string> values);

// Names of the kubeconfig's contexts, clusters, users.
CompletionFunction Contexts();
CompletionFunction Clusters();
CompletionFunction Users();
// Names of the server's namespaces.
CompletionFunction Namespaces();

// A type, then names of its objects that are not there yet; TYPE/NAME.
// Mirrors: ResourceTypeAndNameCompletionFunc.
CompletionFunction TypesAndNames();

// A pod or TYPE/NAME, then its ports; after "--" again.
// Mirrors: PodResourceNameCompletionFunc. Differs: upstream offers no ports.
CompletionFunction PortForwardTargets();

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_COMPLETION_CANDIDATES_H_
