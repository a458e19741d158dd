// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/completion/complete.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <future>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "client/cmd/cmd.h"
#include "net/http/handler.h"
#include "net/http/server.h"
#include "net/socket/socket.h"

namespace fairway::cmd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// What the server answers, by path.
const std::map<std::string, std::string>& Answers() {
  static const auto& answers = *new std::map<std::string, std::string>{
      {"/api/v1/namespaces",
       R"j({"items":[{"metadata":{"name":"default"}},
                    {"metadata":{"name":"kube-system"}}]})j"},
      {"/api/v1/namespaces/default/pods",
       R"j({"items":[{"metadata":{"name":"web-2"}},{"metadata":{"name":"db"}},
                    {"metadata":{"name":"web-1"}},
                    {"metadata":{"name":"$(reboot)"}},
                    {"metadata":{"name":"a\nb"}},{"metadata":7},7]})j"},
      {"/api/v1/namespaces/kube-system/pods",
       R"j({"items":[{"metadata":{"name":"dns"}}]})j"},
      {"/apis/apps/v1/namespaces/default/deployments",
       R"j({"items":[{"metadata":{"name":"web"}}]})j"},
      {"/api/v1/namespaces/default/services", "no JSON"},
      {"/api/v1/namespaces/default/pods/db",
       R"j({"spec":{"containers":[
            {"ports":[{"containerPort":5432,"name":"sql"},
                      {"containerPort":53,"protocol":"UDP"}]},
            {"ports":[{"containerPort":9187}]}]}})j"},
      {"/api/v1/namespaces/default/services/web",
       R"j({"spec":{"ports":[{"port":80,"targetPort":"x","name":"http"}]}})j"},
      {"/apis/apps/v1/namespaces/default/deployments/web",
       R"j({"spec":{"template":{"spec":{"containers":[
            {"ports":[{"containerPort":8080}]}]}}}})j"},
  };
  return answers;
}

class CompleteTest : public ::testing::Test {
 protected:
  static Task<absl::Status> Answer(Condition* quit, bool* ended,
                                   net::http::ServerRequest& in,
                                   net::http::ResponseWriter& out) {
    const std::string path = in.url.path;
    if (path == "/version") {
      *ended = true;
      quit->NotifyAll();
    }
    // A server that never answers.
    if (path == "/api/v1/namespaces/default/replicationcontrollers") {
      absl::Status slept = co_await Sleep(absl::InfiniteDuration());
      co_return slept;
    }
    auto it = Answers().find(path);
    const int code = it == Answers().end() ? 404 : 200;
    const std::string answer = it == Answers().end() ? "{}" : it->second;
    const std::string type = "application/json";
    absl::Status sent = co_await net::http::Respond(out, code, type, answer);
    co_return sent;
  }

  // Serves until somebody asks for /version; the port goes to `port`.
  static Task<absl::Status> Serve(std::promise<uint16_t>* port) {
    Executor executor = co_await kThisExecutor;
    Condition quit(executor);
    bool ended = false;
    auto listener = net::ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    auto server = net::http::NewServer(
        executor,
        [&](net::http::ServerRequest& in, net::http::ResponseWriter& out) {
          return Answer(&quit, &ended, in, out);
        },
        {});
    port->set_value((*listener)->address().port);
    TaskGroup tasks(executor);
    tasks.Spawn([&]() { return server->Serve(*std::move(listener)); });
    while (!ended) {
      absl::Status waited = co_await quit.Wait();
      if (!waited.ok()) break;
    }
    absl::Status down = co_await server->Shutdown(absl::Milliseconds(100));
    down.IgnoreError();
    tasks.Cancel();
    absl::Status joined = co_await tasks.Join();
    joined.IgnoreError();
    co_return absl::OkStatus();
  }

  void SetUp() override {
    std::promise<uint16_t> port;
    std::future<uint16_t> got = port.get_future();
    thread_ = std::thread([port = std::move(port)]() mutable {
      absl::Status served = RunLoop([&port] { return Serve(&port); });
      EXPECT_THAT(served, IsOk());
    });
    const std::string path = ::testing::TempDir() + "/kubeconfig";
    std::ofstream(path) << "current-context: here\n"
                           "clusters: [{name: c1, cluster: {server: "
                           "\"http://127.0.0.1:"
                        << got.get()
                        << "\"}}]\n"
                           "users: [{name: u1, user: {}}]\n"
                           "contexts:\n"
                           "- {name: here, context: {cluster: c1, user: u1}}\n"
                           "- {name: there@far, context: {cluster: c1, user: "
                           "u1, namespace: kube-system}}\n"
                           "- {name: \"two words\", context: {cluster: c1}}\n";
    setenv("KUBECONFIG", path.c_str(), 1);
  }

  void TearDown() override {
    Kubectl({"version"});
    thread_.join();
  }

  std::string Kubectl(const std::vector<std::string>& args) {
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    code_ = RunKubectl(args, {&in, &out, &err}, nullptr);
    err_ = err.str();
    return out.str();
  }

  std::string Complete(std::vector<std::string> words) {
    words.insert(words.begin(), "__completeNoDesc");
    const std::string out = Kubectl(words);
    EXPECT_EQ(code_, 0);
    EXPECT_EQ(err_, "");
    return out;
  }

  std::thread thread_;
  int code_ = -1;
  std::string err_;
};

TEST_F(CompleteTest, CommandsAndFlags) {
  EXPECT_EQ(Complete({"p"}), "port-forward\n:4\n");
  EXPECT_EQ(Complete({"co"}), "completion\nconfig\n:4\n");
  EXPECT_EQ(Kubectl({"__complete", "ge"}),
            "get\tDisplay one or many resources\n:4\n");
  EXPECT_THAT(Complete({""}), Not(HasSubstr("__complete")));
  EXPECT_EQ(Complete({"config", "get-"}), "get-contexts\n:4\n");
  EXPECT_EQ(Complete({"help", "v"}), "version\n:4\n");
  EXPECT_EQ(Complete({"help", "config", "c"}), "current-context\n:4\n");
  EXPECT_EQ(Complete({"port-forward", "--sess"}),
            "--session-per-connection\n:4\n");
  EXPECT_EQ(Complete({"port-forward", "--name"}), "--namespace\n:4\n");
  EXPECT_THAT(Complete({"get", "-"}),
              AllOf(HasSubstr("\n--output\n"), HasSubstr("\n-o\n"),
                    HasSubstr("\n--help\n")));
}

TEST_F(CompleteTest, ValuesOfFlags) {
  EXPECT_EQ(Complete({"get", "-o", ""}), "json\nyaml\nwide\nname\n:4\n");
  EXPECT_EQ(Complete({"get", "pods", "--output", "j"}), "json\n:4\n");
  EXPECT_EQ(Complete({"get", "--output=w"}), "wide\n:4\n");
  EXPECT_EQ(Complete({"get", "-o=w"}), "wide\n:4\n");
  EXPECT_EQ(Complete({"port-forward", "--session-per-connection", ""}),
            "auto\nalways\nnever\n:4\n");
  EXPECT_EQ(Complete({"port-forward", "--pods="}),
            "one\neach\nround-robin\n:4\n");
  EXPECT_EQ(Complete({"port-forward", "-o", ""}), "json\n:4\n");
  EXPECT_EQ(Complete({"completion", ""}), "bash\nzsh\nfish\n:4\n");
  EXPECT_EQ(Complete({"completion", "bash", ""}), ":4\n");
  EXPECT_EQ(Complete({"get", "-A", "po"}), "pods\n:4\n");
  // Files are the shell's.
  EXPECT_EQ(Complete({"create", "-f", ""}), ":0\n");
  EXPECT_EQ(Complete({"--kubeconfig", ""}), ":0\n");
}

TEST_F(CompleteTest, KubeconfigsNamesThatAreOneWord) {
  EXPECT_EQ(Complete({"--context", ""}), "here\nthere@far\n:4\n");
  EXPECT_EQ(Complete({"get", "--context=th"}), "there@far\n:4\n");
  EXPECT_EQ(Complete({"--cluster", ""}), "c1\n:4\n");
  EXPECT_EQ(Complete({"--user", ""}), "u1\n:4\n");
  EXPECT_EQ(Complete({"config", "get-contexts", "h"}), "here\n:4\n");
}

TEST_F(CompleteTest, ServersObjects) {
  EXPECT_EQ(Complete({"-n", ""}), "default\nkube-system\n:4\n");
  EXPECT_EQ(Complete({"get", "po"}), "pods\n:4\n");
  EXPECT_EQ(Complete({"get", "pods", ""}), "db\nweb-1\nweb-2\n:4\n");
  EXPECT_EQ(Complete({"delete", "po", "web-1", "w"}), "web-2\n:4\n");
  EXPECT_EQ(Complete({"get", "pod/d"}), "pod/db\n:4\n");
  EXPECT_EQ(Complete({"get", "pod/db", "po/w"}), "po/web-1\npo/web-2\n:4\n");
  EXPECT_EQ(Complete({"get", "foo", ""}), ":4\n");
}

TEST_F(CompleteTest, FlagsBeforeTheCursorCount) {
  EXPECT_EQ(Complete({"get", "-n", "kube-system", "pods", ""}), "dns\n:4\n");
  EXPECT_EQ(Complete({"--context=there@far", "get", "pods", ""}), "dns\n:4\n");
  EXPECT_EQ(Complete({"-s", "http://127.0.0.1:1", "get", "pods", ""}), ":4\n");
}

TEST_F(CompleteTest, PortForwardsTargetsAndPorts) {
  EXPECT_EQ(Complete({"port-forward", ""}),
            "db\nweb-1\nweb-2\npod/\nservice/\ndeployment/\nreplicaset/\n"
            "statefulset/\ndaemonset/\njob/\nreplicationcontroller/\n:4\n");
  EXPECT_EQ(Complete({"port-forward", "dep"}), "deployment/\n:6\n");
  EXPECT_EQ(Complete({"port-forward", "deploy/"}), "deploy/web\n:4\n");
  EXPECT_EQ(Complete({"port-forward", "db", ""}), "5432\nsql\n9187\n:4\n");
  EXPECT_EQ(Complete({"port-forward", "pod/db", "5432", "80:"}),
            "80:5432\n80:sql\n80:9187\n:4\n");
  EXPECT_EQ(Complete({"port-forward", "svc/web", ""}), "80\nhttp\n:4\n");
  EXPECT_EQ(Complete({"port-forward", "deploy/web", ":"}), ":8080\n:4\n");
  EXPECT_EQ(Complete({"port-forward", "deploy/", ""}), ":4\n");
  EXPECT_EQ(Complete({"port-forward", "svc/web", "80", "--", "db", "5432", "--",
                      "w"}),
            "web-1\nweb-2\n:4\n");
  EXPECT_EQ(Complete({"port-forward", "svc/web", "80", "--", "db", "s"}),
            "sql\n:4\n");
}

TEST_F(CompleteTest, FailuresAreSilentAndBounded) {
  EXPECT_EQ(Complete({"get", "services", ""}), ":4\n");
  EXPECT_EQ(Complete({"get", "jobs", ""}), ":4\n");
  EXPECT_EQ(Complete({"fooo", ""}), ":4\n");
  EXPECT_EQ(Complete({"get", "--foo", ""}), ":4\n");
  EXPECT_EQ(Complete({}), ":4\n");
  const absl::Time start = absl::Now();
  EXPECT_EQ(Complete({"get", "rc", ""}), ":4\n");
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(1900));
  EXPECT_LE(absl::Now() - start, absl::Seconds(4));
}

}  // namespace
}  // namespace fairway::cmd
