// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/forwards_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::cmd {
namespace {

std::string ToText(const ForwardSpec& forward) {
  return absl::StrCat(forward.name, "|", forward.target, "|",
                      forward.namespace_, "|", forward.context, "|",
                      absl::StrJoin(forward.ports, ","), "|",
                      absl::StrJoin(forward.addresses, ","), "|", forward.pods);
}

TEST(ForwardsFileTest, YamlAndJsonSayTheSame) {
  const std::vector<std::string> texts = {
      "forwards:\n"
      "- target: svc/web\n"
      "  ports: [8080:80, ':https', 5000]\n"
      "  name: shop\n"
      "  namespace: ns\n"
      "  context: c\n"
      "  addresses: [localhost, 10.0.0.1]\n"
      "  pods: round-robin\n"
      "- {target: db-0, ports: ['unix:/run/db.sock:5432'], name: ~}\n",
      "forwards:\n"
      "- {target: svc/web, ports: [8080:80, ':https', 5000], name: shop, "
      "namespace: ns, context: c, addresses: [localhost, 10.0.0.1], pods: "
      "round-robin}\n"
      "---\n"
      "forwards: [{target: db-0, ports: ['unix:/run/db.sock:5432']}]\n",
      R"({"forwards": [
        {"target": "svc/web", "ports": ["8080:80", ":https", 5000],
         "name": "shop", "namespace": "ns", "context": "c",
         "addresses": ["localhost", "10.0.0.1"], "pods": "round-robin"},
        {"target": "db-0", "ports": ["unix:/run/db.sock:5432"]}]})"};
  for (const std::string& text : texts) {
    absl::StatusOr<std::vector<ForwardSpec>> forwards =
        ForwardsOfFile({"f", text});
    ASSERT_THAT(forwards, IsOk()) << text;
    ASSERT_EQ(forwards->size(), 2u);
    EXPECT_EQ(ToText((*forwards)[0]),
              "shop|svc/web|ns|c|8080:80,:https,5000|localhost,10.0.0.1|"
              "round-robin");
    EXPECT_EQ(ToText((*forwards)[1]), "|db-0|||unix:/run/db.sock:5432||");
  }
}

TEST(ForwardsFileTest, EmptyFilesHoldNoForward) {
  for (const char* text : {"", "# nothing\n", "forwards: []\n"}) {
    absl::StatusOr<std::vector<ForwardSpec>> forwards =
        ForwardsOfFile({"f", text});
    ASSERT_THAT(forwards, IsOk()) << text;
    EXPECT_TRUE(forwards->empty());
  }
}

struct FaultCase {
  const char* text;
  const char* want;  // behind "error parsing f.yaml: "
};

TEST(ForwardsFileTest, FaultsNameTheirPlace) {
  const std::vector<FaultCase> cases = {
      {"forwards:\n- {target: a, ports: [1]}\n- {target: b, prots: [1]}\n",
       "unknown field \"forwards[1].prots\""},
      {"kind: Pod\nforwards: []\n", "unknown field \"kind\""},
      {"- target: a\n", "want an object with \"forwards\""},
      {"{}\n", "forwards: required"},
      {"forwards: {target: a}\n", "forwards: want a list"},
      {"forwards: [a]\n", "forwards[0]: want an object"},
      {"forwards: [{ports: [1]}]\n", "forwards[0].target: required"},
      {"forwards: [{target: a}]\n", "forwards[0].ports: required"},
      {"forwards: [{target: a, ports: []}]\n",
       "forwards[0].ports: want a list that is not empty"},
      {"forwards: [{target: a, ports: 80}]\n",
       "forwards[0].ports: want a list that is not empty"},
      {"forwards: [{target: a, ports: [1, {}]}]\n",
       "forwards[0].ports[1]: want a text that is not empty"},
      {"forwards: [{target: a, ports: [-1]}]\n",
       "forwards[0].ports[0]: want a text that is not empty"},
      {"forwards: [{target: '', ports: [1]}]\n",
       "forwards[0].target: want a text that is not empty"},
      {"forwards: [{target: a, ports: [1], name: \"a\\e[2J\"}]\n",
       "forwards[0].name: want a text without control characters"},
      {"forwards: [{target: a, ports: [1], context: [x]}]\n",
       "forwards[0].context: want a text that is not empty"},
      {"forwards:\n- target: a\n  ports: [1\n",
       "error converting YAML to JSON: yaml: line 4, column 1: end of sequence "
       "flow not found"},
      {"{\"forwards\": [", "unexpected EOF"},
  };
  for (const FaultCase& c : cases) {
    EXPECT_THAT(ForwardsOfFile({"f.yaml", c.text}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         absl::StrCat("error parsing f.yaml: ", c.want)))
        << c.text;
  }
}

}  // namespace
}  // namespace fairway::cmd
