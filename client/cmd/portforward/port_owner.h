// SPDX-License-Identifier: Apache-2.0
#ifndef CLIENT_CMD_PORTFORWARD_PORT_OWNER_H_
#define CLIENT_CMD_PORTFORWARD_PORT_OWNER_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/types/optional.h"

namespace fairway::cmd {

struct PortOwner {
  pid_t pid = 0;
  std::string command;  // "nginx"
};

// The process that listens on TCP port `port`, as far as /proc tells: only the
// processes of one's own user show what they have open. Reads /proc/net and the
// descriptors of those processes, at most kMaxDescriptors of them.
absl::optional<PortOwner> FindPortOwner(uint16_t port);

inline constexpr int kMaxDescriptors = 100000;

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_PORT_OWNER_H_
