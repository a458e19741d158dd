// SPDX-License-Identifier: Apache-2.0
// Processes and ports, as every kind of path needs them. Failures throw
// std::runtime_error.
#ifndef BENCH_PATH_HOPS_H_
#define BENCH_PATH_HOPS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bench/path_type.h"
#include "e2e/harness/process.h"

namespace fairway::bench {

// In the order of their declaration.
std::vector<uint16_t> ListOf(const Ports& ports);
Ports PortsOf(const std::vector<uint16_t>& list);

// The processes of `role`: `pid`, and all that it started, and those
// started, and so on.
// Errors: `pid` is gone.
std::vector<Hop> HopsBelow(const std::string& role, pid_t pid);

// Throws, naming the role, when the process is gone or a zombie.
void RequireAlive(const Hop& hop);

// A port of 127.0.0.1 where nobody listens, another one at each call, and none
// of those that the kernel gives to whoever asks for any.
uint16_t QuietPort();

// Until `process` (which is `what` in an error, together with its log) listens
// at the ports on 127.0.0.1.
void WaitUntilListens(const std::string& what, e2e::Process& process,
                      const std::vector<uint16_t>& ports,
                      const std::string& log_path);

// A program on the PATH, or in one of the folders that only root's has.
// Errors: says which Debian package has it.
std::string FindProgram(const std::string& name, const std::string& package);

}  // namespace fairway::bench

#endif  // BENCH_PATH_HOPS_H_
