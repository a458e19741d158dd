// SPDX-License-Identifier: Apache-2.0
// Mirrors: AddFlags of k8s.io/cli-runtime/pkg/genericclioptions/
// config_flags.go (v0.20.2)
#ifndef CLIENT_CMD_GLOBAL_FLAGS_H_
#define CLIENT_CMD_GLOBAL_FLAGS_H_

#include <vector>

#include "client/cmd/command.h"
#include "client/cmd/factory.h"

namespace fairway::cmd {

// The flags that every command takes; they write to `flags`, which outlives
// them.
std::vector<Flag> GlobalFlags(ConfigFlags* flags);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_GLOBAL_FLAGS_H_
