// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdCreate of k8s.io/kubectl/pkg/cmd/create/create.go (v0.20.2)
#ifndef CLIENT_CMD_CREATE_COMMAND_H_
#define CLIENT_CMD_CREATE_COMMAND_H_

#include "client/cmd/command.h"

namespace fairway::cmd {

// "kubectl create": its flags, its help, and how it runs.
Command NewCmdCreate();

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_CREATE_COMMAND_H_
