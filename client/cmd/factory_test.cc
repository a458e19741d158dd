// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/cli-runtime/pkg/genericclioptions/config_flags.go (v0.20.2)
#include "client/cmd/factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "client/cmd/check_err.h"
#include "client/cmd/global_flags.h"

namespace fairway::cmd {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;

constexpr char kFile[] =
    "{current-context: c, clusters: [{name: c, cluster: {server: "
    "\"https://h\"}}], contexts: [{name: c, context: {cluster: c}}]}";

class FactoryTest : public ::testing::Test {
 protected:
  void TearDown() override { unsetenv("KUBECONFIG"); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = ::testing::TempDir() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  // What the flags make of it; `err_` has what was told meanwhile.
  absl::StatusOr<rest::ClientConfig> Config(ConfigFlags flags) {
    std::ostringstream err;
    absl::StatusOr<rest::ClientConfig> config = absl::UnknownError("not made");
    absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
      Executor executor = co_await kThisExecutor;
      IOStreams streams;
      streams.err_out = &err;
      Factory factory(executor, flags, nullptr, streams);
      config = factory.ToClientConfig();
      co_return absl::OkStatus();
    });
    EXPECT_THAT(ran, IsOk());
    err_ = err.str();
    return config;
  }

  std::string err_;
};

TEST_F(FactoryTest, RequestTimeoutIsSecondsOrHasUnits) {
  struct Case {
    const char* text;
    absl::Duration want;
  };
  const Case cases[] = {{"0", absl::ZeroDuration()},
                        {"30", absl::Seconds(30)},
                        {"1m30s", absl::Seconds(90)},
                        {"500ms", absl::Milliseconds(500)}};
  ConfigFlags flags;
  flags.kubeconfig = Write("file", kFile);
  for (const Case& c : cases) {
    flags.request_timeout = c.text;
    absl::StatusOr<rest::ClientConfig> config = Config(flags);
    ASSERT_THAT(config, IsOk()) << c.text;
    EXPECT_EQ(config->config.timeout, c.want) << c.text;
  }
  for (const char* bad : {"x", "-1", "-1s", "1h1", "1 s"}) {
    flags.request_timeout = bad;
    EXPECT_THAT(
        Config(flags),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 "Invalid timeout value. Timeout must be a single integer in "
                 "seconds, or an integer followed by a corresponding time unit "
                 "(e.g. 1s | 2m | 3h)"))
        << bad;
  }
}

TEST_F(FactoryTest, FilesAreToldFromSixOn) {
  ConfigFlags flags;
  flags.kubeconfig = Write("file", kFile);
  flags.verbosity = 5;
  EXPECT_THAT(Config(flags), IsOk());
  EXPECT_EQ(err_, "");
  flags.verbosity = 6;
  EXPECT_THAT(Config(flags), IsOk());
  EXPECT_THAT(err_, MatchesRegex("I[0-9]{4} [0-9:.]+ +[0-9]+ loader.go:379\\] "
                                 "Config loaded from file:  " +
                                 flags.kubeconfig + "\n"));
}

TEST_F(FactoryTest, AListOfFilesThatAreNotThereIsAWarning) {
  setenv("KUBECONFIG", "/nope:/none", 1);
  EXPECT_THAT(Config({}), IsOk());
  EXPECT_THAT(err_, MatchesRegex("W[0-9]{4} [0-9:.]+ +[0-9]+ loader.go:223\\] "
                                 "Config not found: /nope, /none\n"));
  setenv("KUBECONFIG", ("/nope:" + Write("file", kFile)).c_str(), 1);
  EXPECT_THAT(Config({}), IsOk());
  EXPECT_EQ(err_, "");
}

TEST_F(FactoryTest, EachBadFileHasALine) {
  const std::string one = Write("one", "clusters: 5");
  const std::string two = Write("two", "users: 5");
  setenv("KUBECONFIG", (one + ":" + two).c_str(), 1);
  EXPECT_EQ(ErrorMessage(Config({}).status()),
            "error loading config file \"" + one +
                "\": clusters: want array, got number\n"
                "error loading config file \"" +
                two + "\": users: want array, got number\n");
}

TEST_F(FactoryTest, FlagsAreTheOverrides) {
  ConfigFlags flags;
  for (const Flag& flag : GlobalFlags(&flags)) {
    absl::Status set;
    if (flag.name == "as") set = flag.set("jane");
    if (flag.name == "as-uid") set = flag.set("u-1");
    if (flag.name == "as-group") {
      set = flag.set("cn=a,dc=b");
      set.Update(flag.set("c"));
    }
    EXPECT_THAT(set, IsOk()) << flag.name;
  }
  flags.kubeconfig = Write("file", kFile);
  absl::StatusOr<rest::ClientConfig> config = Config(flags);
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->config.impersonate.user_name, "jane");
  EXPECT_EQ(config->config.impersonate.uid, "u-1");
  EXPECT_THAT(config->config.impersonate.groups, ElementsAre("cn=a,dc=b", "c"));
}

}  // namespace
}  // namespace fairway::cmd
