// SPDX-License-Identifier: Apache-2.0
#include "client/rest/kubeconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "base/status/testing/status_matchers.h"

namespace fairway::rest {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kFile[] = R"(
apiVersion: v1
kind: Config
current-context: plain
preferences: {}
clusters:
- name: plain
  cluster: {server: "http://127.0.0.1:1"}
- name: secure
  cluster:
    server: https://10.0.0.1:6443
    tls-server-name: kubernetes
    certificate-authority-data: Q0E=
    proxy-url: http://proxy:3128
users:
- name: token
  user: {token: abc}
- name: both
  user: {token: abc, username: me, password: secret}
- name: cert
  user: {client-certificate: nope/c, client-key: nope/k}
- name: data
  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}
- name: exec
  user: {exec: {command: aws}}
contexts:
- name: plain
  context: {cluster: plain, user: token}
- name: secure
  context: {cluster: secure, user: token, namespace: work}
- name: both
  context: {cluster: secure, user: both}
- name: cert
  context: {cluster: secure, user: cert}
- name: data
  context: {cluster: secure, user: data}
- name: exec
  context: {cluster: secure, user: exec}
- name: nowhere
  context: {cluster: nope, user: nope}
)";

Kubeconfig File() {
  absl::StatusOr<Kubeconfig> kubeconfig = ParseKubeconfig(kFile, "/etc/kube");
  EXPECT_THAT(kubeconfig, IsOk());
  return kubeconfig.value_or(Kubeconfig());
}

absl::StatusOr<ClientConfig> Context(const std::string& name) {
  ConfigOverrides overrides;
  overrides.context = name;
  overrides.default_server = "http://localhost:8080";
  return NewClientConfig(File(), overrides);
}

TEST(KubeconfigTest, TakesClusterUserAndNamespaceOfTheContext) {
  absl::StatusOr<ClientConfig> client = Context("secure");
  ASSERT_THAT(client, IsOk());
  const Config& config = client->config;
  EXPECT_EQ(config.host, "https://10.0.0.1:6443");
  EXPECT_EQ(config.tls.server_name, "kubernetes");
  EXPECT_EQ(config.tls.ca_data, "CA");
  EXPECT_EQ(config.bearer_token, "abc");
  EXPECT_EQ(client->namespace_, "work");
  ASSERT_NE(config.proxy, nullptr);
  absl::StatusOr<net::http::Url> proxy = config.proxy(net::http::Url());
  ASSERT_THAT(proxy, IsOk());
  EXPECT_EQ(proxy->HostPort(), "proxy:3128");
}

TEST(KubeconfigTest, CurrentContextAndDefaultNamespaceAreTaken) {
  absl::StatusOr<ClientConfig> client = Context("");
  ASSERT_THAT(client, IsOk());
  EXPECT_EQ(client->config.host, "http://127.0.0.1:1");
  EXPECT_EQ(client->namespace_, "default");
}

TEST(KubeconfigTest, SecretsAreNotSentWithoutTls) {
  absl::StatusOr<ClientConfig> client = Context("plain");
  ASSERT_THAT(client, IsOk());
  EXPECT_EQ(client->config.bearer_token, "");
}

TEST(KubeconfigTest, DataIsDecodedAndPathsStartAtTheFile) {
  const Kubeconfig file = File();
  EXPECT_EQ(file.users.at("data").client_certificate_data, "CERT");
  EXPECT_EQ(file.users.at("data").client_key_data, "KEY");
  EXPECT_EQ(file.users.at("cert").client_certificate, "/etc/kube/nope/c");
}

TEST(KubeconfigTest, UnknownContextIsAFault) {
  EXPECT_THAT(ConfigurationFaults(Context("q").status()),
              ElementsAre("context was not found for specified context: q"));
}

TEST(KubeconfigTest, MissingFilesAreFaultsOneByOne) {
  EXPECT_THAT(
      ConfigurationFaults(Context("cert").status()),
      ElementsAre("unable to read client-cert /etc/kube/nope/c for cert due "
                  "to open /etc/kube/nope/c: no such file or directory",
                  "unable to read client-key /etc/kube/nope/k for cert due to "
                  "open /etc/kube/nope/k: no such file or directory"));
}

TEST(KubeconfigTest, TwoWaysToAuthenticateAreAFault) {
  EXPECT_THAT(ConfigurationFaults(Context("both").status()),
              ElementsAre("more than one authentication method found for "
                          "both; found [token basicAuth], only one is "
                          "allowed"));
}

TEST(KubeconfigTest, CredentialPluginsAreAFault) {
  EXPECT_THAT(ConfigurationFaults(Context("exec").status()),
              ElementsAre(HasSubstr("needs exec credentials")));
}

TEST(KubeconfigTest, NoConfigurationIsToldInUpstreamsWords) {
  EXPECT_THAT(
      NewClientConfig(Kubeconfig(), ConfigOverrides()),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "invalid configuration: no configuration has been provided, "
               "try setting KUBERNETES_MASTER environment variable"));
}

TEST(KubeconfigTest, DefaultServerIsForWhomNoClusterIsNamed) {
  ConfigOverrides overrides;
  overrides.default_server = "http://localhost:8080";
  absl::StatusOr<ClientConfig> client =
      NewClientConfig(Kubeconfig(), overrides);
  ASSERT_THAT(client, IsOk());
  EXPECT_EQ(client->config.host, "http://localhost:8080");
  overrides.context = "nowhere";
  client = NewClientConfig(File(), overrides);
  ASSERT_THAT(client, IsOk());
  EXPECT_EQ(client->config.host, "http://localhost:8080");
  overrides.cluster = "w";
  EXPECT_THAT(ConfigurationFaults(NewClientConfig(File(), overrides).status()),
              ElementsAre("no server found for cluster \"w\""));
}

TEST(KubeconfigTest, OverridesAreLaidOver) {
  ConfigOverrides overrides;
  overrides.context = "secure";
  overrides.server = "https://other:1";
  overrides.token = "mine";
  overrides.namespace_ = "there";
  overrides.insecure_skip_tls_verify = true;
  absl::StatusOr<ClientConfig> client = NewClientConfig(File(), overrides);
  ASSERT_THAT(client, IsOk());
  EXPECT_EQ(client->config.host, "https://other:1");
  EXPECT_EQ(client->config.bearer_token, "mine");
  EXPECT_EQ(client->namespace_, "there");
  EXPECT_TRUE(client->config.tls.insecure);
  // A CA beside "insecure" would be refused.
  EXPECT_FALSE(client->config.HasCA());
  EXPECT_EQ(client->config.tls.server_name, "");
}

TEST(KubeconfigTest, UnknownUserOverrideIsNotFound) {
  ConfigOverrides overrides;
  overrides.user = "w";
  EXPECT_THAT(
      NewClientConfig(File(), overrides),
      StatusIs(absl::StatusCode::kNotFound, "auth info \"w\" does not exist"));
}

TEST(KubeconfigTest, FileOfTheOwnerAndFlagForTheSameAreAFault) {
  ConfigOverrides overrides;
  overrides.context = "data";
  overrides.client_certificate = "/nope/c";
  EXPECT_THAT(
      ConfigurationFaults(NewClientConfig(File(), overrides).status()),
      Contains("client-cert-data and client-cert are both specified for data. "
               "client-cert-data will override."));
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
}

class LoadKubeconfigTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = ::testing::TempDir() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
};

TEST_F(LoadKubeconfigTest, ExplicitFileMustExist) {
  EXPECT_THAT(LoadKubeconfig("/nope"),
              StatusIs(absl::StatusCode::kNotFound,
                       "stat /nope: no such file or directory"));
}

TEST_F(LoadKubeconfigTest, FaultsNameTheFile) {
  const std::string path = Write("bad", "a: [");
  EXPECT_THAT(LoadKubeconfig(path),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("error loading config file \"" + path +
                                 "\": yaml: line ")));
}

TEST_F(LoadKubeconfigTest, FirstOfTheListWinsAndMissingOnesAreSkipped) {
  const std::string one =
      Write("one", "users: [{name: u, user: {token: first}}]");
  const std::string two = Write(
      "two",
      "current-context: c\nusers: [{name: u, user: {token: second}}, {name: "
      "v, user: {token: third}}]");
  setenv("KUBECONFIG", (one + ":/nope:" + two).c_str(), 1);
  absl::StatusOr<Kubeconfig> merged = LoadKubeconfig("");
  unsetenv("KUBECONFIG");
  ASSERT_THAT(merged, IsOk());
  EXPECT_EQ(merged->users.at("u").token, "first");
  EXPECT_EQ(merged->users.at("v").token, "third");
  EXPECT_EQ(merged->current_context, "c");
}

TEST(ConfigurationFaultsTest, OtherErrorsHaveNone) {
  EXPECT_THAT(ConfigurationFaults(absl::InternalError("x")), IsEmpty());
}

}  // namespace
}  // namespace fairway::rest
