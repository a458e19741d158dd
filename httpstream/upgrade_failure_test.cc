// SPDX-License-Identifier: Apache-2.0
// Mirrors: TestIsUpgradeFailureError of k8s.io/apimachinery/pkg/util/httpstream
// (v0.31.0)
#include "httpstream/upgrade_failure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/deadline.h"
#include "base/task/testing/run_test.h"

namespace fairway::httpstream {
namespace {

using absl::StatusCode;

// Its text, then the end, an error or nothing more.
struct Script {
  std::string text;
  absl::Status end;
  bool stalls = false;
};

class ScriptedBody final : public net::http::BodyReader {
 public:
  explicit ScriptedBody(Script script) : script_(std::move(script)) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    const size_t n = std::min(buf.size(), script_.text.size() - at_);
    std::copy_n(script_.text.data() + at_, n, buf.data());
    at_ += n;
    if (n > 0) co_return n;
    if (script_.stalls) {
      absl::Status slept = co_await Sleep(absl::InfiniteDuration());
      co_return slept;
    }
    if (!script_.end.ok()) co_return script_.end;
    co_return size_t{0};
  }

 private:
  const Script script_;
  size_t at_ = 0;
};

Refusal Read(int status, Script script,
             absl::Duration timeout = absl::Seconds(5)) {
  Refusal refusal;
  RunTest([&](Executor) -> Task<absl::Status> {
    net::http::Response response;
    response.status = status;
    response.body = std::make_unique<ScriptedBody>(std::move(script));
    refusal = co_await ReadRefusal(response, timeout);
    co_return absl::OkStatus();
  });
  return refusal;
}

TEST(ReadRefusalTest, TheBodyIsTextWithoutTheSpaceAroundIt) {
  const Refusal refusal = Read(404, {" pod does not exist \n"});
  EXPECT_EQ(refusal.kind, Refusal::Kind::kText);
  EXPECT_EQ(refusal.text, "pod does not exist");
  EXPECT_EQ(refusal.code, StatusCode::kNotFound);
  EXPECT_THAT(refusal.ToStatus("no: x"),
              StatusIs(StatusCode::kNotFound, "no: x"));
  EXPECT_FALSE(IsServerStatus(refusal.ToStatus("no: x")));
}

TEST(ReadRefusalTest, AStatusIsItsMessage) {
  const Refusal refusal =
      Read(403, {R"({"kind":"Status","message":"is forbidden"})"});
  EXPECT_EQ(refusal.kind, Refusal::Kind::kStatus);
  EXPECT_EQ(refusal.text, "is forbidden");
  EXPECT_TRUE(IsServerStatus(refusal.ToStatus("x")));
}

TEST(ReadRefusalTest, WhatIsNoStatusIsText) {
  for (const char* body :
       {R"({"kind":"Pod","message":"m"})", R"({"kind":"Status"})",
        R"({"kind":7,"message":"m"})", R"({"kind":"Status","message":{}})",
        R"(["Status"])", R"({"kind":"Status","message":"m")", "\"Status\"",
        R"({"kind":"Status","message":""})"}) {
    const Refusal refusal = Read(500, {body});
    EXPECT_EQ(refusal.kind, Refusal::Kind::kText) << body;
    EXPECT_EQ(refusal.text, body);
  }
}

TEST(ReadRefusalTest, AStatusBelow400IsUnavailable) {
  EXPECT_EQ(Read(200, {""}).code, StatusCode::kUnavailable);
  EXPECT_EQ(Read(302, {""}).code, StatusCode::kUnavailable);
}

TEST(ReadRefusalTest, ABodyThatBreaksStallsOrSwellsIsUnreadable) {
  const std::string unreadable = "unable to read error from server response";
  Refusal refusal = Read(500, {"half", absl::UnavailableError("EOF")});
  EXPECT_EQ(refusal.kind, Refusal::Kind::kUnreadable);
  EXPECT_EQ(refusal.text, unreadable);
  refusal = Read(500, {"half", absl::OkStatus(), /*stalls=*/true},
                 absl::Milliseconds(20));
  EXPECT_EQ(refusal.text, unreadable);
  refusal = Read(500, {std::string(64 * 1024 + 1, 'x')});
  EXPECT_EQ(refusal.text, unreadable);
  EXPECT_EQ(refusal.code, StatusCode::kInternal);
  EXPECT_EQ(Read(500, {std::string(64 * 1024, 'x')}).kind,
            Refusal::Kind::kText);
}

TEST(UpgradeFailureTest, IsKnownByMoreThanItsWords) {
  const absl::Status failure =
      UpgradeFailureError(absl::PermissionDeniedError("bad handshake"));
  EXPECT_THAT(failure,
              StatusIs(StatusCode::kPermissionDenied,
                       "unable to upgrade streaming request: bad handshake"));
  EXPECT_TRUE(IsUpgradeFailure(failure));
  EXPECT_FALSE(IsUpgradeFailure(absl::OkStatus()));
  EXPECT_FALSE(
      IsUpgradeFailure(absl::PermissionDeniedError(failure.message())));
  EXPECT_FALSE(IsServerStatus(failure));
}

TEST(UpgradeFailureTest, KeepsThatTheServerHasSpoken) {
  Refusal refusal;
  refusal.kind = Refusal::Kind::kStatus;
  EXPECT_TRUE(IsServerStatus(UpgradeFailureError(refusal.ToStatus("x"))));
}

}  // namespace
}  // namespace fairway::httpstream
