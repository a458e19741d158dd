// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/status/testing/status_matchers.h"
#include "client/cmd/help.h"
#include "client/cmd/suggestions.h"

namespace fairway::cmd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Command Leaf(std::string name) {
  Command command;
  command.name = std::move(name);
  command.run = [](Factory*, std::vector<std::string>) -> Task<absl::Status> {
    co_return absl::OkStatus();
  };
  return command;
}

// kubectl with one global flag, -n, and the commands get (-o, -w), config
// (view) and multi, which keeps each "--".
class CommandTest : public ::testing::Test {
 protected:
  CommandTest() {
    tree_.root.name = "kubectl";
    tree_.global_flags = {
        StringFlag("namespace", 'n', &namespace_, "The namespace")};
    Command get = Leaf("get");
    get.group = "Basic Commands:";
    get.short_help = "Show things";
    get.long_help = "Show things.\n\n All of them.";
    get.example = "  # All\n  kubectl get";
    get.use = "get [options]";
    get.flags = {BoolFlag("watch", 'w', &watch_, "Whether to go on"),
                 StringFlag("output", 'o', &output_, "The form"),
                 IntFlag("chunk", 0, &chunk_, "How many")};
    Command config;
    config.name = "config";
    config.group = "Other Commands:";
    config.short_help = "Read files";
    config.long_help = "Read files";
    config.use = "config SUBCOMMAND [options]";
    config.commands = {Leaf("view")};
    config.commands[0].group = "Available Commands:";
    config.commands[0].short_help = "Show it";
    Command multi = Leaf("multi");
    multi.keeps_separators = true;
    tree_.root.commands = {get, config, multi};
    tree_.root.long_help = "kubectl does it.";
    tree_.root.use = "[flags] [options]";
  }

  std::string ErrorOf(const std::vector<std::string>& args) {
    return std::string(Parse(tree_, args).status().message());
  }

  std::string namespace_;
  bool watch_ = false;
  std::string output_;
  int chunk_ = 500;
  CommandTree tree_;
};

TEST_F(CommandTest, FlagsStandAnywhereInAnyForm) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{
           {"get", "-w", "-o", "json", "-n", "a", "x", "y"},
           {"-n", "a", "get", "x", "-woy", "y", "-ojson"},
           {"-na", "-o", "json", "get", "--watch", "x", "y"},
           {"get", "x", "--namespace=a", "y", "--output", "json", "-w=true"},
           {"--namespace", "a", "get", "x", "-wo=json", "--", "y"}}) {
    namespace_ = output_ = "";
    watch_ = false;
    absl::StatusOr<Invocation> invocation = Parse(tree_, args);
    ASSERT_THAT(invocation, IsOk());
    EXPECT_EQ(invocation->path, "kubectl get");
    EXPECT_THAT(invocation->args, ElementsAre("x", "y"));
    EXPECT_FALSE(invocation->help);
    EXPECT_EQ(namespace_, "a");
    EXPECT_EQ(output_, "json");
    EXPECT_TRUE(watch_);
  }
}

TEST_F(CommandTest, AValueMayLookLikeAFlagOrACommand) {
  ASSERT_THAT(Parse(tree_, {"get", "--output", "--watch"}), IsOk());
  EXPECT_EQ(output_, "--watch");
  ASSERT_THAT(Parse(tree_, {"-n", "get", "get", "-n", "config"}), IsOk());
  EXPECT_EQ(namespace_, "config");
  ASSERT_THAT(Parse(tree_, {"get", "--output="}), IsOk());
  EXPECT_EQ(output_, "");
}

TEST_F(CommandTest, SeparatorEndsTheFlags) {
  EXPECT_THAT(Parse(tree_, {"get", "a", "--", "-w", "--", "b"})->args,
              ElementsAre("a", "-w", "--", "b"));
  EXPECT_FALSE(watch_);
  EXPECT_THAT(Parse(tree_, {"multi", "a", "--", "-w", "--", "b"})->args,
              ElementsAre("a", "--", "-w", "--", "b"));
  EXPECT_EQ(Parse(tree_, {"--", "get"})->command, &tree_.root);
}

TEST_F(CommandTest, CommandsNest) {
  absl::StatusOr<Invocation> view =
      Parse(tree_, {"config", "-n", "a", "view", "b"});
  ASSERT_THAT(view, IsOk());
  EXPECT_EQ(view->path, "kubectl config view");
  EXPECT_THAT(view->args, ElementsAre("b"));
  EXPECT_EQ(ErrorOf({"config", "view", "--watch"}),
            "Error: unknown flag: --watch\nSee 'kubectl config view --help' "
            "for usage.\n");
  EXPECT_THAT(Parse(tree_, {"config", "foo"})->args, ElementsAre("foo"));
}

TEST_F(CommandTest, HelpIsAskedForByFlag) {
  EXPECT_TRUE(Parse(tree_, {"get", "x", "-wh"})->help);
  EXPECT_FALSE(Parse(tree_, {"get", "--help=false"})->help);
  // Upstream's: before it knows the command, --help takes the next word.
  EXPECT_EQ(Parse(tree_, {"--help", "get"})->command, &tree_.root);
}

TEST_F(CommandTest, ErrorsAreOfTheFirstFlagThatIsWrong) {
  const char see[] = "\nSee 'kubectl get --help' for usage.\n";
  EXPECT_EQ(ErrorOf({"get", "--x9=1", "--chunk=a"}),
            std::string("Error: unknown flag: --x9") + see);
  EXPECT_EQ(ErrorOf({"get", "--chunk=a", "--x9=1"}),
            std::string("Error: invalid argument \"a\" for \"--chunk\" flag: "
                        "strconv.ParseInt: parsing \"a\": invalid syntax") +
                see);
  EXPECT_EQ(ErrorOf({"get", "-wzo"}),
            std::string("Error: unknown shorthand flag: 'z' in -zo") + see);
  EXPECT_EQ(ErrorOf({"get", "-wo"}),
            std::string("Error: flag needs an argument: 'o' in -o") + see);
  EXPECT_EQ(ErrorOf({"get", "---x"}),
            std::string("Error: bad flag syntax: ---x") + see);
  EXPECT_EQ(ErrorOf({"x9", "--x9"}),
            "Error: unknown command \"x9\" for \"kubectl\"\nRun 'kubectl "
            "--help' for usage.\n");
}

TEST_F(CommandTest, UnknownFlagsSuggestTheNearest) {
  const char usage[] = "\nSee 'kubectl get --help' for usage.\n";
  EXPECT_EQ(ErrorOf({"get", "--ouptut=json"}),
            std::string("Error: unknown flag: --ouptut") + usage +
                "\nDid you mean this?\n\t--output\n");
  EXPECT_EQ(ErrorOf({"get", "--Name", "x"}),
            std::string("Error: unknown flag: --Name") + usage +
                "\nDid you mean this?\n\t--namespace\n");
  EXPECT_EQ(ErrorOf({"get", "-chunk=3"}),
            std::string("Error: unknown shorthand flag: 'c' in -chunk=3") +
                usage + "\nDid you mean this?\n\t--chunk\n");
}

TEST_F(CommandTest, HelpHasUpstreamsSectionsAndLayout) {
  EXPECT_EQ(Help(tree_, tree_.root.commands[0]),
            "Show things.\n\n All of them.\n\n"
            "Examples:\n  # All\n  kubectl get\n\n"
            "Options:\n"
            "      --chunk=500: How many\n"
            "  -o, --output='': The form\n"
            "  -w, --watch=false: Whether to go on\n\n"
            "Usage:\n  kubectl get [options]\n\n"
            "Use \"kubectl options\" for a list of global command-line options "
            "(applies to all commands).\n");
  EXPECT_EQ(Help(tree_, tree_.root),
            "kubectl does it.\n\n"
            "Basic Commands:\n  get         Show things\n\n"
            "Other Commands:\n  config      Read files\n\n"
            "Usage:\n  kubectl [flags] [options]\n\n"
            "Use \"kubectl <command> --help\" for more information about a "
            "given command.\n"
            "Use \"kubectl options\" for a list of global command-line options "
            "(applies to all commands).\n");
  EXPECT_EQ(OptionsHelp(tree_),
            "The following options can be passed to any command:\n\n"
            "  -n, --namespace='': The namespace\n");
}

TEST_F(CommandTest, HelpTopicsAreCommands) {
  EXPECT_EQ(HelpFor(tree_, {}).text, Help(tree_, tree_.root));
  EXPECT_EQ(HelpFor(tree_, {"get", "pods"}).text,
            Help(tree_, tree_.root.commands[0]));
  const HelpTopic unknown = HelpFor(tree_, {"fooo"});
  EXPECT_FALSE(unknown.known);
  EXPECT_THAT(unknown.text,
              StartsWith("Unknown help topic [`fooo`]\n\n\nBasic Commands:\n"));
}

TEST(SuggestionsTest, AreNearOrBeginTheSame) {
  const std::vector<std::string> names = {"get", "delete", "port-forward"};
  EXPECT_THAT(Suggestions("GTE", names, 2), ElementsAre("get"));
  EXPECT_THAT(Suggestions("port", names, 0), ElementsAre("port-forward"));
  EXPECT_THAT(Suggestions("port-forwrad", names, 2),
              ElementsAre("port-forward"));
  EXPECT_THAT(Suggestions("gte", names, 1), IsEmpty());
  EXPECT_THAT(Suggestions("", names, 2), IsEmpty());
  EXPECT_THAT(Suggestions(std::string(1 << 20, 'g'), names, 1 << 20),
              IsEmpty());
}

}  // namespace
}  // namespace fairway::cmd
