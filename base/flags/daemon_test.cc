// SPDX-License-Identifier: Apache-2.0
#include "base/flags/daemon.h"

#include <gflags/gflags.h>
#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"

DEFINE_int32(test_port, 10250, "where it listens");
DEFINE_string(test_file, "", "what it reads");
DEFINE_bool(test_switch, false, "whether it does");

namespace fairway {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

TEST(ParseFlagsTest, TakesDashesInEitherForm) {
  EXPECT_THAT(ParseFlags({"--test-port=1", "--test-file", "x y", "-v", "3",
                          "--test-switch"}),
              IsOk());
  EXPECT_EQ(FLAGS_test_port, 1);
  EXPECT_EQ(FLAGS_test_file, "x y");
  EXPECT_TRUE(FLAGS_test_switch);
  EXPECT_THAT(ParseFlags({"--test-switch=false"}), IsOk());
  EXPECT_FALSE(FLAGS_test_switch);
}

struct BadCase {
  std::vector<std::string> args;
  std::string want;
};

class ParseFlagsErrorTest : public ::testing::TestWithParam<BadCase> {};

TEST_P(ParseFlagsErrorTest, NamesTheFlag) {
  EXPECT_THAT(ParseFlags(GetParam().args),
              StatusIs(StatusCode::kInvalidArgument, GetParam().want));
}

INSTANTIATE_TEST_SUITE_P(
    All, ParseFlagsErrorTest,
    ::testing::Values(
        BadCase{{"--nope"}, "unknown flag: --nope"},
        BadCase{{"--logtostderr"}, "unknown flag: --logtostderr"},
        BadCase{{"-x"}, "unknown shorthand flag: 'x' in -x"},
        BadCase{{"serve"}, "unknown command \"serve\""},
        BadCase{{"--test-file"}, "flag needs an argument: --test-file"},
        BadCase{{"--test-port=many"},
                "invalid argument \"many\" for \"--test-port\" flag"}));

TEST(FlagsHelpTest, ListsOurFlagsOnly) {
  const std::string help = FlagsHelp("kubelet", "Runs pods.");
  EXPECT_THAT(help, HasSubstr("--test-port int"));
  EXPECT_THAT(help, HasSubstr("(default 10250)"));
  EXPECT_THAT(help, ::testing::Not(HasSubstr("logtostderr")));
}

TEST(ParseDurationFlagTest, NamesTheFlagAndWhatIsWrong) {
  absl::Duration duration;
  EXPECT_THAT(
      ParseDurationFlag("grace", "1m5s", absl::ZeroDuration(), &duration),
      IsOk());
  EXPECT_EQ(duration, absl::Seconds(65));
  EXPECT_EQ(
      ParseDurationFlag("grace", "soon", absl::ZeroDuration(), &duration),
      absl::InvalidArgumentError("invalid argument \"soon\" for \"--grace\" "
                                 "flag: time: invalid duration \"soon\""));
  EXPECT_EQ(
      ParseDurationFlag("grace", "-1s", absl::ZeroDuration(), &duration),
      absl::InvalidArgumentError(
          "invalid argument \"-1s\" for \"--grace\" flag: want at least 0"));
}

TEST(ReadFlagFileTest, NamesFlagAndFile) {
  std::string text;
  EXPECT_THAT(ReadFlagFile("tls-cert-file", "/no/such", &text),
              StatusIs(StatusCode::kInvalidArgument,
                       "--tls-cert-file: open /no/such: no such file or "
                       "directory"));
}

TEST(NameFlagFilesTest, NamesAllThatAreGiven) {
  const std::vector<FlagFile> files = {{"a", "/x"}, {"b", ""}, {"c", "/y"}};
  EXPECT_THAT(NameFlagFiles(files, absl::InvalidArgumentError("no key")),
              StatusIs(StatusCode::kInvalidArgument, "--a /x, --c /y: no key"));
  EXPECT_THAT(NameFlagFiles(files, absl::OkStatus()), IsOk());
}

}  // namespace
}  // namespace fairway
