// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubectl/cmd/cmd.go (v0.20.2)
#ifndef CLIENT_CMD_CMD_H_
#define CLIENT_CMD_CMD_H_

#include <memory>
#include <string>
#include <vector>

#include "client/cmd/command.h"
#include "client/cmd/factory.h"
#include "client/cmd/io_streams.h"

namespace fairway::cmd {

// The whole tree; its global flags write to `flags`, which outlives it.
CommandTree NewKubectlCommand(ConfigFlags* flags);

// Runs one command line (without the program's name) to its end; the exit
// code. `dialers` makes the connections that are upgraded.
int RunKubectl(const std::vector<std::string>& args, IOStreams streams,
               DialerFactory dialers);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_CMD_H_
