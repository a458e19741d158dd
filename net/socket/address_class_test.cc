// SPDX-License-Identifier: Apache-2.0
#include "net/socket/address_class.h"

#include <gtest/gtest.h>

#include <vector>

namespace fairway::net {
namespace {

struct Case {
  const char* ip;
  AddressClass want;
};

TEST(ClassifyAddressTest, KnowsWhatStaysOnTheMachineAndTheLink) {
  const std::vector<Case> cases = {
      {"10.0.0.1", AddressClass::kGlobal},
      {"192.168.1.1", AddressClass::kGlobal},
      {"169.253.255.255", AddressClass::kGlobal},
      {"2001:db8::1", AddressClass::kGlobal},
      {"fd00::1", AddressClass::kGlobal},
      {"::ffff:10.0.0.1", AddressClass::kGlobal},
      {"127.0.0.1", AddressClass::kLoopback},
      {"127.255.255.254", AddressClass::kLoopback},
      {"::1", AddressClass::kLoopback},
      {"::ffff:127.0.0.1", AddressClass::kLoopback},
      {"::ffff:7f00:1", AddressClass::kLoopback},
      {"169.254.169.254", AddressClass::kLinkLocal},
      {"::ffff:169.254.169.254", AddressClass::kLinkLocal},
      {"fe80::1", AddressClass::kLinkLocal},
      {"fe80::1%lo", AddressClass::kLinkLocal},
      {"0.0.0.0", AddressClass::kUnspecified},
      {"0.1.2.3", AddressClass::kUnspecified},
      {"::", AddressClass::kUnspecified},
      {"::ffff:0.0.0.0", AddressClass::kUnspecified},
      {"224.0.0.1", AddressClass::kMulticast},
      {"255.255.255.255", AddressClass::kMulticast},
      {"ff02::1", AddressClass::kMulticast},
      {"", AddressClass::kNotAnIp},
      {"localhost", AddressClass::kNotAnIp},
      {"10.0.0.1:80", AddressClass::kNotAnIp},
      {"0177.0.0.1", AddressClass::kNotAnIp},
      {"127.1", AddressClass::kNotAnIp},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(static_cast<int>(ClassifyAddress(c.ip)), static_cast<int>(c.want))
        << c.ip;
  }
}

}  // namespace
}  // namespace fairway::net
