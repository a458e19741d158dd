// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/clientcmd/loader_test.go (v0.20.2)
#include "client/rest/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/status/testing/status_matchers.h"

namespace fairway::rest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kFile[] = R"(
apiVersion: v1
kind: Config
current-context: c
preferences: {colors: true}
unknown: {field: [1]}
clusters:
- name: c
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority: ca.crt
    tls-server-name: kubernetes
    proxy-url: http://proxy:3128
    disable-compression: true
    unknown: 5
    extensions:
    - {name: other, extension: {a: 1}}
    - {name: client.authentication.k8s.io/exec, extension: {audience: [p, q]}}
users:
- name: cert
  user: {client-certificate: nope/c, client-key: ../k, tokenFile: /abs/t}
- name: data
  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}
- name: as
  user:
    as: jane
    as-uid: u-1
    as-groups: [a, b]
    as-user-extra: {scopes: [p, q], none: []}
- name: exec
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: bin/login
      args: [a, b]
      env: [{name: L, value: v}, {name: M, value: ""}]
      installHint: "get it\e[1m\nhere"
      interactiveMode: Always
      provideClusterInfo: true
- name: exec-path
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: aws}
- name: provider
  user: {auth-provider: {name: gcp, config: {x: y}}}
contexts:
- name: c
  context: {cluster: c, user: cert, namespace: work}
)";

Kubeconfig File() {
  absl::StatusOr<Kubeconfig> kubeconfig = ParseKubeconfig(kFile, "/etc/kube");
  EXPECT_THAT(kubeconfig, IsOk());
  return kubeconfig.value_or(Kubeconfig());
}

TEST(KubeconfigTest, ClusterHasItsFields) {
  const KubeCluster cluster = File().clusters.at("c");
  EXPECT_EQ(cluster.server, "https://10.0.0.1:6443");
  EXPECT_EQ(cluster.certificate_authority, "/etc/kube/ca.crt");
  EXPECT_EQ(cluster.tls_server_name, "kubernetes");
  EXPECT_EQ(cluster.proxy_url, "http://proxy:3128");
  EXPECT_TRUE(cluster.disable_compression);
  EXPECT_EQ(cluster.exec_extension, "{\"audience\":[\"p\",\"q\"]}");
}

TEST(KubeconfigTest, PathsStartAtTheFile) {
  const KubeAuthInfo user = File().users.at("cert");
  EXPECT_EQ(user.client_certificate, "/etc/kube/nope/c");
  EXPECT_EQ(user.client_key, "/etc/k");
  EXPECT_EQ(user.token_file, "/abs/t");
}

TEST(KubeconfigTest, DataIsDecoded) {
  const KubeAuthInfo user = File().users.at("data");
  EXPECT_EQ(user.client_certificate_data, "CERT");
  EXPECT_EQ(user.client_key_data, "KEY");
}

TEST(KubeconfigTest, ImpersonationIsRead) {
  const KubeAuthInfo user = File().users.at("as");
  EXPECT_EQ(user.impersonate, "jane");
  EXPECT_EQ(user.impersonate_uid, "u-1");
  EXPECT_THAT(user.impersonate_groups, ElementsAre("a", "b"));
  EXPECT_THAT(user.impersonate_user_extra,
              ElementsAre(Pair("none", IsEmpty()),
                          Pair("scopes", ElementsAre("p", "q"))));
}

TEST(KubeconfigTest, ExecIsRead) {
  const KubeAuthInfo user = File().users.at("exec");
  ASSERT_TRUE(user.exec.has_value());
  EXPECT_EQ(user.exec->command, "/etc/kube/bin/login");
  EXPECT_THAT(user.exec->args, ElementsAre("a", "b"));
  EXPECT_THAT(user.exec->env, ElementsAre(Pair("L", "v"), Pair("M", "")));
  EXPECT_EQ(user.exec->install_hint, "get itU+001B[1m\nhere");
  EXPECT_EQ(user.exec->interactive_mode, "Always");
  EXPECT_TRUE(user.exec->provide_cluster_info);
}

TEST(KubeconfigTest, ExecWithoutASlashIsLeftToThePath) {
  const KubeAuthInfo user = File().users.at("exec-path");
  EXPECT_EQ(user.exec->command, "aws");
  // v1beta1 has a default, v1 has none.
  EXPECT_EQ(user.exec->interactive_mode, "IfAvailable");
  EXPECT_EQ(File().users.at("provider").auth_provider, "gcp");
}

TEST(KubeconfigTest, NothingIsAnEmptyConfiguration) {
  for (const char* text : {"", "{}", "\n# nothing\n"}) {
    absl::StatusOr<Kubeconfig> kubeconfig = ParseKubeconfig(text, "");
    ASSERT_THAT(kubeconfig, IsOk()) << text;
    EXPECT_THAT(kubeconfig->clusters, IsEmpty());
  }
}

TEST(KubeconfigTest, OtherKindsAreRefused) {
  EXPECT_THAT(ParseKubeconfig("{apiVersion: v1, kind: Pod}", ""),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "no kind \"Pod\" is registered for version \"v1\" in "
                       "scheme \"k8s.io/client-go/tools/clientcmd/api/latest/"
                       "latest.go:50\""));
  EXPECT_THAT(ParseKubeconfig("{}", ""), IsOk());
}

TEST(KubeconfigTest, WrongShapesAreNamed) {
  EXPECT_THAT(ParseKubeconfig("clusters: 5", ""),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "clusters: want array, got number"));
  EXPECT_THAT(
      ParseKubeconfig("users: [{name: a, user: {client-key-data: '!'}}]", ""),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "client-key-data: illegal base64 data"));
  EXPECT_THAT(ParseKubeconfig("{apiVersion: v2}", ""),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no kind \"Config\" is registered for version "
                                 "\"v2\"")));
}

TEST(KubeconfigTest, ANameStandsForOneThing) {
  EXPECT_THAT(
      ParseKubeconfig("clusters: [{name: c, cluster: {server: a}}, {name: c, "
                      "cluster: {server: b}}]",
                      ""),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "error converting *[]NamedCluster into *map[string]*api.Cluster:"
               " duplicate name \"c\" in list"));
}

class LoadKubeconfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path folder =
        std::filesystem::path(::testing::TempDir()) /
        ::testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = folder.lexically_normal().string();
    std::filesystem::create_directories(folder_ + "/a");
    std::filesystem::create_directories(folder_ + "/b");
  }
  void TearDown() override {
    unsetenv("KUBECONFIG");
    std::filesystem::remove_all(folder_);
  }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  static absl::StatusOr<Kubeconfig> LoadList(const std::string& list) {
    setenv("KUBECONFIG", list.c_str(), 1);
    return LoadKubeconfig("");
  }

  std::string folder_;
};

TEST_F(LoadKubeconfigTest, ExplicitFileMustExist) {
  EXPECT_THAT(LoadKubeconfig("/nope"),
              StatusIs(absl::StatusCode::kNotFound,
                       "stat /nope: no such file or directory"));
}

TEST_F(LoadKubeconfigTest, ExplicitFileIsTheOnlyOne) {
  const std::string one = Write("one", "current-context: one");
  setenv("KUBECONFIG", Write("two", "current-context: two").c_str(), 1);
  absl::StatusOr<Kubeconfig> loaded = LoadKubeconfig(one);
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->current_context, "one");
  EXPECT_THAT(loaded->loaded, ElementsAre(one));
}

TEST_F(LoadKubeconfigTest, FaultsNameTheFile) {
  const std::string path = Write("bad", "a: [");
  EXPECT_THAT(LoadKubeconfig(path),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("error loading config file \"" + path +
                                 "\": yaml: line ")));
  EXPECT_EQ(LoadKubeconfig(folder_).status().message(),
            "error loading config file \"" + folder_ + "\": read " + folder_ +
                ": is a directory");
}

TEST_F(LoadKubeconfigTest, FirstOfTheListWinsAndMissingOnesAreSkipped) {
  const std::string one = Write("a/one",
                                "clusters: [{name: c, cluster: {server: "
                                "first}}]\n"
                                "users: [{name: u, user: {client-key: k}}]");
  const std::string two = Write(
      "b/two",
      "current-context: x\n"
      "clusters: [{name: c, cluster: {server: second, certificate-authority: "
      "ca}}, {name: d, cluster: {certificate-authority: ca}}]\n"
      "users: [{name: u, user: {token: t}}, {name: v, user: {token: t}}]\n"
      "contexts: [{name: x, context: {cluster: c, user: u}}]");
  const std::string three = Write("three", "current-context: z");
  absl::StatusOr<Kubeconfig> merged =
      LoadList(one + "::/nope:" + two + ":" + one + ":" + three);
  ASSERT_THAT(merged, IsOk());
  EXPECT_THAT(merged->loaded, ElementsAre(one, two, three));
  EXPECT_THAT(merged->missing, IsEmpty());
  EXPECT_EQ(merged->current_context, "x");
  // Nothing of the second's is added to what the first has.
  EXPECT_EQ(merged->clusters.at("c").server, "first");
  EXPECT_EQ(merged->clusters.at("c").certificate_authority, "");
  EXPECT_EQ(merged->users.at("u").token, "");
  EXPECT_EQ(merged->users.at("v").token, "t");
  EXPECT_EQ(merged->contexts.at("x").user, "u");
  // Each path starts at its own file.
  EXPECT_EQ(merged->users.at("u").client_key, folder_ + "/a/k");
  EXPECT_EQ(merged->clusters.at("d").certificate_authority, folder_ + "/b/ca");
}

TEST_F(LoadKubeconfigTest, AListWithoutAFileIsTold) {
  absl::StatusOr<Kubeconfig> merged = LoadList("/nope:/none");
  ASSERT_THAT(merged, IsOk());
  EXPECT_THAT(merged->missing, ElementsAre("/nope", "/none"));
}

TEST_F(LoadKubeconfigTest, EachBadFileIsAnError) {
  const std::string one = Write("one", "{kind: Pod}");
  const std::string two = Write("two", "clusters: 5");
  const std::string good = Write("good", "");
  EXPECT_THAT(
      AggregatedErrors(LoadList(one + ":" + good + ":" + two).status()),
      ElementsAre(HasSubstr("error loading config file \"" + one + "\": no "),
                  "error loading config file \"" + two +
                      "\": clusters: want array, got number"));
  const absl::Status single = LoadList(good + ":" + two).status();
  EXPECT_THAT(AggregatedErrors(single), IsEmpty());
  EXPECT_THAT(single, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("error loading config file")));
}

TEST_F(LoadKubeconfigTest, WithoutAListItIsTheOneAtHome) {
  std::filesystem::create_directories(folder_ + "/.kube");
  const std::string path = Write(".kube/config", "current-context: home");
  setenv("HOME", folder_.c_str(), 1);
  absl::StatusOr<Kubeconfig> loaded = LoadKubeconfig("");
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->current_context, "home");
  EXPECT_THAT(loaded->loaded, ElementsAre(path));
}

}  // namespace
}  // namespace fairway::rest
