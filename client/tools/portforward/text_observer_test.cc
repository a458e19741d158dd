// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/text_observer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace fairway::portforward {
namespace {

using ::testing::MatchesRegex;

TEST(TextObserverTest, LocalEndsAreWrittenAsGoWritesThem) {
  struct Case {
    LocalEnd local;
    std::string want;
  };
  const Case cases[] = {
      {{"127.0.0.1", 8080, "", 80, "web-0"},
       "Forwarding from 127.0.0.1:8080 -> 80\nHandling connection for 8080\n"},
      {{"::1", 8080, "", 80, "web-0"},
       "Forwarding from [::1]:8080 -> 80\nHandling connection for 8080\n"},
      {{"", 0, "/run/db.sock", 5432, "db-0"},
       "Forwarding from unix:/run/db.sock -> 5432\n"
       "Handling connection for unix:/run/db.sock\n"},
  };
  for (const Case& c : cases) {
    std::ostringstream out, err_out;
    TextObserver observer(&out, &err_out);
    observer.Listening(c.local);
    observer.Accepted({0, &c.local});
    EXPECT_EQ(out.str(), c.want);
    EXPECT_EQ(err_out.str(), "");
  }
}

TEST(TextObserverTest, WayIsOnlyNewsWhenItWasLost) {
  std::ostringstream out, err_out;
  TextObserver observer(&out, &err_out);
  TargetPod old, fresh;
  old.name = "web-0";
  fresh.name = "web-1";
  observer.Connected(old);
  EXPECT_EQ(err_out.str(), "");
  observer.Reconnecting(old, "the pod is gone\n\x1b[2J");
  observer.Connected(fresh);
  observer.Connected(old);
  EXPECT_EQ(err_out.str(),
            "lost connection to pod/web-0: the pod is gone ?[2J; reconnecting\n"
            "connected to pod/web-1\n");
  EXPECT_EQ(out.str(), "");
}

TEST(TextObserverTest, EachLossIsFollowedByAWay) {
  std::ostringstream out, err_out;
  TextObserver observer(&out, &err_out);
  TargetPod a, b;
  a.name = "a\x1b[2J";
  b.name = "b";
  observer.Reconnecting(a, "x");
  observer.Reconnecting(b, "x");
  observer.Connected(b);
  observer.Connected(a);
  observer.Connected(a);
  EXPECT_EQ(err_out.str(),
            "lost connection to pod/a?[2J: x; reconnecting\n"
            "lost connection to pod/b: x; reconnecting\n"
            "connected to pod/b\n"
            "connected to pod/a?[2J\n");
}

TEST(TextObserverTest, ErrorOfAConnectionIsALineUnlessItsWayWasLost) {
  std::ostringstream out, err_out;
  TextObserver observer(&out, &err_out);
  LocalEnd local;
  local.port = 8080;
  ConnectionSummary summary;
  observer.Closed({0, &local}, summary);
  summary.error = "lost";
  summary.cut_off = true;
  observer.Closed({1, &local}, summary);
  EXPECT_EQ(err_out.str(), "");
  summary.cut_off = false;
  summary.error = "refused\n";
  summary.error_file = "portforward.cc";
  summary.error_line = 42;
  observer.Closed({2, &local}, summary);
  EXPECT_THAT(
      err_out.str(),
      MatchesRegex(
          "E[0-9]{4} [0-9:.]{15} +[0-9]+ portforward.cc:42\\] refused\n"));
}

}  // namespace
}  // namespace fairway::portforward
