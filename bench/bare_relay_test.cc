// SPDX-License-Identifier: Apache-2.0
// Four bare relays in a row, as the benchmark has them, between plain clients
// and pod_server.
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/path_beside.h"
#include "e2e/harness/process.h"
#include "e2e/harness/socket.h"

namespace fairway::bench {
namespace {

using e2e::Connection;
using e2e::RandomBytes;

class BareRelayTest : public ::testing::Test {
 protected:
  Ports ports() const { return chain_->ports(); }

  ServersBeside servers_;
  std::unique_ptr<Path> chain_ = OpenBareRelays(servers_.ports());
};

// Sends all and the FIN while it reads what comes back.
bool ComesBack(uint16_t echo, const std::string& sent) {
  Connection connection(echo);
  std::thread sender([&] {
    connection.Send(sent);
    connection.SendFin();
  });
  const std::string received = connection.ReceiveAll();
  sender.join();
  return received == sent;
}

TEST_F(BareRelayTest, EveryByteComesThroughBothWaysAtOnce) {
  for (const size_t count : {0, 1, 16384, 16385, 5000000}) {
    EXPECT_TRUE(ComesBack(ports().echo, RandomBytes(count, count))) << count;
  }
}

TEST_F(BareRelayTest, WhoSentAFinStillHearsTheAnswer) {
  Connection connection(ports().sink);
  connection.Send(std::string(5000000, 's'));
  connection.SendFin();
  EXPECT_EQ(connection.ReceiveAll(), "5000000\n");
}

TEST_F(BareRelayTest, WhoGotAFinMayStillSend) {
  Connection connection(ports().source);
  connection.Send("3000000\n");
  EXPECT_EQ(connection.ReceiveAll().size(), 3000000u);
  connection.Send("more");
  connection.SendFin();
  EXPECT_TRUE(e2e::Eventually(e2e::Seconds(5),
                              [&] { return connection.FinIsAcknowledged(); }));
}

TEST_F(BareRelayTest, FiftyConnectionsKeepApart) {
  std::vector<std::future<bool>> done;
  for (int i = 0; i < 50; ++i) {
    done.push_back(std::async(std::launch::async, [this, i] {
      return ComesBack(ports().echo, RandomBytes(100000 + i * 1000, i));
    }));
  }
  for (size_t i = 0; i < done.size(); ++i) EXPECT_TRUE(done[i].get()) << i;
}

// Nobody reads behind `deaf`: the chain takes what fits, and no more.
TEST_F(BareRelayTest, AServerThatDoesNotReadHoldsUpItsClientAlone) {
  Connection stalled(ports().deaf, e2e::Seconds(1));
  const std::string piece(1000000, 'd');
  EXPECT_THROW(
      {
        for (int i = 0; i < 200; ++i) stalled.Send(piece);
      },
      std::runtime_error);
  EXPECT_TRUE(ComesBack(ports().echo, RandomBytes(1000000, 1)));
  int64_t pss = 0;
  for (const Hop& hop : chain_->hops()) pss += e2e::PssBytes(hop.pid);
  EXPECT_LT(pss, 40 << 20);
}

TEST_F(BareRelayTest, AResetEndsBothSides) {
  const auto open = [this](int descriptors) {
    return e2e::Eventually(e2e::Seconds(5), [&] {
      int sum = 0;
      for (const Hop& hop : chain_->hops()) sum += e2e::OpenFiles(hop.pid);
      return sum == descriptors;
    });
  };
  int idle = 0;
  for (const Hop& hop : chain_->hops()) idle += e2e::OpenFiles(hop.pid);
  Connection connection(ports().echo);
  connection.Send("x");
  EXPECT_EQ(connection.ReceiveExactly(1), "x");
  EXPECT_TRUE(open(idle + 8));
  connection.Reset();
  EXPECT_TRUE(open(idle));
}

}  // namespace
}  // namespace fairway::bench
