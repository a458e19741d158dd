// SPDX-License-Identifier: Apache-2.0
// What an IP address is for: whether it leaves the machine, and the link.
#ifndef NET_SOCKET_ADDRESS_CLASS_H_
#define NET_SOCKET_ADDRESS_CLASS_H_

#include "absl/strings/string_view.h"

namespace fairway::net {

enum class AddressClass {
  kGlobal,  // any other: as Go's IP.IsGlobalUnicast, private ones too
  kLoopback,
  kLinkLocal,    // 169.254.0.0/16, fe80::/10
  kUnspecified,  // 0.0.0.0/8, ::
  kMulticast,    // and broadcast
  kNotAnIp,
};

// Of an IP without port, brackets; perhaps with a zone. An IPv4 address that is
// mapped into IPv6 is what it is in IPv4.
AddressClass ClassifyAddress(absl::string_view ip);

}  // namespace fairway::net

#endif  // NET_SOCKET_ADDRESS_CLASS_H_
