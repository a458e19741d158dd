// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "net/socket/socket_internal.h"

namespace fairway::net {
namespace {

Address FromIpv4(const sockaddr_in& in) {
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &in.sin_addr, text, sizeof(text));
  return {text, ntohs(in.sin_port)};
}

Address FromIpv6(const sockaddr_in6& in6) {
  Address address{"", ntohs(in6.sin6_port)};
  char text[INET6_ADDRSTRLEN] = "";
  if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
    inet_ntop(AF_INET, &in6.sin6_addr.s6_addr[12], text, sizeof(text));
    address.host = text;
    return address;
  }
  inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof(text));
  address.host = text;
  if (in6.sin6_scope_id != 0) {
    char name[IF_NAMESIZE] = "";
    if (if_indextoname(in6.sin6_scope_id, name) != nullptr) {
      absl::StrAppend(&address.host, "%", name);
    } else {
      absl::StrAppend(&address.host, "%", in6.sin6_scope_id);
    }
  }
  return address;
}

Address FromUnix(const sockaddr_un& un, socklen_t size) {
  const size_t offset = offsetof(sockaddr_un, sun_path);
  // Go's sign for a socket that was never bound, and for an abstract name.
  if (size <= offset) return {"@", 0};
  std::string path(un.sun_path, size - offset);
  if (path[0] == '\0') {
    path[0] = '@';
    return {path, 0};
  }
  return {path.c_str(), 0};
}

absl::Status BadAddress(absl::string_view address, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("address ", address, ": ", why));
}

}  // namespace

Address AddressFromSockaddr(const sockaddr_storage& storage, socklen_t size) {
  switch (storage.ss_family) {
    case AF_INET:
      return FromIpv4(reinterpret_cast<const sockaddr_in&>(storage));
    case AF_INET6:
      return FromIpv6(reinterpret_cast<const sockaddr_in6&>(storage));
    case AF_UNIX:
      return FromUnix(reinterpret_cast<const sockaddr_un&>(storage), size);
    default:
      return {};
  }
}

std::string Address::ToString() const {
  if (port == 0 && (host.empty() || host[0] == '/' || host[0] == '@')) {
    return host;
  }
  return JoinHostPort(host, absl::StrCat(port));
}

std::string JoinHostPort(absl::string_view host, absl::string_view port) {
  if (host.find(':') != absl::string_view::npos ||
      host.find('%') != absl::string_view::npos) {
    return absl::StrCat("[", host, "]:", port);
  }
  return absl::StrCat(host, ":", port);
}

absl::StatusOr<HostPort> SplitHostPort(absl::string_view host_port) {
  const size_t colon = host_port.rfind(':');
  if (colon == absl::string_view::npos) {
    return BadAddress(host_port, "missing port in address");
  }
  absl::string_view host = host_port.substr(0, colon);
  const absl::string_view port = host_port.substr(colon + 1);
  if (!host_port.empty() && host_port[0] == '[') {
    const size_t end = host_port.find(']');
    if (end == absl::string_view::npos) {
      return BadAddress(host_port, "missing ']' in address");
    }
    if (end + 1 == host_port.size()) {
      return BadAddress(host_port, "missing port in address");
    }
    if (end + 1 != colon) {
      return BadAddress(host_port, host_port[end + 1] == ':'
                                       ? "too many colons in address"
                                       : "missing port in address");
    }
    host = host_port.substr(1, end - 1);
    if (host.find('[') != absl::string_view::npos) {
      return BadAddress(host_port, "unexpected '[' in address");
    }
  } else {
    if (host.find(':') != absl::string_view::npos) {
      return BadAddress(host_port, "too many colons in address");
    }
    if (host.find('[') != absl::string_view::npos) {
      return BadAddress(host_port, "unexpected '[' in address");
    }
    if (host.find(']') != absl::string_view::npos) {
      return BadAddress(host_port, "unexpected ']' in address");
    }
  }
  return HostPort{std::string(host), std::string(port)};
}

}  // namespace fairway::net
