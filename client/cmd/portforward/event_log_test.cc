// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/event_log.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "absl/time/time.h"

namespace fairway::cmd {
namespace {

using nlohmann::json;
using portforward::ConnectionInfo;
using portforward::ConnectionSummary;
using portforward::LocalEnd;
using portforward::TargetPod;

const absl::Time kNow =
    absl::FromCivil(absl::CivilSecond(2026, 11, 23, 3, 4, 5),
                    absl::UTCTimeZone()) +
    absl::Milliseconds(67);

// The lines that `tell` brings about.
std::string Lines(const std::function<void(EventLog&)>& tell) {
  std::ostringstream out;
  EventLog log(&out, "svc/web", [] { return kNow; });
  tell(log);
  return out.str();
}

const LocalEnd kTcp = {"127.0.0.1", 8080, "", 80, "web-1"};
const LocalEnd kUnix = {"", 0, "/run/web.sock", 80, "web-1"};
const TargetPod kPod = {"shop", "web-1", "u-1", {80}, true};

struct EventCase {
  const char* name;
  std::function<void(EventLog&)> tell;
  json want;  // without time and forward
};

TEST(EventLogTest, EachEventIsALineOfJson) {
  const ConnectionInfo connection = {7, &kTcp};
  const ConnectionInfo unix_connection = {8, &kUnix};
  ConnectionSummary good;
  good.pod = "web-1";
  good.sent_bytes = 10;
  good.received_bytes = 5000000000;
  good.duration = absl::Microseconds(1234567);
  ConnectionSummary bad;
  bad.error = "an error occurred forwarding 8080 -> 80: \"no\"\n";
  const EventCase cases[] = {
      {"listening",
       [](EventLog& log) { log.Listening(kTcp); },
       {{"localAddress", "127.0.0.1"},
        {"localPort", 8080},
        {"remotePort", 80},
        {"pod", "web-1"}}},
      {"listening",
       [](EventLog& log) { log.Listening(kUnix); },
       {{"unixPath", "/run/web.sock"}, {"remotePort", 80}, {"pod", "web-1"}}},
      {"error",
       [](EventLog& log) { log.ListenFailed("Unable to listen"); },
       {{"message", "Unable to listen"}}},
      {"connected",
       [](EventLog& log) { log.Connected(kPod); },
       {{"pod", "web-1"}, {"namespace", "shop"}, {"podUID", "u-1"}}},
      {"reconnecting",
       [](EventLog& log) { log.Reconnecting(kPod, "pod is gone"); },
       {{"pod", "web-1"},
        {"namespace", "shop"},
        {"podUID", "u-1"},
        {"reason", "pod is gone"}}},
      {"accepted",
       [&](EventLog& log) { log.Accepted(connection); },
       {{"connection", 7},
        {"localAddress", "127.0.0.1"},
        {"localPort", 8080},
        {"remotePort", 80}}},
      {"closed",
       [&](EventLog& log) { log.Closed(connection, good); },
       {{"connection", 7},
        {"localAddress", "127.0.0.1"},
        {"localPort", 8080},
        {"remotePort", 80},
        {"pod", "web-1"},
        {"sentBytes", 10},
        {"receivedBytes", 5000000000},
        {"durationSeconds", 1.234567}}},
      {"closed",
       [&](EventLog& log) { log.Closed(unix_connection, bad); },
       {{"connection", 8},
        {"unixPath", "/run/web.sock"},
        {"remotePort", 80},
        {"sentBytes", 0},
        {"receivedBytes", 0},
        {"durationSeconds", 0.0},
        {"error", "an error occurred forwarding 8080 -> 80: \"no\""}}},
      {"error",
       [](EventLog& log) { log.Error("f.cc", 1, "accept: no"); },
       {{"message", "accept: no"}}},
      {"error",
       [](EventLog& log) { log.Failed("lost connection to pod"); },
       {{"message", "lost connection to pod"}, {"final", true}}},
  };
  for (const EventCase& c : cases) {
    const std::string lines = Lines(c.tell);
    EXPECT_EQ(lines.find('\n'), lines.size() - 1) << lines;
    json want = c.want;
    want["time"] = "2026-11-23T03:04:05.067Z";
    want["event"] = c.name;
    want["forward"] = "svc/web";
    EXPECT_EQ(json::parse(lines, nullptr, false), want) << lines;
  }
}

TEST(EventLogTest, FirstFieldsComeFirst) {
  EXPECT_EQ(Lines([](EventLog& log) { log.Connected(kPod); }),
            "{\"time\":\"2026-11-23T03:04:05.067Z\",\"event\":\"connected\","
            "\"forward\":\"svc/web\",\"pod\":\"web-1\",\"namespace\":\"shop\","
            "\"podUID\":\"u-1\"}\n");
}

TEST(EventLogTest, NoTextMakesALineThatAPipeCutsInTwo) {
  // A control character takes six bytes in JSON; the last byte is no UTF-8.
  const std::string text = std::string(100000, '\x01') + "\xff";
  for (const std::string& line :
       {Lines([&](EventLog& log) { log.Error("", 0, text); }),
        Lines([&](EventLog& log) { log.Reconnecting(kPod, text); }),
        Lines([&](EventLog& log) {
          log.Failed(std::string(1023, 'x') + "\xc3\xa4");
        })}) {
    EXPECT_LE(line.size(), 4096u);
    EXPECT_FALSE(json::parse(line, nullptr, false).is_discarded()) << line;
  }
}

}  // namespace
}  // namespace fairway::cmd
