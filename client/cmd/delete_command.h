// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdDelete of k8s.io/kubectl/pkg/cmd/delete/delete.go (v0.20.2)
#ifndef CLIENT_CMD_DELETE_COMMAND_H_
#define CLIENT_CMD_DELETE_COMMAND_H_

#include "client/cmd/command.h"

namespace fairway::cmd {

// "kubectl delete": its flags, its help, and how it runs.
Command NewCmdDelete();

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_DELETE_COMMAND_H_
