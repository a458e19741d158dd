// SPDX-License-Identifier: Apache-2.0
#include "net/grpc/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"
#include "net/grpc/error_string.h"

namespace fairway::net::grpc {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::Pair;

TEST(WireTest, PrefixIsAZeroAndABigEndianLength) {
  EXPECT_EQ(MessagePrefix(0), std::string("\0\0\0\0\0", 5));
  EXPECT_EQ(MessagePrefix(0x01020304), std::string("\0\1\2\3\4", 5));
}

TEST(WireTest, TimeoutTakesTheFinestUnitThatFits) {
  EXPECT_EQ(FormatTimeout(absl::InfiniteDuration()), "");
  EXPECT_EQ(FormatTimeout(absl::ZeroDuration()), "0n");
  EXPECT_EQ(FormatTimeout(-absl::Seconds(1)), "0n");
  EXPECT_EQ(FormatTimeout(absl::Nanoseconds(99999999)), "99999999n");
  EXPECT_EQ(FormatTimeout(absl::Nanoseconds(100000001)), "100001u");
  EXPECT_EQ(FormatTimeout(absl::Seconds(20)), "20000000u");
  EXPECT_EQ(FormatTimeout(absl::Minutes(2)), "120000m");
  EXPECT_EQ(FormatTimeout(absl::Hours(24 * 365 * 10)), "5256000M");
  EXPECT_EQ(FormatTimeout(absl::Hours(1000000000)), "99999999H");
}

TEST(WireTest, TimeoutIsReadInEveryUnit) {
  EXPECT_EQ(*ParseTimeout("7n"), absl::Nanoseconds(7));
  EXPECT_EQ(*ParseTimeout("7u"), absl::Microseconds(7));
  EXPECT_EQ(*ParseTimeout("7m"), absl::Milliseconds(7));
  EXPECT_EQ(*ParseTimeout("7S"), absl::Seconds(7));
  EXPECT_EQ(*ParseTimeout("7M"), absl::Minutes(7));
  EXPECT_EQ(*ParseTimeout("99999999H"), absl::Hours(99999999));
  for (const char* bad :
       {"", "S", "7", "7s", "-7S", "+7S", " 7S", "7 S", "7.5S", "123456789S"}) {
    EXPECT_THAT(ParseTimeout(bad), StatusIs(StatusCode::kInvalidArgument))
        << bad;
  }
}

TEST(WireTest, MessageSurvivesPercentEncoding) {
  EXPECT_EQ(PercentEncode("50% of \"x\"\n"), "50%25 of \"x\"%0A");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(PercentDecode(PercentEncode(all)), all);
}

TEST(WireTest, WhatIsNoEscapeStaysAsItIs) {
  EXPECT_EQ(PercentDecode("100%"), "100%");
  EXPECT_EQ(PercentDecode("%4"), "%4");
  EXPECT_EQ(PercentDecode("%zz%41"), "%zzA");
}

TEST(WireTest, StatusSurvivesItsFields) {
  const absl::Status sent = absl::NotFoundError("pod \"ü\" not found");
  EXPECT_THAT(StatusFields(sent),
              ElementsAre(Pair("grpc-status", "5"),
                          Pair("grpc-message", "pod \"%C3%BC\" not found")));
  absl::Status got;
  ASSERT_TRUE(FindStatus(StatusFields(sent), got));
  EXPECT_EQ(got, sent);
  ASSERT_TRUE(FindStatus(StatusFields(absl::OkStatus()), got));
  EXPECT_THAT(got, IsOk());
}

TEST(WireTest, StatusOutOfRangeIsUnknown) {
  for (const char* code : {"17", "-1", "x", "99999999999"}) {
    absl::Status got;
    ASSERT_TRUE(FindStatus({{"grpc-status", code}}, got));
    EXPECT_THAT(got, StatusIs(StatusCode::kUnknown)) << code;
  }
  absl::Status got;
  EXPECT_FALSE(FindStatus({{"grpc-message", "x"}}, got));
}

TEST(WireTest, ErrorStringIsThatOfGo) {
  EXPECT_EQ(ErrorString(absl::NotFoundError("no such pod")),
            "rpc error: code = NotFound desc = no such pod");
  EXPECT_EQ(ErrorString(absl::UnauthenticatedError("who")),
            "rpc error: code = Unauthenticated desc = who");
  EXPECT_EQ(ErrorString(absl::Status(static_cast<StatusCode>(99), "odd")),
            "rpc error: code = Unknown desc = odd");
}

}  // namespace
}  // namespace fairway::net::grpc
