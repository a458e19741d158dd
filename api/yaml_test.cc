// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "api/object.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct ScalarCase {
  const char* yaml;
  const char* json;
};

class YamlScalarTest : public ::testing::TestWithParam<ScalarCase> {};

TEST_P(YamlScalarTest, IsReadAsKubernetesDoes) {
  absl::StatusOr<std::string> json =
      YamlToJson(absl::StrCat("a: ", GetParam().yaml, "\n"));
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(*json, absl::StrCat("{\"a\":", GetParam().json, "}"));
}

INSTANTIATE_TEST_SUITE_P(
    Table, YamlScalarTest,
    ::testing::Values(
        ScalarCase{"", "null"}, ScalarCase{"~", "null"},
        ScalarCase{"null", "null"}, ScalarCase{"\"null\"", "\"null\""},
        ScalarCase{"true", "true"}, ScalarCase{"Yes", "true"},
        ScalarCase{"on", "true"}, ScalarCase{"y", "true"},
        ScalarCase{"off", "false"}, ScalarCase{"N", "false"},
        ScalarCase{"'yes'", "\"yes\""}, ScalarCase{"tRUE", "\"tRUE\""},
        ScalarCase{"5", "5"}, ScalarCase{"\"5\"", "\"5\""},
        ScalarCase{"-17", "-17"}, ScalarCase{"+3", "3"},
        ScalarCase{"0644", "420"}, ScalarCase{"0x1F", "31"},
        ScalarCase{"0b11", "3"}, ScalarCase{"0o17", "15"},
        ScalarCase{"09", "9"}, ScalarCase{"1_000", "1000"},
        ScalarCase{"18446744073709551615", "18446744073709551615"},
        ScalarCase{"-9223372036854775808", "-9223372036854775808"},
        ScalarCase{"1.5", "1.5"}, ScalarCase{"1.0", "1"},
        ScalarCase{".5", "0.5"}, ScalarCase{"1e3", "1000"},
        ScalarCase{"1e", "\"1e\""}, ScalarCase{"1.2.3", "\"1.2.3\""},
        ScalarCase{"100m", "\"100m\""}, ScalarCase{"8080:80", "\"8080:80\""},
        ScalarCase{"2021-01-14", "\"2021-01-14\""},
        ScalarCase{"!!str 5", "\"5\""}, ScalarCase{"!!int \"5\"", "5"},
        ScalarCase{"!!binary aGk=", "\"hi\""}, ScalarCase{"!own 5", "\"5\""},
        ScalarCase{"[]", "[]"}, ScalarCase{"{}", "{}"},
        ScalarCase{"\"a\\u00e9\"", "\"a\xc3\xa9\""},
        ScalarCase{"|\n  x\n  y", "\"x\\ny\\n\""}));

TEST(YamlTest, KeysBecomeStrings) {
  absl::StatusOr<std::string> json =
      YamlToJson("1: a\ntrue: b\n1.5: c\n\"x\": d\n");
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(*json, R"({"1":"a","1.5":"c","true":"b","x":"d"})");
}

TEST(YamlTest, LaterKeyWins) {
  absl::StatusOr<std::string> json = YamlToJson("a: 1\na: 2\n");
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(*json, R"({"a":2})");
}

TEST(YamlTest, AliasesAndMergeKeysAreResolved) {
  absl::StatusOr<std::string> json = YamlToJson(
      "base: &b {x: 1, w: 2}\n"
      "copy: *b\n"
      "own:\n  w: 3\n  <<: *b\n"
      "list:\n  <<: [*b, {x: 9, z: 4}]\n"
      "text: \"<<\"\n");
  ASSERT_THAT(json, IsOk());
  EXPECT_EQ(*json,
            R"({"base":{"w":2,"x":1},"copy":{"w":2,"x":1},)"
            R"("list":{"w":2,"x":1,"z":4},"own":{"w":3,"x":1},"text":"<<"})");
}

TEST(YamlTest, BillionLaughsIsRefused) {
  std::string yaml = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string last = absl::StrCat("*a", i - 1);
    absl::StrAppend(&yaml, "a", i, ": &a", i, " [", last);
    for (int k = 0; k < 8; ++k) absl::StrAppend(&yaml, ", ", last);
    absl::StrAppend(&yaml, "]\n");
  }
  EXPECT_THAT(YamlToJson(yaml), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("excessive")));
}

TEST(YamlTest, RepeatedLongStringIsRefused) {
  std::string yaml =
      absl::StrCat("a: &a ", std::string(1 << 20, 'x'), "\nb:\n");
  for (int i = 0; i < 10000; ++i) absl::StrAppend(&yaml, "- *a\n");
  EXPECT_THAT(YamlToJson(yaml), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("excessive")));
}

TEST(YamlTest, AliasInsideItselfIsRefused) {
  EXPECT_THAT(YamlToJson("a: &x [*x]\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("contains itself")));
}

TEST(YamlTest, NestedAliasesAreNoDeeperThanJson) {
  std::string yaml = "a0: &a0 [1]\n";
  for (int i = 1; i < 400; ++i) {
    absl::StrAppend(&yaml, "a", i, ": &a", i, " [*a", i - 1, "]\n");
  }
  EXPECT_THAT(YamlToJson(yaml), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(YamlTest, DeepNestingIsRefused) {
  for (const char* open : {"[", "- ", "{a: ", "? "}) {
    std::string yaml;
    for (int i = 0; i < 100000; ++i) yaml += open;
    EXPECT_THAT(YamlToJson(yaml), StatusIs(absl::StatusCode::kInvalidArgument))
        << open;
  }
}

TEST(YamlTest, ErrorsNameLineAndColumn) {
  EXPECT_THAT(YamlToJson("a: 1\nb: c: d\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("yaml: line 2, column 5: ")));
  EXPECT_THAT(YamlToJson("a: .inf\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("line 1, column 4")));
  EXPECT_THAT(YamlToJson("a: *b\n"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(YamlToJson("{a: b}: c\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("a key must be a scalar")));
}

TEST(ManifestsTest, SplitsDocumentsAndSkipsEmptyOnes) {
  absl::StatusOr<std::vector<std::string>> manifests =
      ManifestsToJson("---\n# only a comment\n---\na: 1\n---\n---\nb: 2\n");
  ASSERT_THAT(manifests, IsOk());
  EXPECT_THAT(*manifests, ElementsAre("{\"a\":1}", "{\"b\":2}"));
}

TEST(ManifestsTest, KeepsJsonAsItIsWritten) {
  absl::StatusOr<std::vector<std::string>> manifests = ManifestsToJson(
      "\n{\"b\": \"\\ud83d\\ude00}\", \"a\":1.0}\n {\"c\":[]} ");
  ASSERT_THAT(manifests, IsOk());
  EXPECT_THAT(*manifests, ElementsAre("{\"b\": \"\\ud83d\\ude00}\", \"a\":1.0}",
                                      "{\"c\":[]}"));
}

TEST(ManifestsTest, BadJsonIsRefused) {
  for (const char* text : {"{", "{}x", "{\"a\":}", "{} []"}) {
    EXPECT_THAT(ManifestsToJson(text),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << text;
  }
}

TEST(ManifestsTest, EmptyTextHasNoDocuments) {
  absl::StatusOr<std::vector<std::string>> manifests = ManifestsToJson("");
  ASSERT_THAT(manifests, IsOk());
  EXPECT_THAT(*manifests, ElementsAre());
}

TEST(JsonToYamlTest, WritesAsKubectlDoes) {
  absl::StatusOr<std::string> yaml = JsonToYaml(
      R"({"kind":"Pod","a":[{"z":2,"x":[1,[2]]},"s",{}],"e":{},"n":null,)"
      R"("created":"2021-01-14T09:00:00Z","bool":"true","num":"5","f":1.5,)"
      R"("text":"one\ntwo\n","odd":"a: b","empty":"","tab":"a\tb"})");
  ASSERT_THAT(yaml, IsOk());
  EXPECT_EQ(*yaml,
            "a:\n"
            "- x:\n"
            "  - 1\n"
            "  - - 2\n"
            "  z: 2\n"
            "- s\n"
            "- {}\n"
            "bool: \"true\"\n"
            "created: \"2021-01-14T09:00:00Z\"\n"
            "e: {}\n"
            "empty: \"\"\n"
            "f: 1.5\n"
            "kind: Pod\n"
            "\"n\": null\n"
            "num: \"5\"\n"
            "odd: 'a: b'\n"
            "tab: \"a\\tb\"\n"
            "text: |\n"
            "  one\n"
            "  two\n");
}

TEST(JsonToYamlTest, WhatIsWrittenReadsBackTheSame) {
  for (const char* text :
       {"-",      "- a",     "-a",          ":",        "?x",   "#x",
        "a #b",   "a:",      "a: b",        " a",       "a ",   "'q'",
        "\"q\"",  "*a",      "&a",          "!a",       "%a",   "@a",
        "`a",     "<<",      "=",           "~",        "yes",  "0x10",
        "1_0",    "1:30",    "a\\nb\\n\\n", "a\\n\\nb", "\\na", "  a\\nb",
        "a \\nb", "\\u0001", "\xc3\xa9",    "---",      "...",  "--- a",
        "{a}",    "[a]",     "a, b",        "|",        ">",    "1e5",
        ".nan",   "2021-1-1"}) {
    const std::string json =
        absl::StrCat(R"({"k":[")", text, R"("],")", text, R"(":1})");
    const std::string plain = absl::StrCat(R"({"k":")", text, R"("})");
    for (const std::string& document : {json, plain}) {
      absl::StatusOr<std::string> yaml = JsonToYaml(document);
      if (!yaml.ok()) {
        // The test's own quoting made it no JSON.
        EXPECT_THAT(text, HasSubstr("\""));
        continue;
      }
      absl::StatusOr<std::string> again = YamlToJson(*yaml);
      ASSERT_THAT(again, IsOk()) << *yaml;
      absl::StatusOr<std::string> twice = JsonToYaml(*again);
      ASSERT_THAT(twice, IsOk());
      EXPECT_EQ(*twice, *yaml) << document;
      absl::StatusOr<std::string> sorted = YamlToJson(document);
      if (sorted.ok()) {
        EXPECT_EQ(*again, *sorted) << *yaml;
      }
    }
  }
}

}  // namespace
}  // namespace fairway::api
