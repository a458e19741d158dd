// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/apply/apply.go (v0.20.2)
#ifndef CLIENT_CMD_APPLY_H_
#define CLIENT_CMD_APPLY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"
#include "client/cmd/factory.h"
#include "client/cmd/manifests.h"

namespace fairway::cmd {

// Creates every object of `filenames`, or lays it over the one that is there:
// "pod/x created", "configured" or "unchanged".
// Differs: a field that a manifest no longer names keeps its value.
Task<absl::Status> RunApply(Factory* factory,
                            std::vector<std::string> filenames,
                            Validation validation);

// `live` with the fields of `manifest` laid over it: objects field by field,
// all else as a whole; null removes a field. Both are JSON objects.
std::string LayOver(absl::string_view live, absl::string_view manifest);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_APPLY_H_
