// SPDX-License-Identifier: Apache-2.0
#include "net/socket/address_class.h"

#include <boost/asio/ip/address.hpp>
#include <string>

namespace fairway::net {
namespace {

namespace ip = boost::asio::ip;

AddressClass ClassifyV4(const ip::address_v4& address) {
  const uint32_t bits = address.to_uint();
  if (address.is_loopback()) return AddressClass::kLoopback;
  if (bits >> 24 == 0) return AddressClass::kUnspecified;
  if (bits >> 16 == 0xa9fe) return AddressClass::kLinkLocal;
  if (address.is_multicast() || bits == 0xffffffff) {
    return AddressClass::kMulticast;
  }
  return AddressClass::kGlobal;
}

}  // namespace

AddressClass ClassifyAddress(absl::string_view text) {
  boost::system::error_code not_ip;
  const ip::address address = ip::make_address(std::string(text), not_ip);
  if (not_ip) return AddressClass::kNotAnIp;
  if (address.is_v4()) return ClassifyV4(address.to_v4());
  const ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) {
    return ClassifyV4(ip::make_address_v4(ip::v4_mapped, v6));
  }
  if (v6.is_loopback()) return AddressClass::kLoopback;
  if (v6.is_unspecified()) return AddressClass::kUnspecified;
  if (v6.is_link_local()) return AddressClass::kLinkLocal;
  if (v6.is_multicast()) return AddressClass::kMulticast;
  return AddressClass::kGlobal;
}

}  // namespace fairway::net
