// SPDX-License-Identifier: Apache-2.0
// Mirrors: NewCmdGet of k8s.io/kubectl/pkg/cmd/get/get.go (v0.20.2)
#ifndef CLIENT_CMD_GET_COMMAND_H_
#define CLIENT_CMD_GET_COMMAND_H_

#include "client/cmd/command.h"

namespace fairway::cmd {

// "kubectl get": its flags, its help, and how it runs.
Command NewCmdGet();

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_GET_COMMAND_H_
