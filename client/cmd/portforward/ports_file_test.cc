// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/ports_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/status/testing/status_matchers.h"

namespace fairway::cmd {
namespace {

using nlohmann::json;

std::string Path(const std::string& name) {
  return ::testing::TempDir() + "/" + name;
}

// What the file holds; "-" if there is none.
std::string Read(const std::string& path) {
  std::ifstream in(path);
  if (!in) return "-";
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(PortsFileTextTest, SaysWhichLocalEndsLeadWhere) {
  std::vector<ForwardListeners> all(2);
  all[0] = {"svc/web",
            "svc/web",
            "shop",
            {{"127.0.0.1", 8080, "", 80, "web-1"},
             {"", 0, "/run/web.sock", 80, "web-1"}},
            ""};
  all[1] = {"db", "pod/db", "shop", {}, "pods \"db\" not found"};
  EXPECT_EQ(json::parse(PortsFileText(4711, all), nullptr, false),
            json::parse(R"({
    "pid": 4711,
    "forwards": [
      {"name": "svc/web", "target": "svc/web", "namespace": "shop",
       "listeners": [
         {"localAddress": "127.0.0.1", "localPort": 8080, "remotePort": 80,
          "pod": "web-1"},
         {"unixPath": "/run/web.sock", "remotePort": 80, "pod": "web-1"}]},
      {"name": "db", "target": "pod/db", "namespace": "shop",
       "listeners": [], "error": "pods \"db\" not found"}]})"));
}

TEST(PortsFileTest, ReplacesWhatWasThereAndGoesInTheEnd) {
  const std::string path = Path("replaces");
  std::ofstream(path) << "old";
  struct stat old = {};
  ASSERT_EQ(stat(path.c_str(), &old), 0);
  // Whoever has it open keeps the old one whole.
  std::ifstream reader(path);
  {
    PortsFile file(path);
    ASSERT_THAT(file.Write("first\n"), IsOk());
    EXPECT_EQ(Read(path), "first\n");
    ASSERT_THAT(file.Write("second\n"), IsOk());
    EXPECT_EQ(Read(path), "second\n");
  }
  std::string text;
  reader >> text;
  EXPECT_EQ(text, "old");
  EXPECT_EQ(Read(path), "-");
}

TEST(PortsFileTest, AnothersFileStays) {
  const std::string path = Path("stays");
  PortsFile file(path);
  ASSERT_THAT(file.Write("ours\n"), IsOk());
  std::ofstream(path + ".new") << "theirs";
  ASSERT_EQ(rename((path + ".new").c_str(), path.c_str()), 0);
  file.Remove();
  EXPECT_EQ(Read(path), "theirs");
}

TEST(PortsFileTest, AFolderThatIsNotThereIsNamed) {
  PortsFile file(Path("nowhere/ports.json"));
  const absl::Status status = file.Write("x");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(
      std::string(status.message()),
      ::testing::AllOf(::testing::StartsWith("open "),
                       ::testing::HasSubstr("nowhere/ports.json"),
                       ::testing::EndsWith("no such file or directory")));
}

TEST(PortsFileTest, WithoutAPathThereIsNoFile) {
  PortsFile file("");
  EXPECT_THAT(file.Write("x"), IsOk());
  file.Remove();
}

}  // namespace
}  // namespace fairway::cmd
