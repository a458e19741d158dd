// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/cmd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "api/errors.h"
#include "api/object.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/condition.h"
#include "base/task/loop.h"
#include "base/task/task_group.h"
#include "client/cmd/apply.h"
#include "client/cmd/printers.h"
#include "httpstream/spdy/session_options.h"
#include "net/http/handler.h"
#include "net/http/server.h"
#include "net/socket/socket.h"

namespace fairway::cmd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

Ran Kubectl(std::vector<std::string> args, const std::string& in = "") {
  std::istringstream input(in);
  std::ostringstream out;
  std::ostringstream err;
  Ran ran;
  ran.code =
      RunKubectl(args, {&input, &out, &err},
                 [](Executor, const rest::Config&, std::string, net::http::Url,
                    httpstream::spdy::SessionOptions session)
                     -> absl::StatusOr<std::unique_ptr<httpstream::Dialer>> {
                   return absl::UnavailableError(
                       absl::StrCat("no dialer for ", session.name, ", ",
                                    absl::FormatDuration(session.ping_timeout),
                                    ", ", session.stream_window_bytes, " to ",
                                    session.max_stream_window_bytes));
                 });
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

struct ErrorCase {
  std::vector<std::string> args;
  const char* err;
};

class CommandLineErrorTest : public ::testing::TestWithParam<ErrorCase> {
 protected:
  void SetUp() override {
    setenv("KUBECONFIG", "/dev/null", 1);
    unsetenv("KUBERNETES_MASTER");
  }
};

// What kubectl 1.20.2 wrote for the same command lines.
TEST_P(CommandLineErrorTest, IsToldInUpstreamsWords) {
  const Ran ran = Kubectl(GetParam().args);
  EXPECT_EQ(ran.err, GetParam().err);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.code, 1);
}

INSTANTIATE_TEST_SUITE_P(
    Table, CommandLineErrorTest,
    ::testing::Values(
        ErrorCase{{"fooo"},
                  "Error: unknown command \"fooo\" for \"kubectl\"\n"
                  "Run 'kubectl --help' for usage.\n"},
        ErrorCase{{"ge"},
                  "Error: unknown command \"ge\" for \"kubectl\"\n\nDid you "
                  "mean this?\n\tget\n\nRun 'kubectl --help' for usage.\n"},
        ErrorCase{{"--version"},
                  "Error: unknown flag: --version\nSee 'kubectl --help' for "
                  "usage.\n"},
        ErrorCase{{"get", "pods", "-n"},
                  "Error: flag needs an argument: 'n' in -n\nSee 'kubectl get "
                  "--help' for usage.\n"},
        ErrorCase{{"get", "pods", "--namespace"},
                  "Error: flag needs an argument: --namespace\nSee 'kubectl "
                  "get --help' for usage.\n"},
        ErrorCase{{"delete", "pod", "x", "--wait=foo"},
                  "Error: invalid argument \"foo\" for \"--wait\" flag: "
                  "strconv.ParseBool: parsing \"foo\": invalid syntax\nSee "
                  "'kubectl delete --help' for usage.\n"},
        ErrorCase{{"get", "pods", "-v", "foo"},
                  "Error: invalid argument \"foo\" for \"-v, --v\" flag: "
                  "strconv.ParseInt: parsing \"foo\": invalid syntax\nSee "
                  "'kubectl get --help' for usage.\n"},
        ErrorCase{{"get"},
                  "You must specify the type of resource to get. Use \"kubectl "
                  "api-resources\" for a complete list of supported "
                  "resources.\n\nerror: Required resource not specified.\nUse "
                  "\"kubectl explain <resource>\" for a detailed description "
                  "of that resource (e.g. kubectl explain pods).\nSee 'kubectl "
                  "get -h' for help and examples\n"},
        ErrorCase{{"get", "foo"},
                  "error: the server doesn't have a resource type \"foo\"\n"},
        ErrorCase{{"get", "pods", "--kubeconfig=/nope"},
                  "error: stat /nope: no such file or directory\n"},
        ErrorCase{{"get", "pods", "--context", "x"},
                  "Error in configuration: context was not found for specified "
                  "context: x\n"},
        ErrorCase{{"-s", "http://127.0.0.1:1", "get", "pods"},
                  "The connection to the server 127.0.0.1:1 was refused - did "
                  "you specify the right host or port?\n"},
        ErrorCase{{"delete"},
                  "error: You must provide one or more resources by argument "
                  "or filename.\nExample resource specifications include:\n   "
                  "'-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> "
                  "<name>'\n   '<resource>'\n"},
        ErrorCase{{"delete", "pod/x", "y"},
                  "error: there is no need to specify a resource type as a "
                  "separate argument when passing arguments in resource/name "
                  "form (e.g. 'kubectl get resource/<resource_name>' instead "
                  "of 'kubectl get resource resource/<resource_name>'\n"},
        ErrorCase{{"delete", "-f", "/nope"},
                  "error: the path \"/nope\" does not exist\n"},
        ErrorCase{{"apply"}, "error: must specify one of -f and -k\n"}));

TEST(HelpTest, EveryCommandHasItsSections) {
  for (const char* command :
       {"port-forward", "get", "create", "apply", "delete", "version"}) {
    const Ran ran = Kubectl({command, "--help"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.err, "");
    EXPECT_THAT(
        ran.out,
        AllOf(HasSubstr("\nExamples:\n"), HasSubstr("\nOptions:\n"),
              HasSubstr(absl::StrCat("\nUsage:\n  kubectl ", command, " "))));
    EXPECT_EQ(Kubectl({"help", command}).out, ran.out);
    EXPECT_EQ(Kubectl({command, "-h"}).out, ran.out);
  }
  EXPECT_THAT(Kubectl({}).out, StartsWith("kubectl controls the Kubernetes"));
  EXPECT_THAT(Kubectl({"options"}).out, HasSubstr("  -n, --namespace='': "));
  EXPECT_THAT(Kubectl({"port-forward", "-h"}).out,
              AllOf(HasSubstr("      --address=[localhost]: "),
                    HasSubstr("      --max-stream-window-bytes=16777216: "),
                    HasSubstr("      --ping-timeout=30s: "),
                    HasSubstr("      --session-per-connection='auto': ")));
}

TEST(VersionTest, ClientLineHasUpstreamsShape) {
  const Ran ran = Kubectl({"version", "--client"});
  EXPECT_THAT(ran.out,
              StartsWith("Client Version: version.Info{Major:\"1\", "
                         "Minor:\"20\", GitVersion:\"v1.20.2+fairway."));
  EXPECT_EQ(ran.code, 0);
}

TEST(FormatTableTest, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(FormatTable({{"NAME", "AGE"}, {"a-long-name", "5s"}}),
            "NAME          AGE\na-long-name   5s\n");
  EXPECT_EQ(FormatTable({{"A", "B"}}), "A     B\n");
}

TEST(LayOverTest, ManifestsFieldsWinAndOthersStay) {
  EXPECT_EQ(LayOver(R"({"a":1,"l":[{"x":1,"d":2}],"m":{"k":1,"gone":2}})",
                    R"({"l":[{"x":3}],"m":{"gone":null,"new":4}})"),
            R"({"a":1,"l":[{"d":2,"x":3}],"m":{"k":1,"new":4}})");
}

// An API server that keeps documents by path.
class KubectlTest : public ::testing::Test {
 protected:
  struct State {
    explicit State(Executor executor) : quit(executor) {}
    std::map<std::string, std::string> objects;
    bool ended = false;
    Condition quit;
  };

  static constexpr char kInvalidStatus[] =
      R"({"kind":"Status","status":"Failure","code":422,"reason":"Invalid",)"
      R"("message":"Deployment.apps \"invalid\" is invalid: [...]",)"
      R"("details":{"name":"invalid","group":"apps","kind":"Deployment",)"
      R"("causes":[{"field":"spec.a","message":"Required value"},)"
      R"({"field":"spec.b","message":"Forbidden: no"},)"
      R"({"field":"spec.a","message":"Required value"}]}})";

  static bool IsCollection(const std::string& path) {
    for (const char* plural : {"/pods", "/services", "/deployments"}) {
      if (absl::EndsWith(path, plural)) return true;
    }
    return false;
  }

  // As a server that has Tables shows objects: by name, and by node if wide.
  static std::string TableOf(const std::string& answer) {
    nlohmann::json table = {{"kind", "Table"},
                            {"columnDefinitions",
                             {{{"name", "Name"}, {"priority", 0}},
                              {{"name", "Node"}, {"priority", 1}}}},
                            {"rows", nlohmann::json::array()}};
    const nlohmann::json json = nlohmann::json::parse(answer);
    for (const nlohmann::json& object :
         json.value("items", nlohmann::json::array({json}))) {
      table["rows"].push_back(
          {{"cells",
            {object["metadata"]["name"], object["spec"].value("nodeName", "")}},
           {"object", object}});
    }
    return table.dump();
  }

  static Task<absl::Status> Answer(State* state, net::http::ServerRequest& in,
                                   net::http::ResponseWriter& out) {
    const std::string path = in.url.path;
    absl::StatusOr<std::string> body =
        co_await net::http::ReadAll(*in.body, 1 << 20);
    if (!body.ok()) co_return body.status();
    if (absl::EndsWith(path, "/quit")) {
      state->ended = true;
      state->quit.NotifyAll();
    }
    auto it = state->objects.find(path);
    int code = 200;
    std::string answer;
    if (in.method == "POST") {
      nlohmann::json object = nlohmann::json::parse(*body);
      if (object["metadata"].contains("generateName")) {
        object["metadata"]["name"] = "g-x2y4z";
        *body = object.dump();
      }
      const std::string name = object["metadata"]["name"];
      const std::string key = absl::StrCat(path, "/", name);
      const bool fresh = state->objects.emplace(key, *body).second;
      code = fresh ? 201 : 409;
      answer = fresh ? *body
                     : api::ToJson(api::StatusOfError(
                           api::NewAlreadyExists("pods", name)));
      if (name == "invalid") {
        code = 422;
        answer = kInvalidStatus;
      }
    } else if (IsCollection(path)) {
      // Items leave out what the list says of all.
      nlohmann::json items = nlohmann::json::array();
      for (const auto& [key, value] : state->objects) {
        if (!absl::StartsWith(key, path) && path != "/api/v1/pods") continue;
        items.push_back(nlohmann::json::parse(value));
        items.back().erase("kind");
        items.back().erase("apiVersion");
      }
      answer = nlohmann::json({{"kind", "List"}, {"items", items}}).dump();
    } else if (it == state->objects.end()) {
      code = 404;
      answer = api::ToJson(api::StatusOfError(
          api::NewNotFound("pods", path.substr(path.rfind('/') + 1))));
    } else {
      if (in.method == "PUT") it->second = *body;
      answer = it->second;
      if (in.method == "DELETE") state->objects.erase(it);
    }
    if (code == 200 &&
        absl::StrContains(in.headers.Get("Accept"), "as=Table")) {
      answer = TableOf(answer);
    }
    absl::Status sent =
        co_await net::http::Respond(out, code, "application/json", answer);
    co_return sent;
  }

  // Serves until somebody asks for /quit; the port goes to `port`.
  static Task<absl::Status> Serve(std::promise<uint16_t>* port) {
    Executor executor = co_await kThisExecutor;
    State state(executor);
    auto listener = net::ListenTcp(executor, "127.0.0.1", 0);
    if (!listener.ok()) co_return listener.status();
    auto server = net::http::NewServer(
        executor,
        [&state](net::http::ServerRequest& in, net::http::ResponseWriter& out) {
          return Answer(&state, in, out);
        },
        {});
    port->set_value((*listener)->address().port);
    TaskGroup tasks(executor);
    tasks.Spawn([&]() { return server->Serve(*std::move(listener)); });
    while (!state.ended) {
      absl::Status waited = co_await state.quit.Wait();
      if (!waited.ok()) break;
    }
    absl::Status down = co_await server->Shutdown(absl::Seconds(1));
    tasks.Cancel();
    absl::Status joined = co_await tasks.Join();
    joined.IgnoreError();
    co_return down;
  }

  void SetUp() override {
    setenv("KUBECONFIG", "/dev/null", 1);
    std::promise<uint16_t> port;
    std::future<uint16_t> got = port.get_future();
    thread_ = std::thread([port = std::move(port)]() mutable {
      absl::Status served = RunLoop([&port] { return Serve(&port); });
      EXPECT_THAT(served, IsOk());
    });
    server_ = absl::StrCat("http://127.0.0.1:", got.get());
  }

  void TearDown() override {
    Run({"get", "pods", "quit"});
    thread_.join();
  }

  Ran Run(std::vector<std::string> args, const std::string& in = "") {
    args.insert(args.begin(), {"-s", server_});
    return Kubectl(std::move(args), in);
  }

  std::thread thread_;
  std::string server_;
};

constexpr char kPod[] =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, uid: u1}\n"
    "spec: {nodeName: n1, containers: [{name: c, image: i}]}\n"
    "status: {phase: Pending, podIP: 10.0.0.1}\n";

TEST_F(KubectlTest, CreatesGetsAppliesAndDeletes) {
  EXPECT_EQ(Run({"create", "-f", "-"}, kPod).out, "pod/web created\n");
  const Ran again = Run({"create", "-f", "-"}, kPod);
  EXPECT_EQ(again.err,
            "Error from server (AlreadyExists): error when creating "
            "\"STDIN\": pods \"web\" already exists\n");
  EXPECT_EQ(again.code, 1);
  EXPECT_EQ(Run({"get", "pods"}).out, "NAME\nweb\n");
  EXPECT_EQ(Run({"get", "po", "web", "-owide", "--no-headers"}).out,
            "web   n1\n");
  EXPECT_EQ(Run({"get", "pod/web", "-o", "name"}).out, "pod/web\n");
  EXPECT_EQ(Run({"get", "pods", "-A"}).out,
            "NAMESPACE   NAME\ndefault     web\n");
  EXPECT_THAT(Run({"get", "pod", "web", "-o=yaml"}).out,
              HasSubstr("metadata:\n  name: web\n  namespace: default\n"));
  EXPECT_THAT(Run({"get", "pods", "-o", "json"}).out,
              StartsWith("{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n"));
  EXPECT_EQ(Run({"apply", "-f", "-"}, kPod).out, "pod/web unchanged\n");
  EXPECT_EQ(Run({"apply", "-f", "-"},
                absl::StrCat(kPod,
                             "---\napiVersion: v1\nkind: Pod\nmetadata: "
                             "{name: other}\n"))
                .out,
            "pod/web unchanged\npod/other created\n");
  EXPECT_EQ(Run({"apply", "-f", "-"},
                "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {a: "
                "b}}\n")
                .out,
            "pod/web configured\n");
  EXPECT_EQ(Run({"delete", "pod", "web"}).out, "pod \"web\" deleted\n");
  const Ran gone = Run({"get", "pods", "web"});
  EXPECT_EQ(gone.err, "Error from server (NotFound): pods \"web\" not found\n");
  EXPECT_EQ(gone.code, 1);
}

constexpr char kGroups[] =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, uid: u1}\n"
    "spec: {replicas: 1}\n---\n"
    "apiVersion: v1\nkind: Service\nmetadata: {name: s, uid: u2}\n"
    "spec: {type: ClusterIP}\n";

TEST_F(KubectlTest, KindsOfGroupsBearTheirGroup) {
  EXPECT_EQ(Run({"create", "-f", "-"}, kGroups).out,
            "deployment.apps/d created\nservice/s created\n");
  EXPECT_EQ(Run({"apply", "-f", "-"}, kGroups).out,
            "deployment.apps/d unchanged\nservice/s unchanged\n");
  EXPECT_EQ(Run({"get", "deploy"}).out, "NAME\nd\n");
  for (const char* type : {"deploy/d", "deployments/d", "deployment.apps/d",
                           "deployments.v1.apps/d", "Deployment/d"}) {
    EXPECT_EQ(Run({"get", type, "-o", "name"}).out, "deployment.apps/d\n");
  }
  EXPECT_EQ(Run({"get", "svc", "-o", "name"}).out, "service/s\n");
  EXPECT_THAT(Run({"get", "deploy", "-o", "yaml"}).out,
              HasSubstr("- apiVersion: apps/v1\n  kind: Deployment\n"));
  EXPECT_EQ(Run({"delete", "deploy/d", "-o", "name"}).out,
            "deployment.apps/d\n");
  EXPECT_EQ(Run({"create", "-f", "-"}, kGroups).out,
            "deployment.apps/d created\n");
  EXPECT_EQ(Run({"delete", "-f", "-"}, kGroups).out,
            "deployment.apps \"d\" deleted\nservice \"s\" deleted\n");
}

TEST_F(KubectlTest, AGeneratedNameIsTold) {
  EXPECT_EQ(Run({"create", "-f", "-"},
                "apiVersion: v1\nkind: Pod\nmetadata: {generateName: g-}\n")
                .out,
            "pod/g-x2y4z created\n");
}

constexpr char kInvalid[] =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: invalid}\n";

TEST_F(KubectlTest, FaultsOfAnObjectAreListed) {
  EXPECT_EQ(Run({"create", "-f", "-"}, kInvalid).err,
            "The Deployment \"invalid\" is invalid: \n* spec.a: Required "
            "value\n* spec.b: Forbidden: no\n");
}

TEST_F(KubectlTest, SeveralErrorsAreToldFromWhereTheyCame) {
  const Ran ran =
      Run({"create", "-f", "-"},
          absl::StrCat(kInvalid, "---\n", kGroups, "---\n", kInvalid));
  EXPECT_EQ(ran.out, "deployment.apps/d created\nservice/s created\n");
  constexpr char kError[] =
      "Error from server (Invalid): error when creating \"STDIN\": "
      "Deployment.apps \"invalid\" is invalid: [...]\n";
  EXPECT_EQ(ran.err, absl::StrCat(kError, kError));
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(Run({"get", "deploy", "a", "d", "b"}).err,
            "Error from server (NotFound): pods \"a\" not found\n"
            "Error from server (NotFound): pods \"b\" not found\n");
}

TEST_F(KubectlTest, AKindIsKnownInItsGroupAlone) {
  EXPECT_EQ(Run({"create", "-f", "-"},
                "apiVersion: v1\nkind: Deployment\nmetadata: {name: x}\n")
                .err,
            "error: unable to recognize \"STDIN\": no matches for kind "
            "\"Deployment\" in version \"v1\"\n");
  EXPECT_EQ(Run({"apply", "-f", "-"},
                "apiVersion: apps/v1\nkind: Service\nmetadata: {name: x}\n")
                .err,
            "error: unable to recognize \"STDIN\": no matches for kind "
            "\"Service\" in version \"apps/v1\"\n");
}

TEST_F(KubectlTest, NothingFoundIsNoError) {
  const Ran ran = Run({"get", "pods"});
  EXPECT_EQ(ran.err, "No resources found in default namespace.\n");
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.code, 0);
}

TEST_F(KubectlTest, ManifestsOfUnknownKindsAreRefused) {
  EXPECT_EQ(Run({"create", "-f", "-"}, "apiVersion: v2\nkind: Foo\n").err,
            "error: unable to recognize \"STDIN\": no matches for kind "
            "\"Foo\" in version \"v2\"\n");
  EXPECT_EQ(Run({"create", "-n", "b", "-f", "-"},
                "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: "
                "a}\n")
                .err,
            "error: the namespace from the provided object \"a\" does not "
            "match the namespace \"b\". You must pass '--namespace=a' to "
            "perform this operation.\n");
}

TEST_F(KubectlTest, RelativePathsStartWhereThePersonStands) {
  std::ofstream(::testing::TempDir() + "/pod.yaml") << kPod;
  setenv("BUILD_WORKING_DIRECTORY", ::testing::TempDir().c_str(), 1);
  const Ran ran = Run({"create", "-f", "pod.yaml"});
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(ran.out, "pod/web created\n");
}

}  // namespace
}  // namespace fairway::cmd
