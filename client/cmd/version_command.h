// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdVersion of k8s.io/kubectl/pkg/cmd/version/version.go (v0.20.2)
#ifndef CLIENT_CMD_VERSION_COMMAND_H_
#define CLIENT_CMD_VERSION_COMMAND_H_

#include "client/cmd/command.h"

namespace fairway::cmd {

// "kubectl version": its flags, its help, and how it runs.
Command NewCmdVersion();

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_VERSION_COMMAND_H_
