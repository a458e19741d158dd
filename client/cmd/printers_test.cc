// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/printers.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace fairway::cmd {
namespace {

using nlohmann::json;

const absl::Time kNow = absl::FromUnixSeconds(1600000005);

constexpr char kTable[] =
    R"({"kind":"Table","columnDefinitions":[{"name":"Name","priority":0},)"
    R"({"name":"Up-to-date","priority":0},{"name":"Selector","priority":1}],)"
    R"("rows":[{"cells":["web",3,"app=web"],"object":{"metadata":)"
    R"({"namespace":"ns1"}}},{"cells":["db",null,"a\nb"],"object":null}]})";

std::string Printed(const std::vector<std::string>& answers,
                    const TableOptions& options) {
  std::vector<json> parsed;
  for (const std::string& answer : answers) {
    parsed.push_back(json::parse(answer));
  }
  return FormatTable(TableRows(parsed, options, kNow));
}

TEST(TableRowsTest, ShowWhatTheServersTableHas) {
  TableOptions options;
  EXPECT_EQ(Printed({kTable}, options),
            "NAME   UP-TO-DATE\nweb    3\ndb     \n");
  options.width = TableWidth::kWide;
  options.with_namespace = true;
  EXPECT_EQ(Printed({kTable}, options),
            "NAMESPACE   NAME   UP-TO-DATE   SELECTOR\n"
            "ns1         web    3            app=web\n"
            "            db                  a...\n");
}

TEST(TableRowsTest, HaveOneHeaderForAllAnswers) {
  TableOptions options;
  EXPECT_EQ(Printed({kTable, kTable}, options),
            "NAME   UP-TO-DATE\nweb    3\ndb     \nweb    3\ndb     \n");
  options.no_headers = true;
  EXPECT_EQ(Printed({kTable}, options), "web   3\ndb    \n");
}

TEST(TableRowsTest, ObjectsThatAreNoTableHaveNameAndAge) {
  EXPECT_EQ(Printed({R"({"kind":"FooList","items":[{"metadata":{"name":"a",)"
                     R"("creationTimestamp":"2020-09-13T12:26:40Z"}},)"
                     R"({"metadata":{"name":"b"}}]})",
                     R"({"kind":"Foo","metadata":{"name":"c"}})"},
                    {}),
            "NAME   AGE\na      5s\nb      <unknown>\nc      <unknown>\n");
}

TEST(TableRowsTest, NothingHasNoHeader) {
  EXPECT_EQ(Printed({R"({"kind":"Table","columnDefinitions":[{"name":"Name",)"
                     R"("priority":0}],"rows":[]})",
                     R"({"kind":"PodList","items":[]})"},
                    {}),
            "");
}

TEST(TableRowsTest, NonsenseOfAServerDoesNoHarm) {
  const std::pair<const char*, const char*> cases[] = {
      {"1", ""},
      {"[]", ""},
      {R"({"kind":1})", "NAME   AGE\n       <unknown>\n"},
      {R"({"kind":"Table"})", ""},
      {R"({"kind":"Table","columnDefinitions":[1,null],"rows":[1,{}]})",
       "\n\n\n"},
      {R"({"kind":"Table","columnDefinitions":[{"name":2,"priority":0}],)"
       R"("rows":[{"cells":[[1],2],"object":3}]})",
       "2\n[1]\n"},
      {R"({"items":[1,null,{"metadata":[]}]})",
       "NAME   AGE\n       <unknown>\n"},
      {R"({"kind":"Table","columnDefinitions":[{"name":"A","priority":0}],)"
       R"("rows":[{"cells":["\u001b[31m"]}]})",
       "A\n?[31m\n"}};
  for (const auto& [answer, want] : cases) {
    EXPECT_EQ(Printed({answer}, {}), want) << answer;
  }
}

}  // namespace
}  // namespace fairway::cmd
