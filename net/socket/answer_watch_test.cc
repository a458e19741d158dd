// SPDX-License-Identifier: Apache-2.0
#include "net/socket/answer_watch.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace fairway::net {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using Clock = AnswerWatch::Clock;

constexpr size_t kShort = AnswerWatch::kShortMessage;
constexpr size_t kLong = kShort + 1;
constexpr Clock::duration kMoment = AnswerWatch::kMoment;

// What a thread has seen of others must not reach the next test.
void OnAThread(const std::function<void()>& body) { std::thread(body).join(); }

class Loop {
 public:
  // Whether it looks for the answer to a question of now.
  bool LooksAfter(AnswerWatch& watch, size_t bytes, Clock::time_point now) {
    watch.NoteSent(context_->get_executor(), bytes, now);
    return RunOne();
  }
  bool RunOne() {
    context_->restart();
    return context_->poll_one() > 0;
  }
  // Until it would sleep.
  void Run() {
    context_->restart();
    context_->run();
  }
  Executor executor() { return context_->get_executor(); }
  void End() { context_.reset(); }

 private:
  std::unique_ptr<boost::asio::io_context> context_ =
      std::make_unique<boost::asio::io_context>(1);
};

void AnswerOnce(AnswerWatch& watch, Loop& loop, Clock::duration after,
                size_t bytes = kShort) {
  const Clock::time_point asked = Clock::now();
  watch.NoteSent(loop.executor(), kShort, asked);
  watch.NoteReceived(bytes, asked + after);
}

TEST(AnswerWatchTest, LooksOnlyForOneWhoAnsweredTheQuestionBeforeAtOnce) {
  const struct {
    const char* name;
    std::function<void(AnswerWatch&, Loop&)> before;
    bool want;
  } kCases[] = {
      {"nothing was asked before", [](AnswerWatch&, Loop&) {}, false},
      {"at once",
       [](AnswerWatch& watch, Loop& loop) {
         AnswerOnce(watch, loop, microseconds(1));
       },
       true},
      {"just in time",
       [](AnswerWatch& watch, Loop& loop) { AnswerOnce(watch, loop, kMoment); },
       true},
      {"late",
       [](AnswerWatch& watch, Loop& loop) {
         AnswerOnce(watch, loop, kMoment + microseconds(1));
       },
       false},
      {"late, but at once the time before",
       [](AnswerWatch& watch, Loop& loop) {
         AnswerOnce(watch, loop, microseconds(1));
         AnswerOnce(watch, loop, kMoment * 2);
       },
       false},
      {"at once, but late the time before",
       [](AnswerWatch& watch, Loop& loop) {
         AnswerOnce(watch, loop, kMoment * 2);
         AnswerOnce(watch, loop, microseconds(1));
       },
       true},
      {"much at once",
       [](AnswerWatch& watch, Loop& loop) {
         AnswerOnce(watch, loop, microseconds(1), kLong);
       },
       false},
      {"unasked", [](AnswerWatch& watch, Loop&) { watch.NoteReceived(kShort); },
       false},
      {"a transfer, at once",
       [](AnswerWatch& watch, Loop& loop) {
         const Clock::time_point now = Clock::now();
         watch.NoteSent(loop.executor(), kLong, now);
         watch.NoteReceived(kShort, now);
       },
       false},
      {"behind a transfer",
       [](AnswerWatch& watch, Loop& loop) {
         const Clock::time_point now = Clock::now();
         watch.NoteSent(loop.executor(), kShort, now);
         watch.NoteSent(loop.executor(), kLong, now);
         watch.NoteReceived(kShort, now);
       },
       false},
      {"the last of several questions at once, the first not",
       [](AnswerWatch& watch, Loop& loop) {
         const Clock::time_point now = Clock::now();
         watch.NoteSent(loop.executor(), kShort, now);
         watch.NoteSent(loop.executor(), kShort, now + kMoment);
         watch.NoteReceived(kShort, now + kMoment + microseconds(1));
       },
       false},
  };
  for (const auto& c : kCases) {
    OnAThread([&c] {
      Loop loop;
      AnswerWatch watch;
      c.before(watch, loop);
      loop.End();
      Loop fresh;
      EXPECT_EQ(fresh.LooksAfter(watch, kShort, Clock::now() + seconds(1)),
                c.want)
          << c.name;
    });
  }
}

TEST(AnswerWatchTest, ATransferIsNotLookedFor) {
  OnAThread([] {
    Loop loop;
    AnswerWatch watch;
    AnswerOnce(watch, loop, microseconds(1));
    EXPECT_FALSE(loop.LooksAfter(watch, kLong, Clock::now()));
  });
}

TEST(AnswerWatchTest, OneWhoDoesNotAnswerIsLookedForOnce) {
  OnAThread([] {
    Loop loop;
    AnswerWatch watch;
    AnswerOnce(watch, loop, microseconds(1));
    const Clock::time_point now = Clock::now();
    EXPECT_TRUE(loop.LooksAfter(watch, kShort, now));
    loop.Run();
    EXPECT_FALSE(
        loop.LooksAfter(watch, kShort, now + kMoment + microseconds(1)));
  });
}

TEST(AnswerWatchTest, EndsWithTheMoment) {
  OnAThread([] {
    Loop loop;
    AnswerWatch watch;
    AnswerOnce(watch, loop, microseconds(1));
    watch.NoteSent(loop.executor(), kShort);
    loop.Run();  // or the test never ends
    EXPECT_FALSE(loop.RunOne());
  });
}

TEST(AnswerWatchTest, EndsWithTheAnswer) {
  OnAThread([] {
    Loop loop;
    AnswerWatch watch;
    AnswerOnce(watch, loop, microseconds(1));
    // Far ahead: it would go on for an hour.
    const Clock::time_point asked = Clock::now() + std::chrono::hours(1);
    watch.NoteSent(loop.executor(), kShort, asked);
    watch.NoteReceived(kShort, asked);
    loop.Run();
  });
}

TEST(AnswerWatchTest, EndsWithThePeer) {
  OnAThread([] {
    Loop loop;
    {
      AnswerWatch watch;
      AnswerOnce(watch, loop, microseconds(1));
      watch.NoteSent(loop.executor(), kShort,
                     Clock::now() + std::chrono::hours(1));
    }
    loop.Run();
  });
}

TEST(AnswerWatchTest, EndsWithTheLatestAnswerOfSeveral) {
  OnAThread([] {
    Loop loop;
    AnswerWatch first;
    AnswerWatch second;
    AnswerOnce(first, loop, microseconds(1));
    AnswerOnce(second, loop, microseconds(1));
    const Clock::time_point asked = Clock::now() + std::chrono::hours(1);
    first.NoteSent(loop.executor(), kShort, asked);
    second.NoteSent(loop.executor(), kShort, asked);
    first.NoteReceived(kShort, asked);
    EXPECT_TRUE(loop.RunOne());
    second.NoteReceived(kShort, asked);
    loop.Run();
  });
}

TEST(AnswerWatchTest, ALoopThatEndsDoesNotKeepTheNextFromLooking) {
  OnAThread([] {
    Loop loop;
    AnswerWatch watch;
    AnswerOnce(watch, loop, microseconds(1));
    AnswerOnce(watch, loop, microseconds(1));  // a pass is in the queue
    loop.End();
    Loop next;
    EXPECT_TRUE(next.LooksAfter(watch, kShort, Clock::now()));
  });
}

// On one processor with somebody who computes, a yield takes as long as they
// may go on.
TEST(AnswerWatchTest, SleepsWhereTheProcessorIsWanted) {
  OnAThread([] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    ASSERT_EQ(pthread_setaffinity_np(pthread_self(), sizeof(one), &one), 0);
    std::atomic<bool> ended = false;
    std::thread busy([&ended] {  // on the same: it inherits that
      while (!ended) {
      }
    });
    const Clock::time_point limit = Clock::now() + seconds(20);
    bool sleeps = false;
    while (!sleeps && Clock::now() < limit) {
      Loop loop;
      AnswerWatch watch;
      AnswerOnce(watch, loop, microseconds(1));
      loop.Run();
      sleeps = !loop.LooksAfter(watch, kShort, Clock::now());
    }
    ended = true;
    busy.join();
    EXPECT_TRUE(sleeps);
  });
}

}  // namespace
}  // namespace fairway::net
