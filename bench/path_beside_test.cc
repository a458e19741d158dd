// SPDX-License-Identifier: Apache-2.0
#include "bench/path_beside.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/testing/try_path.h"
#include "e2e/harness/process.h"

namespace fairway::bench {
namespace {

using ::testing::HasSubstr;

// Of hops that are the path's alone.
void TryWhole(std::unique_ptr<Path> path,
              const std::vector<std::string>& roles) {
  const std::vector<Hop> hops = TryPath(*path, roles);
  path.reset();
  for (const Hop& hop : hops) ExpectEnd(hop);
}

TEST(PathBesideTest, NoForwarderHasNoHop) {
  const ServersBeside servers;
  TryWhole(OpenDirectly(servers.ports()), {});
}

TEST(PathBesideTest, SocatForksForEachConnection) {
  const ServersBeside servers;
  TryWhole(OpenSocat(servers.ports()),
           {"socat", "socat", "socat", "socat", "socat"});
}

TEST(PathBesideTest, SshAndSshdAreHopsWithTheirChildren) {
  const ServersBeside servers;
  // The one that listens, the one of the session, and the one that relays.
  TryWhole(OpenSsh(servers.ports()), {"sshd", "sshd", "sshd", "ssh"});
}

TEST(PathBesideTest, TheBareChainHasFourRelays) {
  const ServersBeside servers;
  TryWhole(OpenBareRelays(servers.ports()),
           {"relay 4", "relay 3", "relay 2", "relay 1"});
}

TEST(PathBesideTest, AHopThatIsGoneIsNamed) {
  const ServersBeside servers;
  const std::unique_ptr<Path> chain = OpenBareRelays(servers.ports());
  const std::vector<Hop> hops = chain->hops();
  kill(hops[2].pid, SIGKILL);
  std::string error;
  e2e::Eventually(e2e::Seconds(5), [&] {
    try {
      chain->hops();
    } catch (const std::runtime_error& e) {
      error = e.what();
    }
    return !error.empty();
  });
  EXPECT_THAT(error, HasSubstr("relay 2 is gone"));
}

}  // namespace
}  // namespace fairway::bench
