// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/fallback_dialer_test.go
// (v0.31.0)
#include "client/transport/fallback_dialer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/testing/run_test.h"
#include "httpstream/upgrade_failure.h"

namespace fairway::transport {
namespace {

using absl::StatusCode;
using httpstream::Dialer;
using httpstream::Refusal;
using httpstream::UpgradeFailureError;

// Fails as told; else says its name as the protocol.
struct Script {
  std::string name;
  absl::Status status;
  int dials = 0;
};

class ScriptedDialer final : public Dialer {
 public:
  explicit ScriptedDialer(Script* script) : script_(script) {}

  Task<absl::StatusOr<Result>> Dial(
      std::vector<std::string> protocols) override {
    ++script_->dials;
    if (!script_->status.ok()) co_return script_->status;
    Result result;
    result.protocol = absl::StrCat(script_->name, " ", protocols[0]);
    co_return result;
  }

 private:
  Script* const script_;
};

struct Dialers {
  Script primary{"primary", absl::OkStatus()};
  Script secondary{"secondary", absl::OkStatus()};
  std::unique_ptr<Dialer> dialer = NewFallbackDialer(
      std::make_unique<ScriptedDialer>(&primary),
      std::make_unique<ScriptedDialer>(&secondary),
      [](const absl::Status& s) { return httpstream::IsUpgradeFailure(s); });

  absl::StatusOr<std::string> Dial() {
    absl::StatusOr<std::string> protocol = absl::UnknownError("not dialled");
    RunTest([&](Executor) -> Task<absl::Status> {
      std::vector<std::string> protocols = {"p"};
      absl::StatusOr<Dialer::Result> result =
          co_await dialer->Dial(std::move(protocols));
      if (result.ok()) {
        protocol = result->protocol;
      } else {
        protocol = result.status();
      }
      co_return absl::OkStatus();
    });
    return protocol;
  }
};

absl::Status BadHandshake() {
  return UpgradeFailureError(
      absl::InvalidArgumentError("websocket: bad handshake"));
}

absl::Status ServersOwn(absl::string_view message) {
  Refusal refusal;
  refusal.kind = Refusal::Kind::kStatus;
  refusal.code = StatusCode::kPermissionDenied;
  return refusal.ToStatus(message);
}

TEST(FallbackDialerTest, LeavesTheSecondAloneWhileTheFirstWorks) {
  Dialers dialers;
  EXPECT_EQ(dialers.Dial().value_or(""), "primary p");
  EXPECT_EQ(dialers.secondary.dials, 0);
}

TEST(FallbackDialerTest, FallsBackOnAFailedUpgradeAndStays) {
  Dialers dialers;
  dialers.primary.status = BadHandshake();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(dialers.Dial().value_or(""), "secondary p");
  }
  EXPECT_EQ(dialers.primary.dials, 1);
  EXPECT_EQ(dialers.secondary.dials, 3);
}

TEST(FallbackDialerTest, OtherErrorsAreTheFirsts) {
  Dialers dialers;
  dialers.primary.status = absl::UnavailableError("connection refused");
  EXPECT_THAT(dialers.Dial(),
              StatusIs(StatusCode::kUnavailable, "connection refused"));
  EXPECT_EQ(dialers.secondary.dials, 0);
}

// A server that restarts may refuse one upgrade of many.
TEST(FallbackDialerTest, AFirstThatHasWorkedIsTriedAgain) {
  Dialers dialers;
  EXPECT_EQ(dialers.Dial().value_or(""), "primary p");
  dialers.primary.status = BadHandshake();
  EXPECT_EQ(dialers.Dial().value_or(""), "secondary p");
  dialers.primary.status = absl::OkStatus();
  EXPECT_EQ(dialers.Dial().value_or(""), "primary p");
}

TEST(FallbackDialerTest, ASecondThatFailsIsNotStayedWith) {
  Dialers dialers;
  dialers.primary.status = BadHandshake();
  dialers.secondary.status = absl::UnavailableError("EOF");
  EXPECT_THAT(dialers.Dial(), StatusIs(StatusCode::kUnavailable, "EOF"));
  dialers.primary.status = absl::OkStatus();
  EXPECT_EQ(dialers.Dial().value_or(""), "primary p");
}

TEST(FallbackDialerTest, WhatTheServerSaidItselfIsNotHidden) {
  Dialers dialers;
  dialers.primary.status = UpgradeFailureError(ServersOwn("is forbidden"));
  dialers.secondary.status = absl::UnavailableError(
      "unable to upgrade connection: SPDY is not carried here");
  EXPECT_THAT(dialers.Dial(),
              StatusIs(StatusCode::kPermissionDenied,
                       "unable to upgrade streaming request: is forbidden"));
  dialers.secondary.status = ServersOwn("is forbidden, too");
  EXPECT_THAT(dialers.Dial(),
              StatusIs(StatusCode::kPermissionDenied, "is forbidden, too"));
}

}  // namespace
}  // namespace fairway::transport
