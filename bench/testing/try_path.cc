// SPDX-License-Identifier: Apache-2.0
#include "bench/testing/try_path.h"

#include <gtest/gtest.h>

#include "e2e/harness/process.h"
#include "e2e/harness/socket.h"

namespace fairway::bench {
namespace {

using e2e::Connection;

std::vector<std::string> RolesOf(const std::vector<Hop>& hops) {
  std::vector<std::string> roles;
  for (const Hop& hop : hops) roles.push_back(hop.role);
  return roles;
}

}  // namespace

std::vector<Hop> TryPath(const Path& path,
                         const std::vector<std::string>& roles) {
  const Ports ports = path.ports();
  {
    Connection sink(ports.sink);
    sink.Send("12345");
    sink.SendFin();
    EXPECT_EQ(sink.ReceiveAll(), "5\n");
    Connection source(ports.source);
    source.Send("100000\n");
    EXPECT_EQ(source.ReceiveExactly(100000).size(), 100000u);
    // kubectl 1.20.2 passes the server's FIN on only behind the client's.
    source.SendFin();
    EXPECT_EQ(source.ReceiveAll(), "");
  }
  Connection echo(ports.echo);
  echo.Send("x");
  EXPECT_EQ(echo.ReceiveExactly(1), "x");

  // Whatever served the others ends in a moment.
  std::vector<Hop> hops;
  e2e::Eventually(e2e::Seconds(5), [&] {
    hops = path.hops();
    return RolesOf(hops) == roles;
  });
  EXPECT_EQ(RolesOf(hops), roles) << path.name();
  return hops;
}

void ExpectEnd(const Hop& hop) {
  EXPECT_TRUE(e2e::Eventually(e2e::Seconds(5),
                              [&hop] { return e2e::Threads(hop.pid) == 0; }))
      << hop.role << " lives on";
}

}  // namespace fairway::bench
