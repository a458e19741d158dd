// SPDX-License-Identifier: Apache-2.0
// Mirrors: registerCompletionFuncForGlobalFlags of k8s.io/kubectl/pkg/cmd/
// cmd.go (v0.23.17), and each command's ValidArgsFunction
#ifndef CLIENT_CMD_COMPLETION_REGISTER_H_
#define CLIENT_CMD_COMPLETION_REGISTER_H_

#include "client/cmd/command.h"

namespace fairway::cmd {

// Gives the tree's arguments and flags what completes them. What has nothing
// of its own here is completed with files.
void RegisterCompletions(CommandTree* tree);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_COMPLETION_REGISTER_H_
