// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/ports.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::portforward {
namespace {

struct PortsCase {
  std::vector<std::string> input;
  std::string want;  // PortsString, or the error
  bool ok = true;
};

// Upstream's TestParsePortsAndNew, and what its table leaves out.
TEST(ParsePortsTest, TakesAndRefusesWhatUpstreamDoes) {
  const std::vector<PortsCase> cases = {
      {{"5000"}, "[{5000 5000}]"},
      {{"5000:5000"}, "[{5000 5000}]"},
      {{"8888:5000", "9999:8888", ":7777"},
       "[{8888 5000} {9999 8888} {0 7777}]"},
      {{"0:5000"}, "[{0 5000}]"},
      {{"65535"}, "[{65535 65535}]"},
      {{"00080"}, "[{80 80}]"},
      {{"a"},
       "error parsing local port 'a': strconv.ParseUint: parsing \"a\": "
       "invalid syntax",
       false},
      {{":a"},
       "error parsing remote port 'a': strconv.ParseUint: parsing \"a\": "
       "invalid syntax",
       false},
      {{"-1"},
       "error parsing local port '-1': strconv.ParseUint: parsing \"-1\": "
       "invalid syntax",
       false},
      {{"65536"},
       "error parsing local port '65536': strconv.ParseUint: parsing "
       "\"65536\": value out of range",
       false},
      {{"99999999999999999999"},
       "error parsing local port '99999999999999999999': strconv.ParseUint: "
       "parsing \"99999999999999999999\": value out of range",
       false},
      {{""},
       "error parsing local port '': strconv.ParseUint: parsing \"\": invalid "
       "syntax",
       false},
      {{"80:"},
       "error parsing remote port '': strconv.ParseUint: parsing \"\": invalid "
       "syntax",
       false},
      {{"0"}, "remote port must be > 0", false},
      {{"8080:0"}, "remote port must be > 0", false},
      {{"1:2:3"}, "invalid port format '1:2:3'", false},
  };
  for (const PortsCase& c : cases) {
    absl::StatusOr<std::vector<ForwardedPort>> ports = ParsePorts(c.input);
    if (c.ok) {
      ASSERT_THAT(ports, IsOk()) << c.input[0];
      EXPECT_EQ(PortsString(*ports), c.want);
    } else {
      EXPECT_THAT(ports, StatusIs(absl::StatusCode::kInvalidArgument, c.want));
    }
  }
}

TEST(ParsePortsTest, UnixSocketsAreCutAtTheLastColon) {
  const std::string longest(kMaxUnixPathBytes, 'x');
  const std::vector<PortsCase> cases = {
      {{"unix:/run/db.sock:5432"}, "[{unix:/run/db.sock 5432}]"},
      {{"unix:db.sock:1", "80"}, "[{unix:db.sock 1} {80 80}]"},
      {{"unix:/run/a:b:c.sock:80"}, "[{unix:/run/a:b:c.sock 80}]"},
      {{"unix:/::80"}, "[{unix:/: 80}]"},
      {{absl::StrCat("unix:", longest, ":1")},
       absl::StrCat("[{unix:", longest, " 1}]")},
      {{absl::StrCat("unix:x", longest, ":1")},
       absl::StrCat("error parsing local socket 'x", longest,
                    "': want a path of 1 to 107 bytes"),
       false},
      {{std::string("unix:/a\0b:1", 11)},
       "error parsing local socket '/a\\000b': want a path of 1 to 107 bytes",
       false},
      {{"unix:/run/db.sock"}, "invalid port format 'unix:/run/db.sock'", false},
      {{"unix::80"}, "invalid port format 'unix::80'", false},
      {{"unix:/run/db.sock:"},
       "error parsing remote port '': strconv.ParseUint: parsing \"\": invalid "
       "syntax",
       false},
      {{"unix:/run/db.sock:0"}, "remote port must be > 0", false},
      {{"unix:/run/db.sock:65536"},
       "error parsing remote port '65536': strconv.ParseUint: parsing "
       "\"65536\": value out of range",
       false},
      {{"unix:80"},
       "error parsing local port 'unix': strconv.ParseUint: parsing \"unix\": "
       "invalid syntax",
       false},
  };
  for (const PortsCase& c : cases) {
    absl::StatusOr<std::vector<ForwardedPort>> ports = ParsePorts(c.input);
    if (c.ok) {
      ASSERT_THAT(ports, IsOk()) << c.input[0];
      EXPECT_EQ(PortsString(*ports), c.want);
      EXPECT_EQ((*ports)[0].local, 0);
    } else {
      EXPECT_THAT(ports, StatusIs(absl::StatusCode::kInvalidArgument, c.want));
    }
  }
}

TEST(SplitPortTest, CutsWhereUpstreamDoesAndUnixSocketsAtTheLastColon) {
  const std::vector<std::vector<std::string>> cases = {
      {"https", "https", "https"},
      {"8443:https", "8443", "https"},
      {":https", "", "https"},
      {"8443:", "8443", ""},
      {"1:2:3", "1", "1"},
      {"", "", ""},
      {"unix:http", "unix", "http"},
      {"unix:/run/a:b.sock:http", "unix:/run/a:b.sock", "http"},
      {"unix:x.sock:", "unix:x.sock", ""},
      {"unix:/run/a.sock", "unix:/run/a.sock", ""},
  };
  for (const std::vector<std::string>& c : cases) {
    const PortEnds ends = SplitPort(c[0]);
    EXPECT_EQ(ends.local, c[1]) << c[0];
    EXPECT_EQ(ends.remote, c[2]) << c[0];
  }
}

struct AddressesCase {
  std::vector<std::string> input;
  std::string want;  // "ADDRESS/PROTOCOL/MODE ...", or the error
  bool ok = true;
};

TEST(ParseAddressesTest, TakesAndRefusesWhatUpstreamDoes) {
  const std::vector<AddressesCase> cases = {
      {{"localhost"}, "127.0.0.1/tcp4/all ::1/tcp6/all "},
      {{"localhost", "127.0.0.1"}, "127.0.0.1/tcp4/any ::1/tcp6/all "},
      {{"127.0.0.1", "localhost"}, "127.0.0.1/tcp4/any ::1/tcp6/all "},
      {{"10.10.10.1", "localhost"},
       "10.10.10.1/tcp4/any 127.0.0.1/tcp4/all ::1/tcp6/all "},
      {{"127.0.0.1", "::1"}, "127.0.0.1/tcp4/any ::1/tcp6/any "},
      {{"127.0.0.1", "127.0.0.1"}, "127.0.0.1/tcp4/any "},
      {{"0.0.0.0"}, "0.0.0.0/tcp4/any "},
      {{"::"}, "::/tcp6/any "},
      {{"domain.invalid"}, "domain.invalid is not a valid IP", false},
      {{"127.0.0.257"}, "127.0.0.257 is not a valid IP", false},
      {{""}, " is not a valid IP", false},
      {{std::string("::1\0x", 5)},
       std::string("::1\0x is not a valid IP", 23),
       false},
  };
  for (const AddressesCase& c : cases) {
    absl::StatusOr<std::vector<ListenAddress>> addresses =
        ParseAddresses(c.input);
    if (!c.ok) {
      EXPECT_THAT(addresses,
                  StatusIs(absl::StatusCode::kInvalidArgument, c.want));
      continue;
    }
    ASSERT_THAT(addresses, IsOk()) << c.input[0];
    std::string got;
    for (const ListenAddress& address : *addresses) {
      absl::StrAppend(&got, address.address, "/", address.protocol, "/",
                      address.failure_mode == FailureMode::kAll ? "all" : "any",
                      " ");
    }
    EXPECT_EQ(got, c.want);
  }
}

}  // namespace
}  // namespace fairway::portforward
