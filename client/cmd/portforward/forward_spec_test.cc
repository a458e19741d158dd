// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/forward_spec.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::cmd {
namespace {

struct ArgsCase {
  std::vector<std::string> args;
  std::string want;  // "TARGET PORT,PORT; ...", or the error
  bool ok = true;
};

constexpr char kHelp[] =
    "\nSee 'kubectl port-forward -h' for help and examples";
constexpr char kRequired[] =
    "TYPE/NAME and list of ports are required for port-forward";

TEST(ForwardsOfArgsTest, EachPartIsAForward) {
  const std::vector<ArgsCase> cases = {
      {{}, ""},
      {{"web", "80"}, "web 80; "},
      {{"svc/a", "8080:80", "8443:443", "--", "svc/b", "9090:90"},
       "svc/a 8080:80,8443:443; svc/b 9090:90; "},
      {{"a", "1", "--", "b", "2", "--", "c", "3"}, "a 1; b 2; c 3; "},
      // What pflag does with a "--" that parts nothing.
      {{"--", "pod/x", "80"}, "pod/x 80; "},
      {{"pod/x", "--", "80", "81"}, "pod/x 80,81; "},
      {{"--", "a", "1", "--", "b", "2"}, "a 1; b 2; "},
      {{"a"}, absl::StrCat(kRequired, kHelp), false},
      {{"--"}, absl::StrCat(kRequired, kHelp), false},
      {{"a", "1", "--"}, absl::StrCat("forward 2: ", kRequired, kHelp), false},
      {{"a", "1", "--", "svc/b"},
       absl::StrCat("forward 2 (svc/b): ", kRequired, kHelp),
       false},
      {{"a", "1", "--", "b", "2", "--address", "::1"},
       absl::StrCat("forward 2 (b): flags must stand before the first --: "
                    "--address",
                    kHelp),
       false},
  };
  for (const ArgsCase& c : cases) {
    absl::StatusOr<std::vector<ForwardSpec>> forwards = ForwardsOfArgs(c.args);
    const std::string typed = absl::StrJoin(c.args, " ");
    if (!c.ok) {
      EXPECT_THAT(forwards,
                  StatusIs(absl::StatusCode::kInvalidArgument, c.want))
          << typed;
      continue;
    }
    ASSERT_THAT(forwards, IsOk()) << typed;
    std::string got;
    for (const ForwardSpec& forward : *forwards) {
      absl::StrAppend(&got, forward.target, " ",
                      absl::StrJoin(forward.ports, ","), "; ");
    }
    EXPECT_EQ(got, c.want) << typed;
  }
}

std::vector<ForwardSpec> Named(const std::vector<const char*>& names,
                               const std::string& target) {
  std::vector<ForwardSpec> forwards;
  for (const char* name : names) {
    ForwardSpec forward;
    forward.name = name;
    forward.target = target;
    forwards.push_back(forward);
  }
  return forwards;
}

TEST(NameForwardsTest, NamesAreUniqueAndGivenOnesStay) {
  std::vector<ForwardSpec> forwards =
      Named({"", "db", "svc/a", "", ""}, "svc/a");
  ASSERT_THAT(NameForwards(&forwards), IsOk());
  std::vector<std::string> names;
  for (const ForwardSpec& forward : forwards) names.push_back(forward.name);
  EXPECT_EQ(names, (std::vector<std::string>{"svc/a#2", "db", "svc/a",
                                             "svc/a#3", "svc/a#4"}));
}

TEST(NameForwardsTest, ANameTwiceIsRefused) {
  std::vector<ForwardSpec> forwards = Named({"db", "db"}, "svc/a");
  EXPECT_THAT(NameForwards(&forwards),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "two forwards have the name \"db\""));
}

}  // namespace
}  // namespace fairway::cmd
