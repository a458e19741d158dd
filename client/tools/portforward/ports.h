// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/portforward.go (v0.20.2):
// parsePorts, parseAddresses
#ifndef CLIENT_TOOLS_PORTFORWARD_PORTS_H_
#define CLIENT_TOOLS_PORTFORWARD_PORTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace fairway::portforward {

struct ForwardedPort {
  uint16_t local = 0;  // 0: the kernel chooses
  uint16_t remote = 0;
  // The path of a Unix socket that is the local end; `local` is 0 then, and the
  // addresses to listen on do not apply. Empty: a TCP port.
  std::string unix_path;
};

// What a Unix socket's address can hold.
inline constexpr size_t kMaxUnixPathBytes = 107;

// The two ends of a port as typed, before names become numbers.
struct PortEnds {
  std::string local;  // "8443", "" or "unix:/run/db.sock"
  std::string remote;
};
// "8443:https", ":https", "unix:/run/db.sock:5432" (cut at the last colon);
// of "https" both ends are the same. Mirrors: splitPort of kubectl, by which
// what is behind a second colon is passed over with what is behind the first.
PortEnds SplitPort(absl::string_view port);

// Whether the local end of a port is a Unix socket: "unix:PATH:REMOTE".
// "unix:80" is none: as upstream says, "unix" is not a port.
bool IsUnixPort(absl::string_view port);

// What happens to a port when one of its addresses cannot be bound: kAll fails
// when no address of this kind was bound, kAny when one was not.
enum class FailureMode { kAll, kAny };

struct ListenAddress {
  std::string address;
  std::string protocol;  // "tcp4" or "tcp6"
  FailureMode failure_mode = FailureMode::kAny;
};

// "5000", "8888:5000", "0:5000", ":5000", and "unix:/run/db.sock:5432".
// Errors: kInvalidArgument; upstream's words but for Unix sockets.
absl::StatusOr<std::vector<ForwardedPort>> ParsePorts(
    absl::Span<const std::string> ports);

// IPs, and "localhost" for 127.0.0.1 and ::1; sorted, each once.
// Errors: kInvalidArgument "x is not a valid IP".
absl::StatusOr<std::vector<ListenAddress>> ParseAddresses(
    absl::Span<const std::string> addresses);

// As Go prints the slice: "[{8080 80} {0 443}]"; a Unix socket as
// "{unix:/run/db.sock 5432}".
std::string PortsString(absl::Span<const ForwardedPort> ports);

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_PORTS_H_
