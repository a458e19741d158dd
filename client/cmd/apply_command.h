// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdApply of k8s.io/kubectl/pkg/cmd/apply/apply.go (v0.20.2)
#ifndef CLIENT_CMD_APPLY_COMMAND_H_
#define CLIENT_CMD_APPLY_COMMAND_H_

#include "client/cmd/command.h"

namespace fairway::cmd {

// "kubectl apply": its flags, its help, and how it runs.
Command NewCmdApply();

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_APPLY_COMMAND_H_
