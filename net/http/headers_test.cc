// SPDX-License-Identifier: Apache-2.0
#include "net/http/headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace fairway::net::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<Headers::Field> Fields(const Headers& headers) {
  return {headers.begin(), headers.end()};
}

TEST(HeadersTest, NamesCompareWithoutCaseAndKeepTheirOrder) {
  Headers headers = {{"B", "1"}, {"a", "2"}, {"b", "3"}};
  EXPECT_EQ(headers.Get("b"), "1");
  EXPECT_THAT(headers.Values("B"), ElementsAre("1", "3"));
  EXPECT_TRUE(headers.Has("A"));
  EXPECT_EQ(headers.Get("c"), "");
  EXPECT_THAT(headers.Values("c"), IsEmpty());
  headers.Add("C", "4");
  EXPECT_THAT(Fields(headers), ElementsAre(Pair("B", "1"), Pair("a", "2"),
                                           Pair("b", "3"), Pair("C", "4")));
}

TEST(HeadersTest, SetReplacesAllOfThatName) {
  Headers headers = {{"X", "1"}, {"Y", "2"}, {"x", "3"}};
  headers.Set("x", headers.Get("Y"));
  EXPECT_THAT(Fields(headers), ElementsAre(Pair("x", "2"), Pair("Y", "2")));
  headers.Set("Z", "4");
  headers.Remove("X");
  EXPECT_THAT(Fields(headers), ElementsAre(Pair("Y", "2"), Pair("Z", "4")));
  headers.Remove(headers.begin()->first);
  EXPECT_EQ(headers.size(), 1u);
}

TEST(HeadersTest, FindsTokensInLists) {
  Headers headers = {{"Connection", "keep-alive, Upgrade"},
                     {"Connection", "x"}};
  EXPECT_TRUE(headers.HasToken("connection", "upgrade"));
  EXPECT_TRUE(headers.HasToken("connection", "X"));
  EXPECT_FALSE(headers.HasToken("connection", "keep"));
  EXPECT_FALSE(headers.HasToken("upgrade", "x"));
}

TEST(IsValidHeaderTest, RefusesWhatWouldBreakAMessage) {
  EXPECT_TRUE(IsValidHeader("X-A_1", "any text \t\xff"));
  EXPECT_TRUE(IsValidHeader("x", ""));
  EXPECT_FALSE(IsValidHeader("", "a"));
  EXPECT_FALSE(IsValidHeader("a b", "c"));
  EXPECT_FALSE(IsValidHeader("a:", "c"));
  EXPECT_FALSE(IsValidHeader("a", "b\rc"));
  EXPECT_FALSE(IsValidHeader("a", "b\nc"));
  EXPECT_FALSE(IsValidHeader("a", absl::string_view("b\0c", 3)));
}

}  // namespace
}  // namespace fairway::net::http
