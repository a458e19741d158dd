// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdCompletion of k8s.io/kubectl/pkg/cmd/completion/
// completion.go (v0.20.2). Differs: fish too, as newer kubectl has it.
#ifndef CLIENT_CMD_COMPLETION_COMMAND_H_
#define CLIENT_CMD_COMPLETION_COMMAND_H_

#include "client/cmd/command.h"

namespace fairway::cmd {

// "kubectl completion": prints a shell's script.
Command NewCmdCompletion();

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_COMPLETION_COMMAND_H_
