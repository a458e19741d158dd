// SPDX-License-Identifier: Apache-2.0
#include "e2e/harness/visitors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace fairway::e2e {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kOne[] = "0000000000000001";
constexpr char kOther[] = "0000000000000002";

Visit Answered(const std::string& tag, const std::string& identity) {
  Visit visit;
  visit.tag = tag;
  visit.identity = identity;
  return visit;
}

using Records = std::map<std::string, WitnessRecord>;

TEST(MisledTest, NobodyWhereEachTagIsAtThePodThatAnswered) {
  const std::vector<Visit> visits = {Answered("sa000001", kOne),
                                     Answered("sa000002", kOther),
                                     Answered("sa000003", "")};
  const Records records = {{kOne, {"solo", {"sa000001", "sb000001"}, {}}},
                           {kOther, {"solo", {"sa000002", "sa000003"}, {}}}};
  EXPECT_THAT(Misled(visits, "sa", "solo", records), IsEmpty());
}

TEST(MisledTest, EachWayToTheWrongPodIsNamed) {
  const std::vector<Visit> visits = {Answered("sa000001", kOne)};
  struct Case {
    Records records;
    std::string want;
  };
  const Case cases[] = {
      {{{kOther, {"solo", {"sa000001"}, {}}}}, "answered by"},
      {{{kOne, {"solo", {}, {}}}}, "answered by"},
      {{{kOne, {"web-0", {"sa000001"}, {}}}}, "sa000001 at web-0"},
      {{{kOne, {"solo", {"sa000001", "sa000001"}, {}}}}, "at two"},
      {{{kOne, {"solo", {"sa000001"}, {}}},
        {kOther, {"solo", {"sa000001"}, {}}}},
       "at two"},
      {{{kOne, {"solo", {"sa000001", "sa000009"}, {}}}}, "nobody sent that"},
      {{{kOne, {"solo", {"sa000001"}, {"WRONG record"}}}}, "WRONG record"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(Misled(visits, "sa", "solo", c.records),
                ElementsAre(HasSubstr(c.want)));
  }
}

TEST(MisledTest, AnAnswerOfAnotherIsNamed) {
  std::vector<Visit> visits = {Answered("sa000001", kOne)};
  visits[0].wrong = "other answers than his";
  const Records records = {{kOne, {"solo", {"sa000001"}, {}}}};
  EXPECT_THAT(Misled(visits, "sa", "solo", records),
              ElementsAre("sa000001: other answers than his"));
}

}  // namespace
}  // namespace fairway::e2e
