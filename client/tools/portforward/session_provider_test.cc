// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/session_provider.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status/co_status.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "httpstream/testing/fake_connection.h"

namespace fairway::portforward {
namespace {

using httpstream::FakeConnection;
using httpstream::FakePeer;

// Short, so that a test need not wait.
SessionTimes ShortTimes() {
  SessionTimes times;
  times.acquire_timeout = absl::Milliseconds(400);
  times.give_up_after = absl::Milliseconds(100);
  times.hang_after = absl::Milliseconds(200);
  times.min_pause = absl::Milliseconds(10);
  times.stop_timeout = absl::Milliseconds(200);
  return times;
}

const SessionTimes kTimes = ShortTimes();

// Where sessions are dialled: each dial has a peer of its own.
struct FakeServer {
  explicit FakeServer(Executor e) : executor(e), changed(e) {}

  // Lets dials that are held go on.
  void Release() {
    hold = false;
    changed.NotifyAll();
  }

  Task<absl::Status> WaitPeers(size_t count) {
    while (peers.size() < count) {
      absl::Status waited = co_await changed.Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(waited);
    }
    co_return absl::OkStatus();
  }

  size_t open() const {
    return std::count_if(peers.begin(), peers.end(), [](const auto& peer) {
      return !peer->closed && !peer->lost;
    });
  }

  Executor executor;
  std::deque<std::unique_ptr<FakePeer>> peers;
  bool keeps_streams_apart = false;
  bool hold = false;
  absl::Duration slowness;  // for each dial, one after the other
  bool busy = false;
  absl::Status error;  // not OK: dials fail with it
  size_t dialing = 0;
  size_t most_dialing = 0;
  size_t dials = 0;
  Condition changed;
};

class ServerDialer final : public httpstream::Dialer {
 public:
  explicit ServerDialer(FakeServer* server) : server_(server) {}

  Task<absl::StatusOr<Result>> Dial(
      std::vector<std::string> protocols) override {
    ++server_->dials;
    server_->most_dialing = std::max(server_->most_dialing, ++server_->dialing);
    absl::Status waited;
    while (server_->hold && waited.ok()) {
      waited = co_await server_->changed.Wait();
    }
    while (server_->busy && waited.ok()) {
      waited = co_await server_->changed.Wait();
    }
    if (server_->slowness > absl::ZeroDuration() && waited.ok()) {
      server_->busy = true;
      waited = co_await Sleep(server_->slowness);
      server_->busy = false;
      server_->changed.NotifyAll();
    }
    --server_->dialing;
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
    if (!server_->error.ok()) co_return server_->error;
    auto peer = std::make_unique<FakePeer>(server_->executor);
    peer->keeps_streams_apart = server_->keeps_streams_apart;
    Result result;
    result.connection =
        std::make_unique<FakeConnection>(server_->executor, peer.get());
    result.protocol = protocols[0];
    server_->peers.push_back(std::move(peer));
    server_->changed.NotifyAll();
    co_return result;
  }

 private:
  FakeServer* const server_;
};

// A provider and the server that it dials.
struct Fixture {
  Fixture(Executor executor, SessionPerConnection mode, GiveUp give_up)
      : server(executor),
        provider(executor, std::make_unique<ServerDialer>(&server), mode,
                 kTimes, give_up),
        tasks(executor) {}

  // Acquires in a task of its own; `leases` and `errors` get what comes.
  void AcquireInBackground() {
    tasks.Spawn([this]() -> Task<absl::Status> {
      auto lease = co_await provider.Acquire();
      if (lease.ok()) {
        leases.push_back(*std::move(lease));
      } else {
        errors.push_back(lease.status());
      }
      server.changed.NotifyAll();
      co_return absl::OkStatus();
    });
  }

  Task<absl::Status> WaitAnswers(size_t count) {
    while (leases.size() + errors.size() < count) {
      absl::Status waited = co_await server.changed.Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(waited);
    }
    co_return absl::OkStatus();
  }

  FakeServer server;
  SessionProvider provider;
  std::vector<std::unique_ptr<SessionLease>> leases;
  std::vector<absl::Status> errors;
  TaskGroup tasks;
};

using Body = std::function<Task<absl::Status>(Fixture&)>;

enum class Windows { kNo, kYes };

// Runs `body` with a provider that is open, and closed behind it.
void RunOpened(SessionPerConnection mode, Windows windows, Body body,
               GiveUp give_up = GiveUp::kWhenUnused) {
  absl::Status status = RunLoop([&]() -> Task<absl::Status> {
    Executor executor = co_await kThisExecutor;
    Fixture fixture(executor, mode, give_up);
    fixture.server.keeps_streams_apart = windows == Windows::kYes;
    absl::Status opened = co_await fixture.provider.Open();
    FAIRWAY_CO_RETURN_IF_ERROR(opened);
    absl::Status ran = co_await WithDeadline(absl::Seconds(8), "test",
                                             [&]() { return body(fixture); });
    fixture.leases.clear();
    fixture.tasks.Cancel();
    absl::Status joined = co_await fixture.tasks.Join();
    joined.IgnoreError();
    absl::Status closed = co_await fixture.provider.Close();
    EXPECT_THAT(closed, IsOk());
    EXPECT_EQ(fixture.server.open(), 0u);
    EXPECT_EQ(fixture.server.dialing, 0u);
    co_return ran;
  });
  EXPECT_THAT(status, IsOk());
}

TEST(SessionProviderTest, AutoSharesASessionWhosePeerKeepsWindows) {
  RunOpened(SessionPerConnection::kAuto, Windows::kYes,
            [](Fixture& f) -> Task<absl::Status> {
              auto one = co_await f.provider.Acquire();
              auto two = co_await f.provider.Acquire();
              if (!one.ok() || !two.ok())
                co_return absl::UnknownError("no lease");
              EXPECT_EQ(&(*one)->session(), &(*two)->session());
              (*one)->End(ConnectionEnd::kInGoodOrder);
              (*two)->End(ConnectionEnd::kAborted);
              EXPECT_EQ(f.server.dials, 1u);
              EXPECT_EQ(f.server.open(), 1u);
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest, NeverSharesWhoeverThePeerIs) {
  RunOpened(SessionPerConnection::kNever, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              auto one = co_await f.provider.Acquire();
              auto two = co_await f.provider.Acquire();
              if (!one.ok() || !two.ok())
                co_return absl::UnknownError("no lease");
              EXPECT_EQ(&(*one)->session(), &(*two)->session());
              (*one)->End(ConnectionEnd::kAborted);
              EXPECT_EQ(f.server.dials, 1u);
              EXPECT_EQ(f.server.open(), 1u);
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest, SpareIsThereWithoutADial) {
  for (const auto mode :
       {SessionPerConnection::kAuto, SessionPerConnection::kAlways}) {
    RunOpened(mode, Windows::kNo, [](Fixture& f) -> Task<absl::Status> {
      EXPECT_EQ(f.server.dials, 1u);
      f.server.hold = true;
      // The first session, though no dial ends; then a dial for the next one
      // is under way.
      auto one = co_await f.provider.Acquire();
      if (!one.ok()) co_return one.status();
      EXPECT_EQ(f.server.dialing, 1u);
      f.server.Release();
      absl::Status dialed = co_await f.server.WaitPeers(2);
      FAIRWAY_CO_RETURN_IF_ERROR(dialed);
      f.server.hold = true;
      auto two = co_await f.provider.Acquire();
      if (!two.ok()) co_return two.status();
      EXPECT_NE(&(*one)->session(), &(*two)->session());
      co_return absl::OkStatus();
    });
  }
}

TEST(SessionProviderTest, EndOfAConnectionIsTheEndOfItsOwnSession) {
  RunOpened(SessionPerConnection::kAuto, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              for (const auto how :
                   {ConnectionEnd::kInGoodOrder, ConnectionEnd::kAborted,
                    ConnectionEnd::kNotMade}) {
                auto lease = co_await f.provider.Acquire();
                if (!lease.ok()) co_return lease.status();
                FakePeer& peer = *f.server.peers[f.server.peers.size() - 2];
                EXPECT_FALSE(peer.closed);
                (*lease)->End(how);
                EXPECT_TRUE(peer.closed);
                EXPECT_EQ(peer.aborted, how == ConnectionEnd::kAborted);
                EXPECT_EQ(f.server.open(), 1u);
              }
              co_return absl::OkStatus();
            });
}

// Its RST says what happened; the session's end would take it along.
TEST(SessionProviderTest, AbortTowardAPeerWithWindowsLeavesTheSessionItsOrder) {
  RunOpened(SessionPerConnection::kAlways, Windows::kYes,
            [](Fixture& f) -> Task<absl::Status> {
              auto lease = co_await f.provider.Acquire();
              if (!lease.ok()) co_return lease.status();
              (*lease)->End(ConnectionEnd::kAborted);
              EXPECT_TRUE(f.server.peers[0]->closed);
              EXPECT_FALSE(f.server.peers[0]->aborted);
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest, SpareThatDiesIsReplaced) {
  RunOpened(SessionPerConnection::kAuto, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              f.server.peers[0]->Lose();
              absl::Status replaced = co_await f.server.WaitPeers(2);
              FAIRWAY_CO_RETURN_IF_ERROR(replaced);
              f.server.hold = true;
              auto lease = co_await f.provider.Acquire();
              co_return lease.status();
            });
}

TEST(SessionProviderTest, SpareThatKeepsDyingIsNotDialledInALoop) {
  RunOpened(SessionPerConnection::kAuto, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              const absl::Time begin = absl::Now();
              // The last pause is longer than a dial may hang.
              for (size_t i = 0; i < 6; ++i) {
                f.server.peers[i]->Lose();
                absl::Status replaced = co_await f.server.WaitPeers(i + 2);
                FAIRWAY_CO_RETURN_IF_ERROR(replaced);
              }
              // 1 + 2 + 4 + 8 + 16 + 32 times the first pause.
              EXPECT_GE(absl::Now() - begin, 63 * kTimes.min_pause);
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest, ProviderIsLostWhenTheSpareCannotBeReplaced) {
  RunOpened(SessionPerConnection::kAuto, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              f.server.error = absl::UnavailableError("connection refused");
              f.server.peers[0]->Lose();
              absl::Status lost = co_await f.provider.WaitLost();
              EXPECT_THAT(lost, StatusIs(absl::StatusCode::kUnavailable,
                                         "lost connection to pod"));
              auto lease = co_await f.provider.Acquire();
              EXPECT_THAT(lease, StatusIs(absl::StatusCode::kUnavailable));
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest, ProviderIsLostWhenADialForTheSpareHangs) {
  RunOpened(SessionPerConnection::kAuto, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              f.server.hold = true;
              f.server.peers[0]->Lose();
              absl::Status lost = co_await f.provider.WaitLost();
              EXPECT_THAT(lost, StatusIs(absl::StatusCode::kUnavailable));
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest, ProviderLivesAsLongAsASessionIsInUse) {
  RunOpened(SessionPerConnection::kAuto, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              f.server.error =
                  absl::UnauthenticatedError("the token has expired");
              auto lease = co_await f.provider.Acquire();
              if (!lease.ok()) co_return lease.status();
              absl::Status lost = co_await WithDeadline(
                  3 * kTimes.give_up_after, "lost",
                  [&f]() { return f.provider.WaitLost(); });
              EXPECT_THAT(lost, StatusIs(absl::StatusCode::kDeadlineExceeded));
              // A new connection is told why it gets none.
              auto refused = co_await f.provider.Acquire();
              EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnauthenticated,
                                            "the token has expired"));
              (*lease)->End(ConnectionEnd::kInGoodOrder);
              lost = co_await f.provider.WaitLost();
              EXPECT_THAT(lost, StatusIs(absl::StatusCode::kUnavailable));
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest, SharedSessionThatIsCutOffIsTheEnd) {
  RunOpened(SessionPerConnection::kNever, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              f.server.peers[0]->Lose();
              absl::Status lost = co_await f.provider.WaitLost();
              EXPECT_THAT(lost, StatusIs(absl::StatusCode::kUnavailable));
              EXPECT_EQ(f.server.dials, 1u);
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest, BurstDialsSoManyAtATimeAndServesAll) {
  RunOpened(SessionPerConnection::kAuto, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              f.server.hold = true;
              constexpr size_t kBurst = 3 * kMaxDials;
              for (size_t i = 0; i < kBurst; ++i) f.AcquireInBackground();
              EXPECT_EQ(f.server.dialing, kMaxDials);
              EXPECT_EQ(f.leases.size(), 1u);
              f.server.Release();
              absl::Status served = co_await f.WaitAnswers(kBurst);
              FAIRWAY_CO_RETURN_IF_ERROR(served);
              EXPECT_EQ(f.leases.size(), kBurst);
              EXPECT_EQ(f.server.most_dialing, kMaxDials);
              // One each, and a spare.
              EXPECT_EQ(f.server.dials, kBurst + 1);
              EXPECT_EQ(f.server.open(), kBurst + 1);
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest, WaitingEndsWhenNoDialDoes) {
  RunOpened(SessionPerConnection::kAuto, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              f.server.hold = true;
              auto spare = co_await f.provider.Acquire();
              auto lease = co_await f.provider.Acquire();
              EXPECT_THAT(lease, StatusIs(absl::StatusCode::kDeadlineExceeded));
              co_return spare.status();
            });
}

TEST(SessionProviderTest, WaitingGoesOnAsLongAsOthersAreServed) {
  RunOpened(SessionPerConnection::kAuto, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              f.server.slowness = kTimes.acquire_timeout / 4;
              for (int i = 0; i < 8; ++i) f.AcquireInBackground();
              absl::Status served = co_await f.WaitAnswers(8);
              FAIRWAY_CO_RETURN_IF_ERROR(served);
              EXPECT_EQ(f.leases.size(), 8u);
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest, DialThatFailsIsOneConnectionsError) {
  RunOpened(SessionPerConnection::kAuto, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              f.server.hold = true;
              auto first = co_await f.provider.Acquire();
              f.AcquireInBackground();
              f.AcquireInBackground();
              f.server.error = absl::ResourceExhaustedError("slow down");
              f.server.Release();
              absl::Status answered = co_await f.WaitAnswers(2);
              FAIRWAY_CO_RETURN_IF_ERROR(answered);
              EXPECT_EQ(f.errors.size(), 2u);
              f.server.error = absl::OkStatus();
              auto lease = co_await f.provider.Acquire();
              co_return lease.status();
            });
}

TEST(SessionProviderTest, SessionOfWhoHasGoneBecomesTheSpare) {
  RunOpened(SessionPerConnection::kAuto, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              auto first = co_await f.provider.Acquire();
              auto second = co_await f.provider.Acquire();
              if (!first.ok() || !second.ok())
                co_return absl::UnknownError("no lease");
              absl::Status refilled = co_await f.server.WaitPeers(3);
              FAIRWAY_CO_RETURN_IF_ERROR(refilled);
              f.server.hold = true;
              auto third = co_await f.provider.Acquire();
              f.AcquireInBackground();
              f.AcquireInBackground();
              EXPECT_EQ(f.server.dialing, 3u);
              f.tasks.Cancel();
              absl::Status joined = co_await f.tasks.Join();
              EXPECT_THAT(joined, IsOk());
              f.server.Release();
              absl::Status dialed = co_await f.server.WaitPeers(6);
              FAIRWAY_CO_RETURN_IF_ERROR(dialed);
              // Of the three that were dialled only a spare is kept.
              f.leases.clear();
              while (f.server.open() > 4) {
                absl::Status waited =
                    co_await f.server.peers.back()->changed.Wait();
                FAIRWAY_CO_RETURN_IF_ERROR(waited);
              }
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest,
     FullSessionIsReplacedAndClosesAfterItsLastConnection) {
  RunOpened(SessionPerConnection::kAuto, Windows::kYes,
            [](Fixture& f) -> Task<absl::Status> {
              auto old = co_await f.provider.Acquire();
              auto full = co_await f.provider.Acquire();
              if (!old.ok() || !full.ok())
                co_return absl::UnknownError("no lease");
              (*full)->End(ConnectionEnd::kNotMade);
              auto fresh = co_await f.provider.Acquire();
              if (!fresh.ok()) co_return fresh.status();
              EXPECT_NE(&(*old)->session(), &(*fresh)->session());
              auto next = co_await f.provider.Acquire();
              if (!next.ok()) co_return next.status();
              EXPECT_EQ(&(*next)->session(), &(*fresh)->session());
              EXPECT_FALSE(f.server.peers[0]->closed);
              (*old)->End(ConnectionEnd::kInGoodOrder);
              EXPECT_TRUE(f.server.peers[0]->closed);
              EXPECT_FALSE(f.server.peers[1]->closed);
              EXPECT_EQ(f.server.dials, 2u);
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest, SessionThatHasTakenAConnectionIsAliveForAMoment) {
  RunOpened(SessionPerConnection::kAuto, Windows::kYes,
            [](Fixture& f) -> Task<absl::Status> {
              using Clock = std::chrono::steady_clock;
              auto one = co_await f.provider.Acquire();
              if (!one.ok()) co_return one.status();
              const Clock::time_point begin = Clock::now();
              EXPECT_LT((*one)->AliveUntil(), begin);
              (*one)->NoteTaken();
              auto two = co_await f.provider.Acquire();
              if (!two.ok()) co_return two.status();
              EXPECT_GT((*two)->AliveUntil(), begin);
              EXPECT_LE((*two)->AliveUntil(),
                        Clock::now() + std::chrono::milliseconds(100));
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest, WhatOneSessionTookSaysNothingOfAnother) {
  for (const auto mode :
       {SessionPerConnection::kAuto, SessionPerConnection::kAlways}) {
    RunOpened(mode, Windows::kYes, [](Fixture& f) -> Task<absl::Status> {
      auto old = co_await f.provider.Acquire();
      auto full = co_await f.provider.Acquire();
      if (!old.ok() || !full.ok()) co_return absl::UnknownError("no lease");
      (*old)->NoteTaken();
      (*full)->NoteTaken();
      (*full)->End(ConnectionEnd::kNotMade);
      auto fresh = co_await f.provider.Acquire();
      if (!fresh.ok()) co_return fresh.status();
      (*old)->NoteTaken();
      EXPECT_LT((*fresh)->AliveUntil(), std::chrono::steady_clock::now());
      co_return absl::OkStatus();
    });
  }
}

TEST(SessionProviderTest, FiveHundredConnectionsLeaveASpareBehind) {
  RunOpened(SessionPerConnection::kAuto, Windows::kNo,
            [](Fixture& f) -> Task<absl::Status> {
              constexpr size_t kConnections = 500;
              for (size_t i = 0; i < kConnections; ++i) f.AcquireInBackground();
              absl::Status served = co_await f.WaitAnswers(kConnections);
              FAIRWAY_CO_RETURN_IF_ERROR(served);
              EXPECT_EQ(f.errors.size(), 0u);
              for (size_t i = 0; i < f.leases.size(); ++i) {
                f.leases[i]->End(i % 2 == 0 ? ConnectionEnd::kInGoodOrder
                                            : ConnectionEnd::kAborted);
              }
              EXPECT_EQ(f.server.open(), 1u);
              EXPECT_EQ(f.server.dials, kConnections + 1);
              co_return absl::OkStatus();
            });
}

TEST(SessionProviderTest, WhoGivesUpAnywayDoesSoWhileASessionIsInUse) {
  RunOpened(
      SessionPerConnection::kAuto, Windows::kNo,
      [](Fixture& f) -> Task<absl::Status> {
        auto lease = co_await f.provider.Acquire();
        if (!lease.ok()) co_return lease.status();
        f.server.error = absl::UnavailableError("no kubelet");
        f.server.peers.back()->Lose();
        absl::Status lost = co_await f.provider.WaitLost();
        EXPECT_THAT(lost, StatusIs(absl::StatusCode::kUnavailable));
        EXPECT_THAT(f.provider.loss(),
                    StatusIs(absl::StatusCode::kUnavailable, "no kubelet"));
        EXPECT_FALSE(f.provider.retired());
        EXPECT_FALSE(f.server.peers[0]->closed);
        co_return absl::OkStatus();
      },
      GiveUp::kAnyway);
}

TEST(SessionProviderTest, WhoGivesUpAnywayTellsThoseWhoWait) {
  RunOpened(
      SessionPerConnection::kAuto, Windows::kNo,
      [](Fixture& f) -> Task<absl::Status> {
        auto lease = co_await f.provider.Acquire();
        if (!lease.ok()) co_return lease.status();
        absl::Status replaced = co_await f.server.WaitPeers(2);
        FAIRWAY_CO_RETURN_IF_ERROR(replaced);
        f.server.hold = true;
        f.server.peers[1]->Lose();
        while (f.server.dialing == 0) {
          absl::Status slept = co_await Sleep(absl::Milliseconds(1));
          FAIRWAY_CO_RETURN_IF_ERROR(slept);
        }
        f.AcquireInBackground();
        f.AcquireInBackground();
        absl::Status answered = co_await f.WaitAnswers(2);
        FAIRWAY_CO_RETURN_IF_ERROR(answered);
        for (const absl::Status& error : f.errors) {
          EXPECT_THAT(error, StatusIs(absl::StatusCode::kDeadlineExceeded,
                                      "no answer for 200ms"));
        }
        EXPECT_EQ(f.errors.size(), 2u);
        co_return absl::OkStatus();
      },
      GiveUp::kAnyway);
}

TEST(SessionProviderTest, RetiredProviderLendsNoMoreAndKeepsWhatIsInUse) {
  for (const auto windows : {Windows::kNo, Windows::kYes}) {
    RunOpened(
        SessionPerConnection::kAuto, windows,
        [](Fixture& f) -> Task<absl::Status> {
          auto lease = co_await f.provider.Acquire();
          if (!lease.ok()) co_return lease.status();
          f.provider.Retire();
          EXPECT_TRUE(f.provider.retired());
          absl::Status lost = co_await f.provider.WaitLost();
          EXPECT_THAT(lost, StatusIs(absl::StatusCode::kUnavailable));
          auto none = co_await f.provider.Acquire();
          EXPECT_THAT(none, StatusIs(absl::StatusCode::kUnavailable));
          // The spare's or not: what the connection has is left.
          while (f.server.open() > 1) {
            lost = co_await f.server.peers.back()->changed.Wait();
            FAIRWAY_CO_RETURN_IF_ERROR(lost);
          }
          EXPECT_FALSE(f.server.peers[0]->closed);
          const size_t dials = f.server.dials;
          TaskGroup unused(f.server.executor);
          bool told = false;
          unused.Spawn([&f, &told]() -> Task<absl::Status> {
            absl::Status waited = co_await f.provider.WaitUnused();
            told = true;
            co_return waited;
          });
          EXPECT_FALSE(told);
          (*lease)->End(ConnectionEnd::kInGoodOrder);
          lost = co_await unused.Join();
          EXPECT_TRUE(f.server.peers[0]->closed);
          EXPECT_EQ(f.server.dials, dials);
          co_return lost;
        },
        GiveUp::kAnyway);
  }
}

TEST(SessionProviderTest, WhoIsStoppedDoesNotWaitForAServerThatDoesNotAnswer) {
  RunOpened(SessionPerConnection::kAuto, Windows::kYes,
            [](Fixture& f) -> Task<absl::Status> {
              f.server.peers[0]->answers_close = false;
              f.provider.StopWaiting();
              const absl::Time before = absl::Now();
              absl::Status closed = co_await f.provider.Close();
              EXPECT_GE(absl::Now() - before, kTimes.stop_timeout);
              EXPECT_LT(absl::Now() - before, kTimes.close_timeout / 2);
              EXPECT_TRUE(f.server.peers[0]->aborted);
              co_return closed;
            });
}

}  // namespace
}  // namespace fairway::portforward
