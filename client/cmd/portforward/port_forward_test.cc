// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/port_forward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "client/cmd/factory.h"
#include "client/cmd/portforward/testing/kubectl_run.h"
#include "httpstream/spdy/session_options.h"

namespace fairway::cmd {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct ErrorCase {
  std::vector<std::string> args;
  std::string err;
};

constexpr char kHelp[] =
    "\nSee 'kubectl port-forward -h' for help and examples\n";
constexpr char kUsage[] = "\nSee 'kubectl port-forward --help' for usage.\n";

// Of what kubectl 1.20.2 knows, what it wrote for the same command lines.
TEST(UsageTest, ErrorsAreToldInUpstreamsWords) {
  const std::string required = absl::StrCat(
      "error: TYPE/NAME and list of ports are required for port-forward",
      kHelp);
  const std::vector<ErrorCase> cases = {
      {{}, required},
      {{"pod/x"}, required},
      {{"--foo"}, absl::StrCat("Error: unknown flag: --foo", kUsage)},
      {{"-z"},
       absl::StrCat("Error: unknown shorthand flag: 'z' in -z", kUsage)},
      {{"x", "80", "--pod-running-timeout=x"},
       absl::StrCat(
           "Error: invalid argument \"x\" for \"--pod-running-timeout\" "
           "flag: time: invalid duration \"x\"",
           kUsage)},
      {{"x", "80", "--pod-running-timeout", "0s"},
       absl::StrCat("error: --pod-running-timeout must be higher than zero",
                    kHelp)},
      {{"x", "80", "--ping-timeout=-1s"},
       absl::StrCat("error: --ping-timeout must be higher than zero", kHelp)},
      {{"x", "80", "--reconnect-timeout=0s"},
       absl::StrCat("error: --reconnect-timeout must be higher than zero",
                    kHelp)},
      {{"x", "80", "--session-per-connection=yes"},
       absl::StrCat(
           "error: invalid session-per-connection value (yes). Must be "
           "\"auto\", \"always\", or \"never\".",
           kHelp)},
      {{"x", "80", "--pods=two"},
       absl::StrCat("error: invalid pods value (two). Must be \"one\", "
                    "\"each\", or \"round-robin\".",
                    kHelp)},
      {{"x", "80", "--max-stream-window-bytes=65535"},
       absl::StrCat(
           "error: --max-stream-window-bytes must be between 65536 and "
           "2147483647",
           kHelp)},
      {{"x", "80", "--max-stream-window-bytes=1M"},
       absl::StrCat("Error: invalid argument \"1M\" for "
                    "\"--max-stream-window-bytes\" flag: strconv.ParseInt: "
                    "parsing \"1M\": invalid syntax",
                    kUsage)},
      {{"x", "80", "--reconnect=perhaps"},
       absl::StrCat("Error: invalid argument \"perhaps\" for \"--reconnect\" "
                    "flag: strconv.ParseBool: parsing \"perhaps\": invalid "
                    "syntax",
                    kUsage)},
      {{"x", "80", "-o", "yaml"},
       absl::StrCat("error: --output must be 'json'", kHelp)},
      {{"x", "80", "--ready-fd=1"},
       absl::StrCat("Error: invalid argument \"1\" for \"--ready-fd\" flag: "
                    "want 3 or more",
                    kUsage)},
      {{"x", "80", "--unix-socket-mode=0800"},
       absl::StrCat("error: invalid unix-socket-mode value (0800). Must be "
                    "octal, from 0 to 0777.",
                    kHelp)},
      {{"x", "80", "--unix-socket-mode=1777"},
       absl::StrCat("error: invalid unix-socket-mode value (1777). Must be "
                    "octal, from 0 to 0777.",
                    kHelp)},
      {{"x", "80", "--address=example.com"},
       "error: example.com is not a valid IP\n"},
      {{"x", "80", "--address="},
       "error: you must specify at least 1 address\n"},
      {{"a/b/c", "80"},
       "error: arguments in resource/name form may not have more than one "
       "slash\n"},
      {{"foo/x", "80"},
       "error: the server doesn't have a resource type \"foo\"\n"},
      {{"-f", "/nope"}, "error: the path \"/nope\" does not exist\n"},
      {{"a", "80", "--", "b"},
       absl::StrCat("error: forward 2 (b): TYPE/NAME and list of ports are "
                    "required for port-forward",
                    kHelp)},
      {{"-s", "http://127.0.0.1:1", "x", "80"},
       "The connection to the server 127.0.0.1:1 was refused - did you specify "
       "the right host or port?\n"},
  };
  for (const ErrorCase& c : cases) {
    const KubectlResult ran = RunToEnd(c.args);
    EXPECT_EQ(ran.err, c.err);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.code, 1);
  }
}

constexpr char kPods[] = "/api/v1/namespaces/default/pods/";

class PortForwardTest : public ::testing::Test {
 protected:
  // The command's arguments toward the server.
  std::vector<std::string> Args(std::vector<std::string> args) const {
    args.insert(args.begin(), {"-s", server_.url()});
    return args;
  }

  const ScriptedServer server_{{
      {absl::StrCat(kPods, "web"), PodJson("web", "Running")},
      {absl::StrCat(kPods, "db"), PodJson("db", "Running")},
      {absl::StrCat(kPods, "late"), PodJson("late", "Pending")},
  }};
  const std::string folder_ = ::testing::TempDir();
};

// The lines of JSON in `text`.
std::vector<json> Events(const std::string& text) {
  std::vector<json> events;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    events.push_back(json::parse(line.begin(), line.end(), nullptr, false));
  }
  return events;
}

std::string ReadText(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return in ? text.str() : "no file";
}

TEST_F(PortForwardTest, WritesUpstreamsLinesAndEndsAtASignal) {
  for (const char* reconnect : {"--reconnect=true", "--reconnect=false"}) {
    const std::string file = folder_ + "/text.json";
    KubectlRun run(
        Args({"pods/web", ":http", "--ports-file", file, reconnect}));
    ASSERT_TRUE(run.WaitReady());
    const json ports = json::parse(ReadText(file), nullptr, false);
    const int port = ports["forwards"][0]["listeners"][0]["localPort"];
    EXPECT_EQ(TalkTcp(port, "hello"), "hello");
    const KubectlResult ran = run.Interrupt();
    const std::string number = absl::StrCat(port);
    EXPECT_THAT(ran.out,
                StartsWith("Forwarding from 127.0.0.1:" + number + " -> 80\n"));
    EXPECT_THAT(ran.out,
                EndsWith("\nHandling connection for " + number + "\n"));
    EXPECT_EQ(ran.err, "");
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ReadText(file), "no file");
  }
}

TEST_F(PortForwardTest, WithoutReconnectAPodHasToRunAlready) {
  EXPECT_EQ(RunToEnd(Args({"nobody", "80"})).err,
            "Error from server (NotFound): pods \"nobody\" not found\n");
  const KubectlResult ran =
      RunToEnd(Args({"--reconnect=false", "pods/late", "80"}));
  EXPECT_EQ(ran.err,
            "error: unable to forward port because pod is not running. "
            "Current status=Pending\n");
  EXPECT_EQ(ran.code, 1);
}

TEST_F(PortForwardTest, SessionsAreAsTheFlagsSay) {
  const DialerFactory dialers = [](Executor, const rest::Config&, std::string,
                                   net::http::Url,
                                   httpstream::spdy::SessionOptions session)
      -> absl::StatusOr<std::unique_ptr<httpstream::Dialer>> {
    return absl::UnavailableError(absl::StrCat(
        "no dialer for ", session.name, ", ",
        absl::FormatDuration(session.ping_timeout), ", ",
        session.stream_window_bytes, " to ", session.max_stream_window_bytes));
  };
  EXPECT_THAT(RunToEnd(Args({"web", "80"}), dialers).err,
              HasSubstr(absl::StrCat(
                  "no dialer for kubectl, 30s, ",
                  httpstream::spdy::SessionOptions().stream_window_bytes,
                  " to 16777216\n")));
  EXPECT_THAT(
      RunToEnd(Args({"web", "80", "--session-per-connection", "never",
                     "--ping-timeout=7s", "--max-stream-window-bytes=100000"}),
               dialers)
          .err,
      HasSubstr("no dialer for kubectl, 7s, 100000 to 100000\n"));
}

TEST_F(PortForwardTest, JsonIsAnEventALine) {
  const std::string file = folder_ + "/events.json";
  KubectlRun run(Args({"web", ":80", "-o", "json", "--address=127.0.0.1",
                       "--ports-file", file}));
  ASSERT_TRUE(run.WaitReady());
  const json ports = json::parse(ReadText(file), nullptr, false);
  const int port = ports["forwards"][0]["listeners"][0]["localPort"];
  EXPECT_EQ(TalkTcp(port, "hello"), "hello");
  const KubectlResult ran = run.Interrupt();
  std::vector<std::string> names;
  const std::vector<json> events = Events(ran.out);
  for (const json& event : events) {
    ASSERT_TRUE(event.is_object()) << ran.out;
    EXPECT_EQ(event["forward"], "web");
    names.push_back(event["event"]);
  }
  ASSERT_THAT(names,
              ElementsAre("connected", "listening", "accepted", "closed"));
  EXPECT_EQ(events[0]["podUID"], "u-web");
  EXPECT_EQ(events[1]["localPort"], port);
  EXPECT_EQ(events[3]["pod"], "web");
  EXPECT_EQ(events[3]["sentBytes"], 5);
  EXPECT_EQ(events[3]["receivedBytes"], 5);
  EXPECT_FALSE(events[3].contains("error")) << events[3];
  EXPECT_EQ(ran.err, "");
}

TEST_F(PortForwardTest, JsonTellsTheErrorOfTheEndToo) {
  const KubectlResult ran = RunToEnd(Args({"nobody", "80", "-ojson"}));
  const std::vector<json> events = Events(ran.out);
  ASSERT_EQ(events.size(), 1u) << ran.out;
  EXPECT_EQ(events[0]["event"], "error");
  EXPECT_EQ(events[0]["final"], true);
  EXPECT_EQ(events[0]["message"],
            "Error from server (NotFound): pods \"nobody\" not found");
  EXPECT_EQ(ran.err,
            "Error from server (NotFound): pods \"nobody\" not found\n");
}

TEST_F(PortForwardTest, QuietWritesNoLineForWhatGoesWell) {
  KubectlRun run(Args({"-q", "web", ":80"}));
  ASSERT_TRUE(run.WaitReady());
  const KubectlResult ran = run.Interrupt();
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(RunToEnd(Args({"-q", "nobody", "80"})).err,
            "Error from server (NotFound): pods \"nobody\" not found\n");
}

TEST_F(PortForwardTest, SeveralForwardsEachGoOnByThemselves) {
  const std::string file = folder_ + "/several.json";
  const std::string yaml =
      "forwards: [{target: pod/db, ports: [':80'], name: data, addresses: "
      "[127.0.0.1]}]\n";
  KubectlRun run(Args({"-f", "-", "--ports-file", file, "web", ":80", "--",
                       "nobody", ":80"}),
                 yaml);
  ASSERT_TRUE(run.WaitReady());
  const json all = json::parse(ReadText(file), nullptr, false)["forwards"];
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[1]["error"],
            "Error from server (NotFound): pods \"nobody\" not found");
  EXPECT_EQ(all[2]["name"], "data");
  EXPECT_EQ(all[2]["listeners"].size(), 1u);
  for (const size_t i : {0, 2}) {
    const int port = all[i]["listeners"][0]["localPort"];
    EXPECT_EQ(TalkTcp(port, "hello"), "hello");
  }
  const KubectlResult ran = run.Interrupt();
  EXPECT_EQ(ran.err,
            "nobody: Error from server (NotFound): pods \"nobody\" not found\n"
            "error: 1 of 3 forwards failed\n");
  EXPECT_THAT(ran.out, AllOf(HasSubstr("web: Forwarding from 127.0.0.1:"),
                             HasSubstr("data: Forwarding from 127.0.0.1:"),
                             HasSubstr("data: Handling connection for ")));
  EXPECT_EQ(ran.code, 1);
}

TEST_F(PortForwardTest, SeveralForwardsThatAllFailEndTheCommand) {
  const KubectlResult ran =
      RunToEnd(Args({"nobody", ":80", "--", "web", ":none"}));
  EXPECT_THAT(
      ran.err,
      AllOf(HasSubstr("nobody: Error from server (NotFound)"),
            HasSubstr("web: error: Pod 'web' does not have a named port "
                      "'none'\n"),
            EndsWith("error: 2 of 2 forwards failed\n")));
  EXPECT_EQ(ran.code, 1);
}

TEST_F(PortForwardTest, AContextThatIsNotThereIsThatForwardsError) {
  const std::string yaml =
      "forwards:\n"
      "- {target: web, ports: [':80'], context: staging}\n"
      "- {target: db, ports: [':80']}\n";
  KubectlRun run(Args({"-f", "-"}), yaml);
  ASSERT_TRUE(run.WaitReady());
  EXPECT_EQ(run.Interrupt().err,
            "web: Error in configuration: context was not found for specified "
            "context: staging\nerror: 1 of 2 forwards failed\n");
}

TEST_F(PortForwardTest, EachForwardMayHaveItsContextAndNamespace) {
  const ScriptedServer other(
      {{"/api/v1/namespaces/shop/pods/web", PodJson("web", "Running")},
       {"/api/v1/namespaces/bank/pods/web", PodJson("web", "Running")}});
  const std::string kubeconfig = folder_ + "/kubeconfig";
  std::ofstream(kubeconfig)
      << "apiVersion: v1\nkind: Config\ncurrent-context: one\n"
      << "clusters:\n"
      << "- {name: one, cluster: {server: '" << server_.url() << "'}}\n"
      << "- {name: two, cluster: {server: '" << other.url() << "'}}\n"
      << "contexts:\n"
      << "- {name: one, context: {cluster: one}}\n"
      << "- {name: two, context: {cluster: two, namespace: shop}}\n";
  const std::string list = folder_ + "/list.yaml";
  std::ofstream(list)
      << "forwards:\n"
      << "- {target: web, ports: [':80']}\n"
      << "- {target: web, ports: [':80'], context: two}\n"
      << "- {target: web, ports: [':80'], context: two, namespace: bank}\n";
  const std::string file = folder_ + "/contexts.json";
  KubectlRun run({"--kubeconfig", kubeconfig, "-f", list, "--ports-file", file,
                  "--address=127.0.0.1"});
  ASSERT_TRUE(run.WaitReady());
  const json all = json::parse(ReadText(file), nullptr, false)["forwards"];
  std::vector<std::string> found;
  for (const json& forward : all) {
    found.push_back(absl::StrCat(forward["name"].get<std::string>(), " in ",
                                 forward["namespace"].get<std::string>()));
    const int port = forward["listeners"][0]["localPort"];
    EXPECT_EQ(TalkTcp(port, "hello"), "hello") << found.back();
  }
  EXPECT_THAT(found,
              ElementsAre("web in default", "web#2 in shop", "web#3 in bank"));
  const KubectlResult ran = run.Interrupt();
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.code, 0);
}

TEST_F(PortForwardTest, EachPodOfAServiceMayHaveItsLocalPort) {
  const ScriptedServer server(
      {{"/api/v1/namespaces/default/services/web",
        R"({"kind":"Service","apiVersion":"v1","metadata":{"name":"web"},)"
        R"("spec":{"selector":{"app":"web"},)"
        R"("ports":[{"port":8000,"targetPort":"http"}]}})"},
       {"/api/v1/namespaces/default/pods",
        absl::StrCat(R"({"kind":"PodList","apiVersion":"v1",)"
                     R"("metadata":{"resourceVersion":"1"},"items":[)",
                     PodJson("b", "Running"), ",", PodJson("a", "Running"),
                     "]}")}});
  const std::string file = folder_ + "/each.json";
  KubectlRun run({"-s", server.url(), "svc/web", ":8000", "--pods=each",
                  "--address=127.0.0.1", "--ports-file", file});
  ASSERT_TRUE(run.WaitReady());
  std::vector<std::string> pods;
  const json all = json::parse(ReadText(file), nullptr, false)["forwards"];
  for (const json& listener : all[0]["listeners"]) {
    pods.push_back(listener["pod"]);
    EXPECT_EQ(TalkTcp(listener["localPort"], "hello"), "hello");
  }
  EXPECT_THAT(pods, ElementsAre("a", "b"));
  EXPECT_EQ(run.Interrupt().err, "");
}

TEST_F(PortForwardTest, UnixSocketsComeWithTheirModeAndGo) {
  // The test's own folder may be too long a path for a socket.
  char folder[] = "/tmp/port_forward_test.XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = absl::StrCat(folder, "/db:1.sock");
  KubectlRun run(
      Args({"db", "unix:" + path + ":http", "--unix-socket-mode=640"}));
  ASSERT_TRUE(run.WaitReady());
  struct stat file = {};
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0640u);
  EXPECT_EQ(TalkUnix(path, "hello"), "hello");
  // Somebody listens there.
  const KubectlResult second = RunToEnd(Args({"db", "unix:" + path + ":80"}));
  EXPECT_THAT(second.err, HasSubstr(path));
  EXPECT_EQ(second.code, 1);
  const KubectlResult ran = run.Interrupt();
  // The second one has looked whether anybody is there.
  EXPECT_THAT(ran.out, StartsWith("Forwarding from unix:" + path +
                                  " -> 80\nHandling connection for unix:" +
                                  path + "\n"));
  EXPECT_NE(stat(path.c_str(), &file), 0);
  EXPECT_EQ(rmdir(folder), 0);
}

TEST_F(PortForwardTest, AClosedTerminalLeavesNothingBehind) {
  char folder[] = "/tmp/port_forward_test.XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = absl::StrCat(folder, "/db.sock");
  const std::string ports = absl::StrCat(folder, "/ports.json");
  KubectlRun run(Args({"db", "unix:" + path + ":http", "--ports-file", ports}));
  ASSERT_TRUE(run.WaitReady());
  const KubectlResult ran = run.Interrupt(SIGHUP);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.code, 0);
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  EXPECT_NE(access(ports.c_str(), F_OK), 0);
  EXPECT_EQ(rmdir(folder), 0);
}

TEST_F(PortForwardTest, APortInUseComesWithAHint) {
  const std::string file = folder_ + "/in_use.json";
  KubectlRun run(
      Args({"web", ":80", "--address=127.0.0.1", "--ports-file", file}));
  ASSERT_TRUE(run.WaitReady());
  const json ports = json::parse(ReadText(file), nullptr, false);
  const std::string port = absl::StrCat(
      ports["forwards"][0]["listeners"][0]["localPort"].get<int>());
  const KubectlResult second =
      RunToEnd(Args({"web", port + ":80", "--address=127.0.0.1"}));
  EXPECT_THAT(
      second.err,
      AllOf(StartsWith("Unable to listen on port " + port +
                       ": Listeners failed to create with the following "
                       "errors: [unable to create listener: Error listen tcp4 "
                       "127.0.0.1:" +
                       port + ": bind: address already in use]\nhint: port " +
                       port + " is in use by "),
            EndsWith("\nerror: unable to listen on any of the requested ports: "
                     "[{" +
                     port + " 80}]\n")));
}

TEST_F(PortForwardTest, ALackOfDescriptorsIsToldAndOutlived) {
  const std::string file = folder_ + "/descriptors.json";
  KubectlRun run(
      Args({"web", ":80", "--address=127.0.0.1", "--ports-file", file}));
  ASSERT_TRUE(run.WaitReady());
  const json ports = json::parse(ReadText(file), nullptr, false);
  const int port = ports["forwards"][0]["listeners"][0]["localPort"];
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  rlimit usual = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit none = {3, usual.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  ASSERT_TRUE(ConnectTcp(fd, port));
  EXPECT_THAT(run.NextErrorLine(),
              EndsWith(absl::StrCat("] error accepting connection on port ",
                                    port, ": accept tcp 127.0.0.1:", port,
                                    ": accept4: too many open files\n")));
  EXPECT_THAT(run.NextErrorLine(),
              AllOf(StartsWith("hint: every connection takes a file descriptor "
                               "or two, and the limit is 3: raise it by "
                               "\"ulimit -n NUMBER\"")));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &usual), 0);
  EXPECT_EQ(Talk(fd, "hello"), "hello");
  const KubectlResult ran = run.Interrupt();
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.code, 0);
}

TEST_F(PortForwardTest, APortsFileThatCannotBeWrittenEndsTheCommand) {
  const KubectlResult ran =
      RunToEnd(Args({"web", ":80", "--ports-file", folder_ + "/no/ports"}));
  EXPECT_THAT(ran.err, AllOf(StartsWith("error: open "),
                             EndsWith("no such file or directory\n")));
  EXPECT_EQ(ran.code, 1);
}

}  // namespace
}  // namespace fairway::cmd
