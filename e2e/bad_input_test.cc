// SPDX-License-Identifier: Apache-2.0
// What a person types wrong, or finds broken: Debian's kubectl 1.20.2 and ours
// get the same arguments against the same cluster, and must say the same and
// end with the same status. A row with `ours` is a difference that is meant;
// `why` says why. A session that was open before moves bytes after each row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <regex>
#include <string>
#include <vector>

#include "e2e/harness/cluster.h"
#include "e2e/harness/process.h"
#include "e2e/harness/socket.h"

namespace fairway::e2e {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr uint16_t kEcho = 7001;
// Of a second cluster: where namespaces are not permitted, pods share the
// host's network.
constexpr uint16_t kOtherEcho = 7004;
constexpr uint16_t kRefused = 7999;

// klog's head of a line: time, process and source file differ.
std::string WithoutLogHeads(const std::string& text) {
  static const std::regex head(
      R"((^|\n)([IWEF])[0-9]{4} [0-9:.]+ +[0-9]+ [a-z_]+\.(?:go|cc):[0-9]+\] )");
  return std::regex_replace(text, head, "$1$2 ");
}

// What to do about it, which only ours says.
std::string WithoutHints(const std::string& text) {
  static const std::regex hint(R"((^|\n)hint: [^\n]*)");
  return std::regex_replace(text, hint, "");
}

// The local port of a session is any free one.
std::string WithoutLocalPorts(const std::string& text) {
  static const std::regex local(R"(forwarding [0-9]+ -> )");
  return std::regex_replace(text, local, "forwarding LOCAL -> ");
}

std::string ReplaceAll(std::string text, const std::string& from,
                       const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// A TCP port of 127.0.0.1 and ::1 that somebody else listens on.
class BusyPort {
 public:
  BusyPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(fd_, generic, size), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    EXPECT_EQ(getsockname(fd_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~BusyPort() { close(fd_); }
  std::string port() const { return std::to_string(port_); }

 private:
  int fd_;
  uint16_t port_ = 0;
};

struct Case {
  std::string name;
  std::vector<std::string> args;  // FOLDER and BUSY are put in
  std::string want;               // is in upstream's standard error
  std::string ours = "";  // what ours says instead; empty: the same as upstream
  std::string why = "";
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

// One cluster and one session of it for all tests, as they would serve a
// person: what one test leaves broken, the next one meets.
class SharedCluster : public ::testing::Environment {
 public:
  void SetUp() override {
    cluster_ = std::make_unique<Cluster>(ClusterOptions());
    cluster_->CreatePod("web", {"echo:7001"});
    const std::string pending = cluster_->folder() + "/pending.json";
    WriteFile(pending, R"({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "pending"},
        "spec": {"nodeName": "nowhere",
                 "containers": [{"name": "c", "image": "i"}]}})");
    const Result created =
        cluster_->RunKubectl(Kubectl::kOurs, {"create", "-f", pending});
    ASSERT_EQ(created.exit_status, 0) << created.err;
    before_ = std::make_unique<PortForward>(*cluster_, Kubectl::kOurs, "web",
                                            std::vector<uint16_t>{kEcho});
    open_ = std::make_unique<Connection>(before_->local(kEcho));
  }

  // Nothing else was disturbed.
  void TearDown() override {
    Echo("at the end");
    EXPECT_TRUE(before_->running());
    EXPECT_EQ(before_->Stderr(), "");
    const Result pods =
        cluster_->RunKubectl(Kubectl::kOurs, {"get", "pods", "-o", "name"});
    EXPECT_EQ(pods.out, "pod/pending\npod/web\n");
    open_.reset();
    EXPECT_EQ(before_->Stop(), 0);
    EXPECT_EQ(cluster_->Stop(), 0);
  }

  const Cluster& cluster() const { return *cluster_; }
  const BusyPort& busy() const { return busy_; }

  // Through the connection that was there before all tests.
  void Echo(const std::string& bytes) {
    open_->Send(bytes);
    EXPECT_EQ(open_->ReceiveExactly(bytes.size()), bytes);
  }

 private:
  BusyPort busy_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<PortForward> before_;
  std::unique_ptr<Connection> open_;
};

auto* const kShared = static_cast<SharedCluster*>(
    ::testing::AddGlobalTestEnvironment(new SharedCluster()));

class BadInputTest : public ::testing::Test {
 protected:
  static std::string File(const std::string& name) {
    return kShared->cluster().folder() + "/" + name;
  }

  static Result RunWith(Kubectl which, const std::string& kubeconfig,
                        std::vector<std::string> args) {
    args.insert(args.begin(), KubectlPath(which));
    return e2e::Run(
        args, Seconds(20),
        {"HOME=" + kShared->cluster().folder(), "KUBECONFIG=" + kubeconfig});
  }

  static void Compare(const Case& c, const std::string& kubeconfig) {
    std::vector<std::string> args;
    for (const std::string& arg : c.args) {
      args.push_back(
          ReplaceAll(ReplaceAll(arg, "FOLDER", kShared->cluster().folder()),
                     "BUSY", kShared->busy().port()));
    }
    const Result theirs = RunWith(Kubectl::kDebian, kubeconfig, args);
    // Theirs waits for no pod that was named.
    if (args[0] == "port-forward") {
      args.insert(args.begin() + 1, "--reconnect=false");
    }
    const Result ours = RunWith(Kubectl::kOurs, kubeconfig, args);
    EXPECT_EQ(theirs.exit_status, 1);
    EXPECT_THAT(theirs.err, HasSubstr(c.want));
    EXPECT_EQ(ours.exit_status, theirs.exit_status);
    if (c.ours.empty()) {
      EXPECT_EQ(ours.out, theirs.out);
      EXPECT_EQ(WithoutLogHeads(WithoutHints(ours.err)),
                WithoutLogHeads(theirs.err));
    } else {
      EXPECT_THAT(ours.err, HasSubstr(c.ours));
      EXPECT_NE(ours.err, theirs.err) << "no longer differs: " << c.why;
    }
    kShared->Echo(c.name);
  }
};

class ArgumentsTest : public BadInputTest,
                      public ::testing::WithParamInterface<Case> {};

TEST_P(ArgumentsTest, SaysWhatUpstreamSays) {
  Compare(GetParam(), File("kubeconfig"));
}

Case Forward(std::string name, std::vector<std::string> args, std::string want,
             std::string ours = "", std::string why = "") {
  args.insert(args.begin(), "port-forward");
  return {std::move(name), std::move(args), std::move(want), std::move(ours),
          std::move(why)};
}

std::string CaseName(const ::testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    Ports, ArgumentsTest,
    ::testing::Values(
        Forward("NoArguments", {}, "TYPE/NAME and list of ports are required"),
        Forward("PodAlone", {"web"}, "TYPE/NAME and list of ports are"),
        Forward("Zero", {"web", "0"}, "remote port must be > 0"),
        Forward("RemoteZero", {"web", "8080:0"}, "remote port must be > 0"),
        Forward("OnlyRemoteZero", {"web", ":0"}, "remote port must be > 0"),
        Forward("TooLarge", {"web", "65536"}, "value out of range"),
        Forward("LocalTooLarge", {"web", "65536:80"}, "local port '65536'"),
        Forward("RemoteTooLarge", {"web", "80:65536"}, "remote port '65536'"),
        Forward("Huge", {"web", "99999999999999999999"}, "named port"),
        Forward("Words", {"web", "a:b"}, "does not have a named port 'b'"),
        Forward("Word", {"web", "abc"}, "does not have a named port 'abc'"),
        Forward("LocalWord", {"web", "a:80"}, "local port 'a'"),
        Forward("RemoteWord", {"web", "8080:abc"}, "named port 'abc'"),
        Forward("Negative", {"web", "-1"}, "unknown shorthand flag: '1' in -1"),
        Forward("NegativeBehindDashes", {"--", "web", "-1"}, "'-1'"),
        Forward("Plus", {"web", "+80"}, "local port '+80'"),
        Forward("Hexadecimal", {"web", "0x50"}, "named port '0x50'"),
        Forward("Blank", {"web", " 80"}, "named port ' 80'"),
        Forward("TwoSame", {"--address=127.0.0.1", "web", "BUSY:1", "BUSY:2"},
                "unable to listen on any of the requested ports"),
        Forward("InUse", {"--address=127.0.0.1", "web", "BUSY:7001"},
                "address already in use")),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Addresses, ArgumentsTest,
    ::testing::Values(
        Forward("NoIp", {"--address=bogus", "web", ":80"},
                "bogus is not a valid IP"),
        Forward("OneOfTwoIsNoIp", {"--address=127.0.0.1,bogus", "web", ":80"},
                "bogus is not a valid IP"),
        Forward("Empty", {"--address=", "web", ":80"},
                "you must specify at least 1 address"),
        Forward("NotOurs", {"--address=1.2.3.4", "web", ":80"},
                "unable to create listener: Error listen tcp4 1.2.3.4"),
        Forward("NotOursIpv6", {"--address=fe80::1", "web", ":80"},
                "unable to create listener: Error listen tcp6 [fe80::1]")),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Targets, ArgumentsTest,
    ::testing::Values(
        Forward("UnknownPod", {"nope", "80"}, "pods \"nope\" not found"),
        Forward("UnknownPodBySlash", {"pod/nope", "80"}, "\"nope\" not found"),
        Forward("UnknownNamespace", {"-n", "nope", "web", "80"},
                "namespaces \"nope\" not found"),
        Forward("UnknownType", {"foo/bar", "80"},
                "the server doesn't have a resource type \"foo\""),
        Forward("NoName", {"pod/", "80"}, "must have a single resource and"),
        Forward("TwoSlashes", {"pod/a/b", "80"}, "more than one slash"),
        Forward("NoType", {"/web", "80"}, "must have a single resource and"),
        Forward("NotRunning", {"pending", "80"},
                "pod is not running. Current status=Pending"),
        Forward("Node", {"node/e2e-node", "80"}, "selector for *v1.Node not")),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Flags, ArgumentsTest,
    ::testing::Values(
        Forward("Unknown", {"--nope"}, "unknown flag: --nope"),
        Forward("UnknownWithValue", {"web", "80", "--nope=3"}, "--nope"),
        Forward("UnknownShort", {"-Z", "web", "80"}, "flag: 'Z' in -Z"),
        Forward("NoValue", {"web", "80", "--address"}, "needs an argument"),
        Forward("TimeoutZero", {"--pod-running-timeout=0s", "web", "80"},
                "--pod-running-timeout must be higher than zero"),
        Forward("NoDuration", {"--pod-running-timeout=abc", "web", "80"},
                "invalid duration"),
        Forward("NoRequestTimeout", {"--request-timeout=abc", "web", "80"},
                "Invalid timeout value"),
        Forward("NoNumber", {"web", "80", "-v=x"}, "strconv.ParseInt"),
        Forward("NoBool", {"--insecure-skip-tls-verify=maybe", "web", "80"},
                "strconv.ParseBool"),
        Forward("UnknownContext", {"--context=no", "web", "80"},
                "context was not found for specified context: no"),
        Forward("UnknownCluster", {"--cluster=no", "web", "80"},
                "no server found for cluster \"no\""),
        Forward("UnknownUser", {"--user=no", "web", "80"},
                "auth info \"no\" does not exist"),
        Forward("ServerDown", {"--server=https://127.0.0.1:1", "web", "80"},
                "The connection to the server 127.0.0.1:1 was refused"),
        Forward("NoCaFile", {"--certificate-authority=/nope/ca", "web", "80"},
                "unable to read certificate-authority /nope/ca"),
        Forward("NoCertFile", {"--client-certificate=/nope/c", "web", "80"},
                "unable to read client-cert /nope/c"),
        Forward("NoKeyFile", {"--client-key=/nope/k", "web", "80"},
                "unable to read client-key /nope/k"),
        Case{
            "UnknownCommand", {"frobnicate"}, "unknown command \"frobnicate\""},
        Case{"NearlyACommand", {"port-forwar"}, "\tport-forward"},
        Case{"UnknownBeforeACommand", {"--nope"}, "unknown flag: --nope"}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Objects, ArgumentsTest,
    ::testing::Values(
        Case{"GetNothing", {"get"}, "Required resource not specified"},
        Case{"GetUnknownType", {"get", "frob"}, "resource type \"frob\""},
        Case{"GetUnknownPods", {"get", "pod", "nope", "nada"}, "\"nada\" not"},
        Case{
            "GetOneOfTwo", {"get", "pod", "web", "nope", "-o", "name"}, "nope"},
        Case{"GetUnknownNode", {"get", "node", "nope"}, "nodes \"nope\" not"},
        Case{"GetNoName", {"get", "pod", ""}, "resource name may not be empty"},
        Case{"GetInUnknownNamespace",
             {"get", "pod", "web", "-n", "nope"},
             "namespaces \"nope\" not found"},
        Case{"GetBadLabels", {"get", "pods", "-l", "a=("}, "label selector"},
        Case{"GetBadFields",
             {"get", "pods", "--field-selector=foo=bar"},
             "field label not supported: foo"},
        Case{"GetBogusFormat",
             {"get", "pods", "-o", "bogus"},
             "unable to match a printer suitable for the output format",
             "\"bogus\", allowed formats are: json,name,wide,yaml",
             "we have fewer formats"},
        Case{"DeleteNothing", {"delete"}, "You must provide one or more"},
        Case{"DeleteUnknown", {"delete", "pod", "nope"}, "\"nope\" not found"},
        Case{"DeleteNoName", {"delete", "pod", ""}, "may not be empty"},
        Case{"DeleteUnknownType", {"delete", "frob", "x"}, "type \"frob\""},
        Case{
            "DeleteTypeAlone", {"delete", "pods"}, "resource(s) were provided"},
        Case{"DeleteBogusFormat",
             {"delete", "pod", "nope", "-o", "bogus"},
             "unexpected -o output mode: bogus"},
        Case{"DeleteNoFile", {"delete", "-f", "/nope/x"}, "does not exist"},
        Case{"CreateNoFile", {"create", "-f", "/nope/x"}, "does not exist"},
        Case{"CreateNothing",
             {"create"},
             "must specify one of -f and -k",
             "error: must specify one of -f and -k\n",
             "upstream prints the help of its subcommands too"},
        Case{"CreateAgain", {"create", "-f", "FOLDER/web.json"}, "exists"}),
    CaseName);

// What create and delete say of a file that says `text`.
struct Document {
  std::string name;
  std::string text;
  std::string want_create;
  std::string want_delete;
};

void PrintTo(const Document& d, std::ostream* out) { *out << d.name; }

class DocumentTest : public BadInputTest,
                     public ::testing::WithParamInterface<Document> {};

TEST_P(DocumentTest, SaysWhatUpstreamSays) {
  const Document& d = GetParam();
  WriteFile(File("manifest"), d.text);
  Compare({d.name, {"create", "-f", "FOLDER/manifest"}, d.want_create, "", ""},
          File("kubeconfig"));
  if (d.want_delete.empty()) return;
  Compare({d.name, {"delete", "-f", "FOLDER/manifest"}, d.want_delete, "", ""},
          File("kubeconfig"));
}

INSTANTIATE_TEST_SUITE_P(
    Manifests, DocumentTest,
    ::testing::Values(
        Document{"Empty", "", "no objects passed to create", ""},
        Document{"EndsEarly", "{", "unexpected EOF", "unexpected EOF"},
        Document{"Scalar", "hello\n", "invalid object to validate",
                 "cannot unmarshal string"},
        Document{"List", "- a\n", "invalid object to validate",
                 "cannot unmarshal array"},
        Document{"NoKindNorVersion", "a: 1\n",
                 "[apiVersion not set, kind not set]", "Object 'Kind' is"},
        Document{"NoKind", "apiVersion: v1\n", "kind not set",
                 "Object 'Kind' is"},
        Document{"NoVersion", "kind: Pod\n", "apiVersion not set", ""},
        Document{"UnknownKind",
                 "apiVersion: v1\nkind: Frob\nmetadata: {name: x}\n",
                 "no matches for kind \"Frob\"", "no matches for kind"},
        Document{"UnknownVersion",
                 "apiVersion: v9\nkind: Pod\nmetadata: {name: x}\n",
                 "in version \"v9\"", "in version \"v9\""},
        Document{"NoName",
                 "apiVersion: v1\nkind: Pod\n"
                 "spec: {containers: [{name: a, image: b}]}\n",
                 "name or generateName is required", "may not be empty"},
        Document{"BadName",
                 "apiVersion: v1\nkind: Pod\nmetadata: {name: A_b}\n"
                 "spec: {containers: [{name: a, image: b}]}\n",
                 "The Pod \"A_b\" is invalid", "\"A_b\" not found"},
        Document{"NoContainers",
                 "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {}\n",
                 "spec.containers: Required value", "\"x\" not found"},
        Document{"WrongType",
                 "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"
                 "spec: {containers: 3}\n",
                 "cannot be handled as a Pod", "\"x\" not found"},
        Document{"BadPort",
                 "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"
                 "spec: {containers: [{name: a, image: b, ports: "
                 "[{containerPort: 70000}]}]}\n",
                 "must be between 1 and 65535", ""},
        Document{"UnknownNamespace",
                 "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: "
                 "nope}\nspec: {containers: [{name: a, image: b}]}\n",
                 "namespaces \"nope\" not found", "\"x\" not found"}),
    [](const auto& info) { return info.param.name; });

TEST_F(BadInputTest, BadYamlIsNamedByItsFile) {
  // What is wrong in it is told in the words of each one's parser.
  WriteFile(File("manifest"), "a: b: c\n");
  const std::string want = "error: error parsing " + File("manifest") +
                           ": error converting YAML to JSON: yaml: ";
  for (Kubectl which : {Kubectl::kDebian, Kubectl::kOurs}) {
    const Result result =
        RunWith(which, File("kubeconfig"), {"create", "-f", File("manifest")});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.err, HasSubstr(want));
  }
}

// A kubeconfig that is wrong in one thing.
struct Kubeconfig {
  std::string name;
  void (*edit)(json& kubeconfig);
  std::string want;
  std::string ours = "";
  std::string why = "";
};

void PrintTo(const Kubeconfig& k, std::ostream* out) { *out << k.name; }

class KubeconfigTest : public BadInputTest,
                       public ::testing::WithParamInterface<Kubeconfig> {};

TEST_P(KubeconfigTest, SaysWhatUpstreamSays) {
  const Kubeconfig& k = GetParam();
  const Result view = RunWith(Kubectl::kDebian, File("kubeconfig"),
                              {"config", "view", "--raw", "-o", "json"});
  json kubeconfig = json::parse(view.out);
  k.edit(kubeconfig);
  WriteFile(File("edited"), kubeconfig.dump());
  Compare({k.name, {"get", "pods"}, k.want, k.ours, k.why}, File("edited"));
  Compare({k.name, {"port-forward", "web", ":7001"}, k.want, k.ours, k.why},
          File("edited"));
}

json& ClusterOf(json& k) { return k["clusters"][0]["cluster"]; }
json& UserOf(json& k) { return k["users"][0]["user"]; }

INSTANTIATE_TEST_SUITE_P(
    Fields, KubeconfigTest,
    ::testing::Values(
        Kubeconfig{"OtherKind", [](json& k) { k["kind"] = "Frob"; },
                   "no kind \"Frob\" is registered for version \"v1\""},
        Kubeconfig{"OtherVersion", [](json& k) { k["apiVersion"] = "v7"; },
                   "no kind \"Config\" is registered for version \"v7\""},
        Kubeconfig{"UnknownContext",
                   [](json& k) { k["current-context"] = "no"; },
                   "context was not found for specified context: no"},
        Kubeconfig{"NoContext", [](json& k) { k["current-context"] = ""; },
                   "The connection to the server localhost:8080 was refused"},
        Kubeconfig{
            "UnknownCluster",
            [](json& k) { k["contexts"][0]["context"]["cluster"] = "no"; },
            "The connection to the server localhost:8080 was refused"},
        Kubeconfig{"NoServer", [](json& k) { ClusterOf(k).erase("server"); },
                   "The connection to the server localhost:8080 was refused"},
        Kubeconfig{
            "ServerDown",
            [](json& k) { ClusterOf(k)["server"] = "https://127.0.0.1:1"; },
            "The connection to the server 127.0.0.1:1 was refused"},
        Kubeconfig{"NoCertificateFile",
                   [](json& k) {
                     UserOf(k).erase("client-certificate-data");
                     UserOf(k)["client-certificate"] = "/nope/c";
                   },
                   "unable to read client-cert /nope/c for kubernetes-admin"},
        Kubeconfig{"NoKeyFile",
                   [](json& k) {
                     UserOf(k).erase("client-key-data");
                     UserOf(k)["client-key"] = "/nope/k";
                   },
                   "unable to read client-key /nope/k for kubernetes-admin"},
        Kubeconfig{"NoCaFile",
                   [](json& k) {
                     ClusterOf(k).erase("certificate-authority-data");
                     ClusterOf(k)["certificate-authority"] = "/nope/ca";
                   },
                   "unable to read certificate-authority /nope/ca"},
        Kubeconfig{"NoTokenFile",
                   [](json& k) {
                     UserOf(k) = {{"tokenFile", "/nope/t"}};
                   },
                   "open /nope/t: no such file or directory"},
        Kubeconfig{
            "SystemsAuthorities",
            [](json& k) { ClusterOf(k).erase("certificate-authority-data"); },
            "x509: certificate signed by unknown authority"},
        Kubeconfig{"BadToken",
                   [](json& k) {
                     UserOf(k) = {{"token", "bad"}};
                   },
                   "You must be logged in to the server (Unauthorized)"},
        Kubeconfig{"TwoWaysToLogIn",
                   [](json& k) {
                     UserOf(k)["token"] = "t";
                     UserOf(k)["username"] = "u";
                   },
                   "more than one authentication method found"},
        Kubeconfig{"PlainHttp",
                   [](json& k) {
                     json& server = ClusterOf(k)["server"];
                     server = "http" + server.get<std::string>().substr(5);
                   },
                   "the server rejected our request for an unknown reason"},
        Kubeconfig{"NoCaInData",
                   [](json& k) {
                     ClusterOf(k)["certificate-authority-data"] = "aGVsbG8=";
                   },
                   "x509: certificate signed by unknown authority",
                   "unable to load root certificates: unable to parse bytes "
                   "as PEM block",
                   "upstream passes over data that holds no certificate"}),
    [](const auto& info) { return info.param.name; });

TEST_F(BadInputTest, FilesThatAreNoKubeconfigAreNamed) {
  for (const char* text : {"a: b: c\n", "{", "hello\n", "- a\n"}) {
    WriteFile(File("broken"), text);
    const std::string want =
        "error: error loading config file \"" + File("broken") + "\": ";
    for (Kubectl which : {Kubectl::kDebian, Kubectl::kOurs}) {
      const Result result = RunWith(which, File("broken"), {"get", "pods"});
      EXPECT_EQ(result.exit_status, 1) << text;
      EXPECT_THAT(result.err, HasSubstr(want));
    }
  }
}

TEST_F(BadInputTest, FilesThatCannotBeReadAreNamed) {
  Compare({"missing",
           {"--kubeconfig=/nope/k", "get", "pods"},
           "stat /nope/k: no such file or directory",
           "",
           ""},
          "");
  Compare({"folder",
           {"--kubeconfig=FOLDER", "port-forward", "web", "80"},
           "is a directory",
           "",
           ""},
          "");
  Compare({"none", {"get", "pods"}, "localhost:8080 was refused", "", ""}, "");
}

TEST_F(BadInputTest, AnAuthorityOfAnotherClusterIsNotTrusted) {
  Cluster other{ClusterOptions()};
  WriteFile(File("swapped"),
            ReplaceAll(
                ReadFile(File("kubeconfig")),
                ":" + std::to_string(kShared->cluster().port("kube-apiserver")),
                ":" + std::to_string(other.port("kube-apiserver"))));
  Case c;
  c.name = "other authority";
  c.want = "x509: certificate signed by unknown authority";
  c.ours = c.want + "\n";
  c.why = "Go adds which authority of the same name it tried in vain";
  c.args = {"get", "pods"};
  Compare(c, File("swapped"));
  c.args = {"port-forward", "web", ":7001"};
  Compare(c, File("swapped"));
}

TEST_F(BadInputTest, RefusedPortEndsItsConnectionAlone) {
  std::vector<std::string> said;
  for (Kubectl which : {Kubectl::kDebian, Kubectl::kOurs}) {
    PortForward forward(kShared->cluster(), which, "pod/web",
                        {kEcho, kRefused});
    Connection open(forward.local(kEcho));
    open.Send("before");
    EXPECT_EQ(open.ReceiveExactly(6), "before");
    Connection refused(forward.local(kRefused));
    EXPECT_EQ(refused.ReceiveAll(), "");
    open.Send("after");
    EXPECT_EQ(open.ReceiveExactly(5), "after");
    EXPECT_TRUE(Eventually(Seconds(10), [&] {
      return forward.Stderr().find('\n') != std::string::npos;
    }));
    said.push_back(WithoutLocalPorts(WithoutLogHeads(forward.Stderr())));
    EXPECT_TRUE(forward.running());
    EXPECT_EQ(forward.Stop(), 0);
  }
  EXPECT_THAT(said[0], HasSubstr("an error occurred forwarding"));
  EXPECT_EQ(said[1], said[0]);
}

// A cluster without its scheduler, which is in fairway-up, and then without its
// kubelet.
TEST(BrokenClusterTest, SaysWhatUpstreamSays) {
  Cluster cluster{ClusterOptions()};
  cluster.CreatePod("web", {"echo:7004"});
  auto theirs = std::make_unique<PortForward>(
      cluster, Kubectl::kDebian, "web", std::vector<uint16_t>{kOtherEcho});
  const std::vector<std::string> flags = {"--reconnect=false"};
  auto ours = std::make_unique<PortForward>(
      cluster, Kubectl::kOurs, "web", std::vector<uint16_t>{kOtherEcho}, flags);
  const auto compare = [&](const std::string& pod, const std::string& want) {
    std::vector<std::string> args = {"port-forward", pod, ":7004"};
    const Result debian = cluster.RunKubectl(Kubectl::kDebian, args);
    args.push_back("--reconnect=false");
    const Result our = cluster.RunKubectl(Kubectl::kOurs, args);
    EXPECT_EQ(debian.exit_status, 1);
    EXPECT_THAT(debian.err, HasSubstr(want));
    EXPECT_EQ(our.exit_status, debian.exit_status);
    EXPECT_EQ(our.out, debian.out);
    EXPECT_EQ(our.err, debian.err);
  };
  ASSERT_EQ(kill(cluster.pid("fairway-up"), SIGSTOP), 0);

  json unbound = json::parse(ReadFile(cluster.folder() + "/web.json"));
  unbound["metadata"]["name"] = "unbound";
  WriteFile(cluster.folder() + "/unbound.json", unbound.dump());
  Result done = cluster.RunKubectl(
      Kubectl::kOurs, {"create", "-f", cluster.folder() + "/unbound.json"});
  ASSERT_EQ(done.exit_status, 0) << done.err;
  compare("unbound", "pod is not running. Current status=Pending");
  // A pod that runs nowhere: only the server notices.
  unbound["status"]["phase"] = "Running";
  WriteFile(cluster.folder() + "/unbound.json", unbound.dump());
  done = cluster.RunKubectl(
      Kubectl::kDebian,
      {"replace", "--raw", "/api/v1/namespaces/default/pods/unbound/status",
       "-f", cluster.folder() + "/unbound.json"});
  ASSERT_EQ(done.exit_status, 0) << done.err;
  compare("unbound",
          "error upgrading connection: pod unbound does not have a "
          "host assigned");

  ASSERT_EQ(kill(cluster.pid("kubelet"), SIGKILL), 0);
  // A session that is lost: kubectl 1.20 ends as if all were well; ours ends
  // with 1, as kubectl does since 1.23 (docs/mirror_map.md).
  EXPECT_EQ(theirs->Wait(Seconds(10)), 0);
  EXPECT_EQ(ours->Wait(Seconds(10)), 1);
  EXPECT_THAT(theirs->Stderr(), HasSubstr("lost connection to pod"));
  EXPECT_THAT(ours->Stderr(), HasSubstr("lost connection to pod"));
  compare("web",
          "error upgrading connection: error dialing backend: dial tcp ");
  EXPECT_EQ(kill(cluster.pid("fairway-up"), SIGCONT), 0);
}

}  // namespace
}  // namespace fairway::e2e
