// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/config/{config,current_context,
// get_contexts}.go (v0.20.2). Differs: what only reads is here.
#ifndef CLIENT_CMD_CONFIG_COMMAND_H_
#define CLIENT_CMD_CONFIG_COMMAND_H_

#include "client/cmd/command.h"

namespace fairway::cmd {

// "kubectl config current-context" and "kubectl config get-contexts".
Command NewCmdConfig();

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_CONFIG_COMMAND_H_
