// SPDX-License-Identifier: Apache-2.0
// What our kubectl can forward to, and to whom it tells what it does: each kind
// of target against a real cluster, several of them at once, and the outputs
// for programs.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "e2e/harness/cluster.h"
#include "e2e/harness/process.h"
#include "e2e/harness/socket.h"
#include "e2e/harness/workloads.h"

namespace fairway::e2e {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

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

// The whole answer to a request for a page from a socket that is connected.
std::string PageOf(int fd) {
  const std::string asked = "GET / HTTP/1.0\r\n\r\n";
  EXPECT_EQ(send(fd, asked.data(), asked.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(asked.size()));
  shutdown(fd, SHUT_WR);
  std::string all;
  char piece[4096];
  for (ssize_t n; (n = recv(fd, piece, sizeof(piece), 0)) > 0;) {
    all.append(piece, n);
  }
  close(fd);
  return all;
}

// The name of the pod that answers; empty if nobody does.
std::string PodAt(const sockaddr* address, socklen_t size) {
  const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, address, size) != 0) {
    close(fd);
    return "";
  }
  const std::string page = PageOf(fd);
  const std::string hello = "\r\n\r\nHello from ";
  const size_t at = page.find(hello);
  if (at == std::string::npos) return "";
  return page.substr(at + hello.size(), page.size() - at - hello.size() - 1);
}

std::string PodAt(uint16_t port, const char* ip = "127.0.0.1") {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, ip, &address.sin_addr);
  address.sin_port = htons(port);
  return PodAt(reinterpret_cast<sockaddr*>(&address), sizeof(address));
}

std::string PodAt(const std::string& unix_path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  unix_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return PodAt(reinterpret_cast<sockaddr*>(&address), sizeof(address));
}

// kubectl port-forward with whatever it says.
class Forwarder {
 public:
  explicit Forwarder(const Args& args) : folder_(MakeShortFolder()) {
    Args all = {"port-forward"};
    all.insert(all.end(), args.begin(), args.end());
    process_ = Process({g_cluster->KubectlArgv(Kubectl::kOurs, all),
                        {"HOME=" + folder_},
                        folder_ + "/err"});
  }
  ~Forwarder() { RemoveFolder(folder_); }

  // The next `count` lines of its stdout.
  Args Lines(size_t count) {
    Args lines;
    while (lines.size() < count) {
      const auto line = process_.ReadLine(Seconds(20));
      if (!line) {
        ADD_FAILURE() << "no more lines; stderr: " << Stderr();
        break;
      }
      lines.push_back(*line);
    }
    return lines;
  }
  json Event() {
    const Args line = Lines(1);
    return line.empty() ? json() : json::parse(line[0], nullptr, false);
  }
  // Ends it by SIGINT; what else it has said on stdout.
  std::string Stop() {
    kill(process_.pid(), SIGINT);
    const std::string rest = process_.ReadAll(Seconds(10));
    EXPECT_EQ(process_.Wait(Seconds(10)), 0) << Stderr();
    return rest;
  }
  std::string Stderr() const { return ReadFile(folder_ + "/err"); }
  pid_t pid() const { return process_.pid(); }

 private:
  std::string folder_;
  Process process_;
};

// Of "Forwarding from 127.0.0.1:40001 -> 8080".
uint16_t LocalPort(const std::string& line) {
  const size_t arrow = line.find(" -> ");
  const size_t colon = line.rfind(':', arrow);
  return colon == std::string::npos ? 0 : std::stoi(line.substr(colon + 1));
}

struct Case {
  const char* name;
  Args args;               // one port, which is the page's
  std::string pod;         // that answers
  std::string other = "";  // or this one
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class TargetTest : public ::testing::TestWithParam<Case> {};

TEST_P(TargetTest, IsReached) {
  const Case& c = GetParam();
  Args args = {"--address=127.0.0.1"};
  args.insert(args.end(), c.args.begin(), c.args.end());
  Forwarder forwarder(args);
  const Args line = forwarder.Lines(1);
  ASSERT_EQ(line.size(), 1u);
  const uint16_t local = LocalPort(line[0]);
  EXPECT_EQ(line[0], "Forwarding from 127.0.0.1:" + std::to_string(local) +
                         " -> " + std::to_string(kPagePort));
  const std::string pod = PodAt(local);
  if (pod.empty() || pod != c.other) {
    EXPECT_EQ(pod, c.pod);
  }
  EXPECT_EQ(forwarder.Stop(),
            "Handling connection for " + std::to_string(local) + "\n");
  EXPECT_EQ(forwarder.Stderr(), "");
}

const Case kTargets[] = {
    {"BareName", {"web", ":8080"}, "web"},
    {"Pod", {"pod/web", ":8080"}, "web"},
    {"Pods", {"pods/web", ":8080"}, "web"},
    {"Po", {"po/web", ":8080"}, "web"},
    {"OfANamespace", {"-n", "other", "pod/elsewhere", ":8080"}, "elsewhere"},
    {"NamedPort", {"pod/web", ":page"}, "web"},
    {"ZeroIsAnyLocalPort", {"pod/web", "0:page"}, "web"},
    {"Deployment", {"deployment/web", ":8080"}, "deployment-0"},
    {"Deployments", {"deployments/web", ":page"}, "deployment-0"},
    {"Deploy", {"deploy/web", ":8080"}, "deployment-0"},
    {"DeploymentOfItsGroup", {"deployment.apps/web", ":8080"}, "deployment-0"},
    {"DeploymentOfItsVersion",
     {"deployments.v1.apps/web", ":8080"},
     "deployment-0"},
    {"ReplicaSet", {"replicaset/web", ":8080"}, "replicaset-0"},
    {"ReplicaSets", {"replicasets/web", ":8080"}, "replicaset-0"},
    {"Rs", {"rs/web", ":page"}, "replicaset-0"},
    {"StatefulSet", {"statefulset/web", ":8080"}, "statefulset-0"},
    {"StatefulSets", {"statefulsets/web", ":8080"}, "statefulset-0"},
    {"Sts", {"sts/web", ":page"}, "statefulset-0"},
    {"DaemonSet", {"daemonset/web", ":8080"}, "daemonset-0"},
    {"DaemonSets", {"daemonsets/web", ":8080"}, "daemonset-0"},
    {"Ds", {"ds/web", ":page"}, "daemonset-0"},
    {"Job", {"job/web", ":8080"}, "job-0"},
    {"Jobs", {"jobs/web", ":page"}, "job-0"},
    {"ReplicationController", {"replicationcontroller/web", ":8080"}, "rc-0"},
    {"ReplicationControllers", {"replicationcontrollers/web", ":8080"}, "rc-0"},
    {"Rc", {"rc/web", ":page"}, "rc-0"},
    {"Service", {"service/web", ":80"}, "service-0", "service-1"},
    {"Services", {"services/web", ":80"}, "service-0", "service-1"},
    {"Svc", {"svc/web", ":80"}, "service-0", "service-1"},
    {"ServiceToANamedPort", {"svc/web", ":81"}, "service-0", "service-1"},
    {"ServicesPortByName", {"svc/web", ":number"}, "service-0", "service-1"},
    {"ServicesPortByNameToANamedPort",
     {"svc/web", ":name"},
     "service-0",
     "service-1"},
    {"HeadlessService", {"svc/headless", ":8080"}, "service-0", "service-1"},
    {"HeadlessServicesPortByName",
     {"svc/headless", ":page"},
     "service-0",
     "service-1"},
};

INSTANTIATE_TEST_SUITE_P(All, TargetTest, ::testing::ValuesIn(kTargets),
                         [](const auto& info) { return info.param.name; });

TEST(ForwardTest, UdpIsRefusedInUpstreamsWords) {
  const Result said =
      g_cluster->RunKubectl(Kubectl::kOurs, {"port-forward", "svc/udp", ":53"});
  EXPECT_EQ(said.exit_status, 1);
  EXPECT_EQ(said.err, "error: UDP protocol is not supported for 53\n");
}

TEST(ForwardTest, WaitsForAPodThatIsMadeLater) {
  Forwarder forwarder({"--address=127.0.0.1", "--pod-running-timeout=20s",
                       "deployment/empty", ":8080"});
  // It has asked, and there was none.
  ASSERT_TRUE(Eventually(Seconds(10), [&] {
    return ReadFile(g_cluster->folder() + "/logs/audit.log")
               .find("app%3Dnobody") != std::string::npos;
  }));
  g_cluster->StartPod({.name = "late",
                       .servers = {"http:8080"},
                       .labels = {{"app", "nobody"}}});
  const Args line = forwarder.Lines(1);
  ASSERT_EQ(line.size(), 1u);
  EXPECT_EQ(PodAt(LocalPort(line[0])), "late");
  forwarder.Stop();
  EXPECT_EQ(g_cluster
                ->RunKubectl(Kubectl::kOurs, {"delete", "pod", "late",
                                              "--force", "--grace-period=0"})
                .exit_status,
            0);
}

TEST(ForwardTest, SeveralPortsOfOnePod) {
  const PortForward forward(*g_cluster, Kubectl::kOurs, "pod/web",
                            {kPagePort, kEchoPort});
  EXPECT_EQ(PodAt(forward.local(kPagePort)), "web");
  Connection echo(forward.local(kEchoPort));
  echo.Send("here");
  EXPECT_EQ(echo.ReceiveExactly(4), "here");
}

TEST(ForwardTest, ListensOnTheAddressesThatAreGiven) {
  Forwarder forwarder({"--address=127.0.0.2,127.0.0.3", "pod/web", ":8080"});
  std::map<std::string, uint16_t> ports;
  for (const std::string& line : forwarder.Lines(2)) {
    ports[line.substr(0, line.rfind(':', line.find(" -> ")))] = LocalPort(line);
  }
  EXPECT_EQ(PodAt(ports["Forwarding from 127.0.0.2"], "127.0.0.2"), "web");
  EXPECT_EQ(PodAt(ports["Forwarding from 127.0.0.3"], "127.0.0.3"), "web");
  EXPECT_EQ(PodAt(ports["Forwarding from 127.0.0.2"], "127.0.0.1"), "");
  forwarder.Stop();
}

TEST(ForwardTest, SeveralTargetsOfOneCommandLine) {
  Forwarder forwarder({"--address=127.0.0.1", "pod/web", ":8080", "--",
                       "rs/web", ":page", "--", "svc/web", ":82"});
  std::set<std::string> pods;
  for (const std::string& line : forwarder.Lines(3)) {
    if (line.find("-> 8080") != std::string::npos) {
      pods.insert(PodAt(LocalPort(line)));
    } else {
      EXPECT_THAT(line, HasSubstr("-> 7001"));
    }
  }
  EXPECT_THAT(pods, UnorderedElementsAre("web", "replicaset-0"));
  forwarder.Stop();
}

TEST(ForwardTest, TargetsOfAFile) {
  const std::string file = g_cluster->folder() + "/forwards.yaml";
  WriteFile(file, R"(
forwards:
- target: svc/web
  name: shop
  ports: [":80"]
- target: pod/elsewhere
  namespace: other
  ports: [":page"]
  addresses: [127.0.0.2]
- target: sts/web
  ports: [":8080"]
)");
  Forwarder forwarder({"--address=127.0.0.1", "-f", file});
  std::multiset<std::string> pods;
  for (const std::string& line : forwarder.Lines(3)) {
    const bool two = line.find("127.0.0.2:") != std::string::npos;
    pods.insert(
        PodAt(LocalPort(line), two ? "127.0.0.2" : "127.0.0.1").substr(0, 7));
  }
  EXPECT_THAT(pods, UnorderedElementsAre("service", "elsewhe", "statefu"));
  forwarder.Stop();
}

TEST(ForwardTest, EachPodHasAPortOfItsOwn) {
  Forwarder forwarder({"--address=127.0.0.1", "--pods=each", "svc/web", ":80"});
  Args pods;
  for (const std::string& line : forwarder.Lines(2)) {
    const uint16_t local = LocalPort(line);
    pods.push_back(PodAt(local));
    EXPECT_EQ(PodAt(local), pods.back());
  }
  EXPECT_THAT(pods, ElementsAre("service-0", "service-1"));
  forwarder.Stop();
}

TEST(ForwardTest, NewConnectionsGoToThePodsInTurn) {
  Forwarder forwarder(
      {"--address=127.0.0.1", "--pods=round-robin", "svc/web", ":80"});
  const Args line = forwarder.Lines(1);
  ASSERT_EQ(line.size(), 1u);
  std::map<std::string, int> pods;
  for (int i = 0; i < 10; ++i) ++pods[PodAt(LocalPort(line[0]))];
  EXPECT_THAT(pods,
              UnorderedElementsAre(Pair("service-0", 5), Pair("service-1", 5)))
      << forwarder.Stderr();
  forwarder.Stop();
}

TEST(ForwardTest, ProgramsReadItsEvents) {
  Forwarder forwarder({"-o", "json", "--address=127.0.0.1", "svc/web", ":82"});
  std::map<std::string, json> events;
  while (events.count("listening") == 0) {
    const json event = forwarder.Event();
    ASSERT_TRUE(event.is_object()) << event;
    events[event.value("event", "")] = event;
  }
  const json& listening = events["listening"];
  EXPECT_EQ(listening["localAddress"], "127.0.0.1");
  EXPECT_EQ(listening["remotePort"], kEchoPort);
  EXPECT_EQ(listening["forward"], "svc/web");
  {
    Connection echo(listening["localPort"].get<uint16_t>());
    echo.Send("twelve bytes");
    echo.SendFin();
    EXPECT_EQ(echo.ReceiveAll(), "twelve bytes");
  }
  while (events.count("closed") == 0) {
    const json event = forwarder.Event();
    ASSERT_TRUE(event.is_object()) << event;
    EXPECT_TRUE(event.contains("time"));
    events[event.value("event", "")] = event;
  }
  EXPECT_EQ(events.count("connected"), 1u);
  EXPECT_EQ(events["accepted"]["connection"], events["closed"]["connection"]);
  const json& closed = events["closed"];
  EXPECT_EQ(closed["sentBytes"], 12);
  EXPECT_EQ(closed["receivedBytes"], 12);
  EXPECT_GT(closed["durationSeconds"].get<double>(), 0);
  EXPECT_FALSE(closed.contains("error"));
  EXPECT_EQ(closed["pod"].get<std::string>().substr(0, 8), "service-");
  forwarder.Stop();
}

TEST(ForwardTest, APortsFileSaysWhereEachPortIs) {
  const std::string file = g_cluster->folder() + "/ports.json";
  Forwarder forwarder({"--ports-file", file, "--quiet", "--address=127.0.0.1",
                       "svc/web", ":80", "--", "job/web", ":8080"});
  ASSERT_TRUE(Eventually(Seconds(20), [&] {
    return access(file.c_str(), R_OK) == 0;
  })) << forwarder.Stderr();
  const json ports = json::parse(ReadFile(file), nullptr, false);
  ASSERT_TRUE(ports.is_object());
  EXPECT_EQ(ports["pid"], forwarder.pid());
  Args names;
  for (const json& forward : ports["forwards"]) {
    names.push_back(forward["name"]);
    const json& listener = forward["listeners"][0];
    EXPECT_EQ(PodAt(listener["localPort"].get<uint16_t>()), listener["pod"]);
  }
  EXPECT_THAT(names, ElementsAre("svc/web", "job/web"));
  // And quiet: not even for the connections.
  EXPECT_EQ(forwarder.Stop(), "");
  EXPECT_NE(access(file.c_str(), F_OK), 0);
}

TEST(ForwardTest, APipeSaysWhenItIsReady) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  Forwarder forwarder({"--ready-fd", std::to_string(ready[1]), "pod/web",
                       ":8080", "--", "ds/web", ":8080"});
  close(ready[1]);
  std::string said;
  char piece[64];
  for (ssize_t n; (n = read(ready[0], piece, sizeof(piece))) > 0;) {
    said.append(piece, n);
  }
  close(ready[0]);
  EXPECT_EQ(said, "ready\n") << forwarder.Stderr();
  for (const std::string& line : forwarder.Lines(2)) {
    EXPECT_NE(PodAt(LocalPort(line)), "") << line;
  }
  forwarder.Stop();
}

TEST(ForwardTest, AUnixSocketIsALocalEnd) {
  const std::string path = g_cluster->folder() + "/web.sock";
  Forwarder forwarder({"pod/web", "unix:" + path + ":8080"});
  const Args line = forwarder.Lines(1);
  EXPECT_THAT(line, ElementsAre("Forwarding from unix:" + path + " -> 8080"));
  struct stat file;
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600);
  EXPECT_EQ(PodAt(path), "web");
  forwarder.Stop();
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace fairway::e2e
