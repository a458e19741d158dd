// SPDX-License-Identifier: Apache-2.0
// Debian's kubectl 1.20.2 and ours, with --reconnect=false, forward to the same
// targets of the same cluster, one after the other on the same local ports:
// standard output, standard error and exit status are the same.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <ostream>
#include <regex>
#include <string>
#include <vector>

#include "e2e/harness/cluster.h"
#include "e2e/harness/process.h"
#include "e2e/harness/socket.h"
#include "e2e/harness/workloads.h"

namespace fairway::e2e {
namespace {

using ::testing::HasSubstr;

using Args = std::vector<std::string>;

Cluster* g_cluster = nullptr;

class OneCluster : public ::testing::Environment {
 public:
  void SetUp() override {
    g_cluster = new Cluster(ClusterOptions());
    CreateWorkloads(*g_cluster);
  }
  void TearDown() override {
    EXPECT_EQ(g_cluster->Stop(), 0);
    delete g_cluster;
    g_cluster = nullptr;
  }
};

auto* const kOneCluster = ::testing::AddGlobalTestEnvironment(new OneCluster());

// klog's head of a line: time, process and source file differ.
std::string WithoutLogHeads(const std::string& text) {
  static const std::regex head(
      R"((^|\n)([IWEF])[0-9]{4} [0-9:.]+ +[0-9]+ [a-z_]+\.(?:go|cc):[0-9]+\] )");
  return std::regex_replace(text, head, "$1$2 ");
}

uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(fd, generic, size), 0);
  EXPECT_EQ(getsockname(fd, generic, &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

struct Case {
  const char* name;
  Args args;         // P, Q: two local ports that are free
  size_t lines;      // on stdout before it is used; 0: it fails
  std::string want;  // a part of upstream's stdout, or of its stderr
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class TargetParityTest : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    for (std::string arg : GetParam().args) {
      if (arg[0] == 'P') arg.replace(0, 1, std::to_string(p_));
      if (arg[0] == 'Q') arg.replace(0, 1, std::to_string(q_));
      args_.push_back(arg);
    }
  }

  // Its lines, what one connection to P brought, its end by SIGINT.
  Result Used(Kubectl which) {
    Args argv = args_;
    argv.insert(argv.begin(), "port-forward");
    if (which == Kubectl::kOurs) argv.push_back("--reconnect=false");
    if (GetParam().lines == 0) return g_cluster->RunKubectl(which, argv);
    const std::string folder = MakeShortFolder();
    Result result;
    {
      Process process({g_cluster->KubectlArgv(which, argv),
                       {"HOME=" + folder},
                       folder + "/err"});
      for (size_t i = 0; i < GetParam().lines; ++i) {
        const auto line = process.ReadLine(Seconds(20));
        EXPECT_TRUE(line.has_value()) << ReadFile(folder + "/err");
        if (!line) break;
        result.out += *line + "\n";
      }
      Use();
      kill(process.pid(), SIGINT);
      result.out += process.ReadAll(Seconds(10));
      result.exit_status = process.Wait(Seconds(10)).value_or(-1);
    }
    result.err = ReadFile(folder + "/err");
    RemoveFolder(folder);
    return result;
  }

 private:
  void Use() {
    try {
      Connection connection(p_, Seconds(10));
      connection.Send("GET / HTTP/1.0\r\n\r\n");
      connection.SendFin();
      connection.ReceiveAll();
    } catch (const std::runtime_error& error) {
      ADD_FAILURE() << error.what();
    }
  }

  const uint16_t p_ = FreePort();
  const uint16_t q_ = FreePort();
  Args args_;
};

TEST_P(TargetParityTest, SaysWhatUpstreamSays) {
  const Case& c = GetParam();
  const Result theirs = Used(Kubectl::kDebian);
  const Result ours = Used(Kubectl::kOurs);
  EXPECT_EQ(ours.exit_status, theirs.exit_status);
  EXPECT_EQ(ours.out, theirs.out);
  EXPECT_EQ(WithoutLogHeads(ours.err), WithoutLogHeads(theirs.err));
  EXPECT_THAT(c.lines == 0 ? theirs.err : theirs.out, HasSubstr(c.want));
  EXPECT_EQ(theirs.exit_status, c.lines == 0 ? 1 : 0) << theirs.err;
}

std::string CaseName(const ::testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    Forwards, TargetParityTest,
    ::testing::Values(
        Case{"Pod", {"pod/web", "P:8080"}, 2, "[::1]:"},
        Case{"PodByOneAddress",
             {"--address=127.0.0.1", "po/web", "P:8080"},
             1,
             "Handling connection for "},
        Case{"NamedPort", {"pod/web", "P:page"}, 2, "-> 8080"},
        Case{"TwoPorts", {"pod/web", "P:page", "Q:7001"}, 4, "-> 7001"},
        Case{"RefusedPort", {"pod/web", "P:7999"}, 2, "-> 7999"},
        Case{"Deployment", {"deployment/web", "P:8080"}, 2, "-> 8080"},
        Case{"ReplicaSet", {"rs/web", "P:page"}, 2, "-> 8080"},
        Case{"StatefulSet", {"sts/web", "P:8080"}, 2, "-> 8080"},
        Case{"DaemonSet", {"ds/web", "P:8080"}, 2, "-> 8080"},
        Case{"Job", {"job/web", "P:8080"}, 2, "-> 8080"},
        Case{"ReplicationController", {"rc/web", "P:8080"}, 2, "-> 8080"},
        Case{"Service", {"service/web", "P:80"}, 2, "-> 8080"},
        Case{"ServiceToANamedPort", {"svc/web", "P:81"}, 2, "-> 8080"},
        Case{"ServicesPortByName", {"svc/web", "P:tongue"}, 2, "-> 7001"},
        Case{"HeadlessService", {"svc/headless", "P:8080"}, 2, "-> 8080"},
        Case{"OfANamespace",
             {"-n", "other", "pod/elsewhere", "P:8080"},
             2,
             "-> 8080"}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Refusals, TargetParityTest,
    ::testing::Values(
        Case{"UdpByNumber", {"svc/udp", ":53"}, 0, "UDP protocol is not"},
        Case{"UdpByName", {"svc/udp", ":dns"}, 0, "UDP protocol is not"},
        Case{"NoSuchServicePort",
             {"svc/web", ":99"},
             0,
             "does not have a service port 99"},
        Case{"NoSuchNamedServicePort",
             {"svc/web", ":nope"},
             0,
             "does not have a named port 'nope'"},
        Case{"NoSuchNamedPort",
             {"deploy/web", ":nope"},
             0,
             "does not have a named port 'nope'"},
        Case{"ServiceWithoutSelector",
             {"svc/selectorless", ":80"},
             0,
             "without a selector"},
        Case{"ServiceWithoutPods",
             {"--pod-running-timeout=1s", "svc/empty", ":80"},
             0,
             "timed out waiting for the condition"},
        Case{"DeploymentWithoutPods",
             {"--pod-running-timeout=1s", "deploy/empty", ":80"},
             0,
             "timed out waiting for the condition"},
        Case{"PodThatIsNotRunning",
             {"pod/pending", ":80"},
             0,
             "Current status=Pending"},
        Case{"NoSuchDeployment",
             {"deploy/nope", ":80"},
             0,
             "deployments.apps \"nope\" not found"},
        Case{"NoSuchService",
             {"svc/nope", ":80"},
             0,
             "services \"nope\" not found"},
        Case{"NoSuchJob",
             {"job/nope", ":80"},
             0,
             "jobs.batch \"nope\" not found"},
        Case{"NoSuchKind",
             {"cronjobx/nope", ":80"},
             0,
             "doesn't have a resource type"},
        Case{"NoSuchGroup",
             {"deployment.nope/web", ":80"},
             0,
             "doesn't have a resource type"},
        Case{"TwoNamesOfOneKind",
             {"deploy", "web", ":80"},
             0,
             "pods \"deploy\" not found"},
        Case{"AKindWithoutAName",
             {"deploy/", ":80"},
             0,
             "must have a single resource and name"},
        Case{"ServiceWithoutAPort",
             {"svc/web"},
             0,
             "TYPE/NAME and list of ports are required"},
        Case{"ThreePorts",
             {"--address=127.0.0.1", "svc/web", "P:80:90"},
             0,
             "does not have a service port"}),
    CaseName);

}  // namespace
}  // namespace fairway::e2e
