// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/window_estimator.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace fairway::httpstream::spdy {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kKiB = 1024;

// A peer with one stream that it fills as far as its window and a link permit,
// and a reader that keeps up.
struct Link {
  WindowEstimator estimator;
  int64_t bytes_per_round_trip;
  WindowEstimator::StreamSample sample = {};
  WindowEstimator::Clock::time_point now = {};
  int pings = 0;

  // One round trip. Beyond the link's capacity the bytes take longer.
  void RoundTrip() {
    const int64_t bytes = estimator.stream_window_bytes();
    if (estimator.OnReceived(bytes / 2)) {
      ++pings;
      estimator.OnPingSent(now);
    }
    estimator.OnReceived(bytes - bytes / 2);
    estimator.OnRead(&sample, bytes);
    now +=
        milliseconds(10) * std::max<int64_t>(1, bytes / bytes_per_round_trip);
    estimator.OnPingAnswered(now);
  }
};

TEST(WindowEstimatorTest, GrowsUntilTheLinkIsFull) {
  Link link = {WindowEstimator(64 * kKiB, 1 << 30, 256 * kKiB, 1 << 30),
               1000 * kKiB};
  for (int i = 0; i < 100; ++i) link.RoundTrip();
  // Twice what the link holds is as fast as more.
  EXPECT_GE(link.estimator.stream_window_bytes(), 1000 * kKiB);
  EXPECT_LE(link.estimator.stream_window_bytes(), 4000 * kKiB);
  EXPECT_GE(link.estimator.session_window_bytes(),
            2 * link.estimator.stream_window_bytes());
}

TEST(WindowEstimatorTest, NeverGrowsBeyondTheCap) {
  Link link = {WindowEstimator(64 * kKiB, 300 * kKiB, 64 * kKiB, 500 * kKiB),
               1 << 30};
  for (int i = 0; i < 100; ++i) link.RoundTrip();
  EXPECT_EQ(link.estimator.stream_window_bytes(), 300 * kKiB);
  EXPECT_EQ(link.estimator.session_window_bytes(), 500 * kKiB);
  // Then there is nothing left to ask.
  const int pings = link.pings;
  for (int i = 0; i < 100; ++i) link.RoundTrip();
  EXPECT_EQ(link.pings, pings);
}

TEST(WindowEstimatorTest, StreamsThatDoNotFillTheirWindowsAreLeftAlone) {
  WindowEstimator estimator(64 * kKiB, 1 << 30, 64 * kKiB, 1 << 30);
  WindowEstimator::StreamSample samples[4];
  WindowEstimator::Clock::time_point now;
  for (int i = 0; i < 100; ++i) {
    for (auto& sample : samples) {
      if (estimator.OnReceived(30 * kKiB)) estimator.OnPingSent(now);
      estimator.OnRead(&sample, 30 * kKiB);
    }
    now += milliseconds(10);
    estimator.OnPingAnswered(now);
  }
  EXPECT_EQ(estimator.stream_window_bytes(), 64 * kKiB);
  // All of them together need more of the session.
  EXPECT_GE(estimator.session_window_bytes(), 120 * kKiB);
  EXPECT_LE(estimator.session_window_bytes(), 480 * kKiB);
}

TEST(WindowEstimatorTest, WhatIsNotReadCallsForNoMore) {
  WindowEstimator estimator(64 * kKiB, 1 << 30, 1 << 20, 1 << 30);
  WindowEstimator::Clock::time_point now;
  for (int i = 0; i < 10; ++i) {
    if (estimator.OnReceived(64 * kKiB)) estimator.OnPingSent(now);
    now += milliseconds(10);
    estimator.OnPingAnswered(now);
  }
  EXPECT_EQ(estimator.stream_window_bytes(), 64 * kKiB);
}

TEST(WindowEstimatorTest, AsksOneQuestionAtATimeAndFewForNothing) {
  WindowEstimator estimator(256 * kKiB, 1 << 30, 4096 * kKiB, 1 << 30);
  int pings = 0;
  WindowEstimator::Clock::time_point now;
  // Little: never.
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(estimator.OnReceived(64));
  // 16 MiB in small pieces, each answered before the next.
  for (int i = 0; i < 16 * 1024; ++i) {
    if (estimator.OnReceived(kKiB)) {
      ++pings;
      estimator.OnPingSent(now);
      EXPECT_FALSE(estimator.OnReceived(256 * kKiB));
      now += milliseconds(1);
      estimator.OnPingAnswered(now);
    }
  }
  EXPECT_GE(pings, 10);
  EXPECT_LE(pings, 2 * 16 * 4 + 2);
}

TEST(WindowEstimatorTest, AnAnswerToNothingIsIgnored) {
  WindowEstimator estimator(64 * kKiB, 1 << 20, 64 * kKiB, 1 << 20);
  estimator.OnPingAnswered({});
  EXPECT_EQ(estimator.stream_window_bytes(), 64 * kKiB);
  EXPECT_EQ(estimator.session_window_bytes(), 64 * kKiB);
}

}  // namespace
}  // namespace fairway::httpstream::spdy
