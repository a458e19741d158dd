// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/rest/selector.h"

#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"

namespace fairway::apiserver::registry::rest {
namespace {

struct LabelCase {
  const char* selector;
  bool matches;  // {"a": "1", "b": "x"}
};

class LabelSelectorTest : public ::testing::TestWithParam<LabelCase> {};

TEST_P(LabelSelectorTest, MatchesAsUpstream) {
  Json object;
  object["metadata"]["labels"]["a"] = "1";
  object["metadata"]["labels"]["b"] = "x";
  auto selector = ParseLabelSelector(GetParam().selector);
  ASSERT_THAT(selector, IsOk());
  EXPECT_EQ(MatchesLabels(*selector, object), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(
    All, LabelSelectorTest,
    ::testing::Values(
        LabelCase{"", true}, LabelCase{"a=1", true}, LabelCase{"a==1", true},
        LabelCase{"a=2", false}, LabelCase{"a!=2", true},
        LabelCase{"c!=2", true}, LabelCase{"a=1,b=x", true},
        LabelCase{"a=1,b=y", false}, LabelCase{"a in (1, 2)", true},
        LabelCase{"a in (2,3)", false}, LabelCase{"a notin (2)", true},
        LabelCase{"c notin (2)", true}, LabelCase{"c in (2)", false},
        LabelCase{"a", true}, LabelCase{"c", false}, LabelCase{"!c", true},
        LabelCase{"!a", false}, LabelCase{"a>0", true}, LabelCase{"a<1", false},
        LabelCase{"b>0", false}, LabelCase{"a=", false},
        LabelCase{" a = 1 , b in ( x ) ", true}),
    [](const auto& info) { return "Case" + std::to_string(info.index); });

TEST(LabelSelectorParseTest, RefusesWhatIsNoSelector) {
  for (const char* text : {"a in 1", "a in (1", "=x", "a=1,", "a=1 b=2", "!",
                           "a>x", "(", "a in (1))"}) {
    EXPECT_THAT(ParseLabelSelector(text),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << text;
  }
}

struct LabelSelectorCase {
  const char* selector;
  bool matches;  // {"a":"1","b":"x"}
};

class LabelSelectorAsSelectorTest
    : public ::testing::TestWithParam<LabelSelectorCase> {};

TEST_P(LabelSelectorAsSelectorTest, MeansWhatUpstreamsDoes) {
  auto selector = LabelSelectorAsSelector(Json::parse(GetParam().selector));
  ASSERT_THAT(selector, IsOk());
  const Json object =
      Json::parse(R"({"metadata":{"labels":{"a":"1","b":"x"}}})");
  EXPECT_EQ(MatchesLabels(*selector, object), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(
    All, LabelSelectorAsSelectorTest,
    ::testing::Values(
        LabelSelectorCase{"{}", true},
        LabelSelectorCase{R"({"matchLabels":{"a":"1","b":"x"}})", true},
        LabelSelectorCase{R"({"matchLabels":{"a":"1","b":"y"}})", false},
        LabelSelectorCase{R"({"matchExpressions":[
            {"key":"a","operator":"In","values":["2","1"]}]})",
                          true},
        LabelSelectorCase{R"({"matchExpressions":[
            {"key":"a","operator":"NotIn","values":["1"]}]})",
                          false},
        LabelSelectorCase{R"({"matchExpressions":[
            {"key":"c","operator":"NotIn","values":["1"]}]})",
                          true},
        LabelSelectorCase{R"({"matchExpressions":[
            {"key":"c","operator":"Exists"}]})",
                          false},
        LabelSelectorCase{R"({"matchLabels":{"a":"1"},"matchExpressions":[
            {"key":"c","operator":"DoesNotExist"}]})",
                          true}));

TEST(LabelSelectorOperatorTest, RefusesOperatorsThatThereAreNot) {
  EXPECT_THAT(LabelSelectorAsSelector(Json::parse(
                  R"({"matchExpressions":[{"key":"a","operator":"Gt"}]})")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "\"Gt\" is not a valid pod selector operator"));
}

TEST(FieldSelectorTest, ReadsOperatorsAndEscapes) {
  auto selector = ParseFieldSelector("metadata.name=a\\,b,spec.nodeName!=");
  ASSERT_THAT(selector, IsOk());
  EXPECT_TRUE(MatchesFields(
      *selector, {{"metadata.name", "a,b"}, {"spec.nodeName", "n"}}));
  EXPECT_FALSE(MatchesFields(
      *selector, {{"metadata.name", "a,b"}, {"spec.nodeName", ""}}));
  for (const char* text : {"a", "=a", "a=b,", "a=b=c", "a\\"}) {
    EXPECT_THAT(ParseFieldSelector(text),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << text;
  }
}

}  // namespace
}  // namespace fairway::apiserver::registry::rest
