// SPDX-License-Identifier: Apache-2.0
// The file of `kubectl port-forward -f`: YAML or JSON.
//
//   forwards:
//   - target: svc/web            # TYPE/NAME, or a pod's name; required
//     ports: [8080:80, ":https"] # as on the command line; required
//     name: web                  # before its lines; default: the target
//     namespace: shop            # default: --namespace, the context's
//     context: staging           # default: --context, the current one
//     addresses: [localhost]     # default: --address
//     pods: round-robin          # one, each; default: --pods
//
// A file may hold several documents. There are no other fields.
#ifndef CLIENT_CMD_PORTFORWARD_FORWARDS_FILE_H_
#define CLIENT_CMD_PORTFORWARD_FORWARDS_FILE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "client/cmd/portforward/forward_spec.h"
#include "client/cmd/source.h"

namespace fairway::cmd {

// Errors: kInvalidArgument: "error parsing x.yaml: error converting YAML to
// JSON: yaml: line 3: ..."; "error parsing x.yaml: unknown field
// "forwards[1].prots""; "error parsing x.yaml: forwards[0].ports: required".
absl::StatusOr<std::vector<ForwardSpec>> ForwardsOfFile(const Source& source);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_FORWARDS_FILE_H_
