// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/portforward.go (v0.20.2):
// parsePorts, parseAddresses
#ifndef CLIENT_TOOLS_PORTFORWARD_PORTS_H_
#define CLIENT_TOOLS_PORTFORWARD_PORTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace fairway::portforward {

struct ForwardedPort {
  uint16_t local = 0;  // 0: the kernel chooses
  uint16_t remote = 0;
};

// What happens to a port when one of its addresses cannot be bound: kAll fails
// when no address of this kind was bound, kAny when one was not.
enum class FailureMode { kAll, kAny };

struct ListenAddress {
  std::string address;
  std::string protocol;  // "tcp4" or "tcp6"
  FailureMode failure_mode = FailureMode::kAny;
};

// "5000", "8888:5000", "0:5000" and ":5000". Errors: kInvalidArgument.
absl::StatusOr<std::vector<ForwardedPort>> ParsePorts(
    absl::Span<const std::string> ports);

// IPs, and "localhost" for 127.0.0.1 and ::1; sorted, each once.
// Errors: kInvalidArgument "x is not a valid IP".
absl::StatusOr<std::vector<ListenAddress>> ParseAddresses(
    absl::Span<const std::string> addresses);

// As Go prints the slice: "[{8080 80} {0 443}]".
std::string PortsString(absl::Span<const ForwardedPort> ports);

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_PORTS_H_
