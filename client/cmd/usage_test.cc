// SPDX-License-Identifier: Apache-2.0
// What kubectl answers without a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "client/cmd/cmd.h"

namespace fairway::cmd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

Ran Kubectl(const std::vector<std::string>& args) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Ran ran;
  ran.code = RunKubectl(args, {&in, &out, &err}, nullptr);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

struct ErrorCase {
  std::vector<std::string> args;
  const char* err;
};

class UsageErrorTest : public ::testing::TestWithParam<ErrorCase> {};

// What kubectl 1.20.2 wrote for the same command lines.
TEST_P(UsageErrorTest, IsToldInUpstreamsWords) {
  const Ran ran = Kubectl(GetParam().args);
  EXPECT_EQ(ran.err, GetParam().err);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.code, 1);
}

INSTANTIATE_TEST_SUITE_P(
    Table, UsageErrorTest,
    ::testing::Values(
        ErrorCase{{"completion"},
                  "error: Shell not specified.\nSee 'kubectl completion -h' "
                  "for help and examples\n"},
        ErrorCase{{"completion", "foo"},
                  "error: Unsupported shell type \"foo\".\nSee 'kubectl "
                  "completion -h' for help and examples\n"},
        ErrorCase{{"completion", "bash", "zsh"},
                  "error: Too many arguments. Expected only the shell type.\n"
                  "See 'kubectl completion -h' for help and examples\n"},
        ErrorCase{{"config", "foo"},
                  "error: unknown command \"foo\"\nSee 'kubectl config -h' "
                  "for help and examples\n"},
        ErrorCase{{"config", "current-context", "--kubeconfig=/dev/null"},
                  "error: current-context is not set\n"},
        ErrorCase{{"config", "get-contexts", "-o", "foo"},
                  "error: output must be one of '' or 'name': foo\n"},
        ErrorCase{{"options", "--foo"},
                  "Error: unknown flag: --foo\nRun 'kubectl options' without "
                  "flags.\n"},
        ErrorCase{{"help", "--foo"},
                  "Error: unknown flag: --foo\nSee 'kubectl help --help' for "
                  "usage.\n"},
        ErrorCase{{"get", "--help=foo"},
                  "Error: invalid argument \"foo\" for \"-h, --help\" flag: "
                  "strconv.ParseBool: parsing \"foo\": invalid syntax\nSee "
                  "'kubectl get --help' for usage.\n"}));

TEST(HelpTest, IsUpstreamsWhereverItIsAskedFor) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{
           {}, {"-h"}, {"--help"}, {"help"}, {"-n", "x"}}) {
    const Ran ran = Kubectl(args);
    EXPECT_THAT(
        ran.out,
        AllOf(StartsWith("kubectl controls the Kubernetes cluster manager.\n"),
              HasSubstr("\nTroubleshooting and Debugging Commands:\n  "
                        "port-forward Forward one or more "),
              HasSubstr("\nUsage:\n  kubectl [flags] [options]\n")));
    EXPECT_EQ(ran.code, 0);
  }
  const Ran unknown = Kubectl({"help", "fooo"});
  EXPECT_THAT(unknown.err, StartsWith("Unknown help topic [`fooo`]\n"));
  EXPECT_EQ(unknown.code, 0);
  const Ran config = Kubectl({"config"});
  EXPECT_THAT(config.err, HasSubstr("\nAvailable Commands:\n"));
  EXPECT_EQ(config.code, 1);
}

TEST(ConfigTest, ContextsAreShownAsUpstreamShowsThem) {
  const std::string path = ::testing::TempDir() + "/contexts";
  std::ofstream(path)
      << "current-context: b@c\n"
         "contexts:\n"
         "- {name: zeta, context: {cluster: c1, user: u}}\n"
         "- {name: b@c, context: {cluster: cluster-two, user: u, namespace: "
         "kube-system}}\n";
  setenv("KUBECONFIG", path.c_str(), 1);
  EXPECT_EQ(Kubectl({"config", "current-context"}).out, "b@c\n");
  EXPECT_EQ(Kubectl({"config", "get-contexts"}).out,
            "CURRENT   NAME   CLUSTER       AUTHINFO   NAMESPACE\n"
            "*         b@c    cluster-two   u          kube-system\n"
            "          zeta   c1            u          \n");
  EXPECT_EQ(Kubectl({"config", "get-contexts", "-o", "name"}).out,
            "b@c\nzeta\n");
  const Ran some =
      Kubectl({"config", "get-contexts", "--no-headers", "nope", "zeta"});
  EXPECT_EQ(some.out, "      zeta   c1    u     \n");
  EXPECT_EQ(some.err, "error: context nope not found\n");
  EXPECT_EQ(some.code, 1);
  EXPECT_EQ(Kubectl({"config", "get-contexts", "nope", "zope"}).err,
            "context nope not found\ncontext zope not found\n");
}

}  // namespace
}  // namespace fairway::cmd
