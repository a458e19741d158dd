// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdPortForward of k8s.io/kubectl/pkg/cmd/portforward/
// portforward.go (v0.20.2)
#ifndef CLIENT_CMD_PORTFORWARD_COMMAND_H_
#define CLIENT_CMD_PORTFORWARD_COMMAND_H_

#include "client/cmd/command.h"

namespace fairway::cmd {

// "kubectl port-forward": its flags, its help, and how it runs.
Command NewCmdPortForward();

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_COMMAND_H_
