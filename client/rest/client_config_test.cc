// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/clientcmd/{client_config,validation}_test.go
// (v0.20.2)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "client/rest/exec_authenticator.h"
#include "client/rest/kubeconfig.h"

namespace fairway::rest {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

constexpr char kFile[] = R"(
current-context: plain
clusters:
- name: plain
  cluster: {server: "http://127.0.0.1:1"}
- name: secure
  cluster:
    server: https://10.0.0.1:6443
    tls-server-name: kubernetes
    certificate-authority-data: Q0E=
    proxy-url: http://proxy:3128
- name: insecure
  cluster: {server: "https://h", insecure-skip-tls-verify: true}
- name: bad-ca
  cluster: {server: "https://h", certificate-authority: nope,
            certificate-authority-data: Q0E=}
- {name: proxy-word, cluster: {server: "https://h", proxy-url: "1.2.3.4:5"}}
- {name: proxy-ftp, cluster: {server: "https://h", proxy-url: "ftp://x"}}
- {name: proxy-socks, cluster: {server: "https://h", proxy-url: "socks5://x"}}
- {name: proxy-nobody, cluster: {server: "https://h", proxy-url: "http://"}}
users:
- name: token
  user: {token: abc}
- name: file
  user: {tokenFile: t}
- name: both
  user: {token: abc, username: me, password: secret}
- name: password
  user: {token: abc, password: secret}
- name: basic
  user: {username: me, password: secret}
- name: cert
  user: {client-certificate: nope/c, client-key: nope/k}
- name: data
  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}
- name: twice
  user: {client-certificate: nope, client-certificate-data: QQ==,
         client-key: nope, client-key-data: QQ==}
- name: keyless
  user: {client-certificate-data: QQ==}
- name: as
  user: {token: t, as: jane, as-uid: u-1, as-groups: [a, b],
         as-user-extra: {scopes: [p, q]}}
- {name: as-groups, user: {as-groups: [a]}}
- {name: as-extra, user: {as-user-extra: {k: [v]}}}
- {name: as-uid, user: {as-uid: u}}
- name: exec
  user: {exec: {command: aws, apiVersion: client.authentication.k8s.io/v1beta1}}
- {name: exec-nothing, user: {exec: {}}}
- name: exec-v1
  user: {exec: {command: x, apiVersion: client.authentication.k8s.io/v1}}
- name: exec-mode
  user: {exec: {command: x, apiVersion: client.authentication.k8s.io/v1,
                interactiveMode: sometimes}}
- name: exec-env
  user: {exec: {command: x, apiVersion: client.authentication.k8s.io/v1beta1,
                env: [{name: "", value: v}]}}
- name: exec-other
  user: {exec: {command: x, apiVersion: other/v1}}
- name: exec-gcp
  user: {auth-provider: {name: gcp}, exec: {command: x, apiVersion: z}}
- {name: gcp, user: {auth-provider: {name: gcp}}}
- {name: oidc, user: {auth-provider: {name: oidc}}}
contexts:
- name: plain
  context: {cluster: plain, user: token}
- name: secure
  context: {cluster: secure, user: token, namespace: work}
- name: nowhere
  context: {cluster: nope, user: nope}
)";

Kubeconfig File() {
  absl::StatusOr<Kubeconfig> kubeconfig = ParseKubeconfig(kFile, "/etc/kube");
  EXPECT_THAT(kubeconfig, IsOk());
  return kubeconfig.value_or(Kubeconfig());
}

ConfigOverrides InContext(const std::string& context) {
  ConfigOverrides overrides;
  overrides.context = context;
  overrides.default_server = "http://localhost:8080";
  return overrides;
}

ConfigOverrides Of(const std::string& cluster, const std::string& user) {
  ConfigOverrides overrides = InContext("secure");
  overrides.cluster = cluster;
  overrides.user = user;
  return overrides;
}

Config ConfigWith(const ConfigOverrides& overrides) {
  absl::StatusOr<ClientConfig> client = NewClientConfig(File(), overrides);
  EXPECT_THAT(client, IsOk());
  return client.ok() ? client->config : Config();
}

TEST(ClientConfigTest, TakesClusterUserAndNamespaceOfTheContext) {
  absl::StatusOr<ClientConfig> client =
      NewClientConfig(File(), InContext("secure"));
  ASSERT_THAT(client, IsOk());
  const Config& config = client->config;
  EXPECT_EQ(config.host, "https://10.0.0.1:6443");
  EXPECT_EQ(config.tls.server_name, "kubernetes");
  EXPECT_EQ(config.tls.ca_data, "CA");
  EXPECT_EQ(config.bearer_token, "abc");
  EXPECT_EQ(client->namespace_, "work");
  ASSERT_NE(config.proxy, nullptr);
  // Whatever the environment says.
  absl::StatusOr<net::http::Url> proxy = config.proxy(net::http::Url());
  ASSERT_THAT(proxy, IsOk());
  EXPECT_EQ(proxy->HostPort(), "proxy:3128");
}

TEST(ClientConfigTest, CurrentContextAndDefaultNamespaceAreTaken) {
  absl::StatusOr<ClientConfig> client = NewClientConfig(File(), InContext(""));
  ASSERT_THAT(client, IsOk());
  EXPECT_EQ(client->config.host, "http://127.0.0.1:1");
  EXPECT_EQ(client->namespace_, "default");
  EXPECT_EQ(client->config.proxy, nullptr);
}

TEST(ClientConfigTest, SecretsAreNotSentWithoutTls) {
  for (const char* user : {"token", "file", "basic", "data", "exec"}) {
    const Config config = ConfigWith(Of("plain", user));
    EXPECT_FALSE(config.HasTokenAuth() || config.HasBasicAuth() ||
                 config.HasCertAuth() || config.UsesExec())
        << user;
  }
}

TEST(ClientConfigTest, EachUserHasItsWayToLogIn) {
  EXPECT_EQ(ConfigWith(Of("secure", "file")).bearer_token_file, "/etc/kube/t");
  EXPECT_EQ(ConfigWith(Of("secure", "basic")).password, "secret");
  EXPECT_EQ(ConfigWith(Of("secure", "data")).tls.cert_data, "CERT");
  EXPECT_TRUE(ConfigWith(Of("secure", "exec")).UsesExec());
  const ImpersonationConfig as = ConfigWith(Of("secure", "as")).impersonate;
  EXPECT_EQ(as.user_name, "jane");
  EXPECT_EQ(as.uid, "u-1");
  EXPECT_THAT(as.groups, ElementsAre("a", "b"));
  EXPECT_THAT(as.extra.at("scopes"), ElementsAre("p", "q"));
}

struct OverrideCase {
  const char* name;
  std::function<void(ConfigOverrides&)> change;
  std::function<void(const Config&)> check;
};

const OverrideCase kOverrides[] = {
    {"Server", [](ConfigOverrides& o) { o.server = "https://other:1"; },
     [](const Config& c) {
       EXPECT_EQ(c.host, "https://other:1");
       // The name was that of the server that was replaced.
       EXPECT_EQ(c.tls.server_name, "");
       EXPECT_EQ(c.tls.ca_data, "CA");
     }},
    {"ServerAndName",
     [](ConfigOverrides& o) {
       o.server = "https://other:1";
       o.tls_server_name = "n";
     },
     [](const Config& c) { EXPECT_EQ(c.tls.server_name, "n"); }},
    {"Token", [](ConfigOverrides& o) { o.token = "mine"; },
     [](const Config& c) { EXPECT_EQ(c.bearer_token, "mine"); }},
    {"TokenForTokenFile",
     [](ConfigOverrides& o) {
       o.user = "file";
       o.token = "mine";
     },
     [](const Config& c) { EXPECT_EQ(c.bearer_token_file, ""); }},
    {"TokenForExec",
     [](ConfigOverrides& o) {
       o.user = "exec";
       o.token = "mine";
     },
     [](const Config& c) { EXPECT_FALSE(c.UsesExec()); }},
    {"TokenForAuthProvider",
     [](ConfigOverrides& o) {
       o.user = "gcp";
       o.token = "mine";
     },
     [](const Config& c) { EXPECT_EQ(c.bearer_token, "mine"); }},
    {"Insecure", [](ConfigOverrides& o) { o.insecure_skip_tls_verify = true; },
     [](const Config& c) {
       EXPECT_TRUE(c.tls.insecure);
       // A CA beside "insecure" would be refused.
       EXPECT_FALSE(c.HasCA());
     }},
    {"AuthorityForInsecure",
     [](ConfigOverrides& o) {
       o.cluster = "insecure";
       o.certificate_authority = "/dev/null";
     },
     [](const Config& c) {
       EXPECT_FALSE(c.tls.insecure);
       EXPECT_EQ(c.tls.ca_file, "/dev/null");
     }},
    {"AuthorityForData",
     [](ConfigOverrides& o) { o.certificate_authority = "/dev/null"; },
     [](const Config& c) { EXPECT_EQ(c.tls.ca_data, ""); }},
    {"Basic",
     [](ConfigOverrides& o) {
       o.user = "basic";
       o.password = "p";
     },
     [](const Config& c) {
       EXPECT_EQ(c.username, "me");
       EXPECT_EQ(c.password, "p");
     }},
    {"As",
     [](ConfigOverrides& o) {
       o.impersonate = "jane";
       o.impersonate_uid = "u";
       o.impersonate_groups = {"g"};
     },
     [](const Config& c) {
       EXPECT_EQ(c.impersonate.user_name, "jane");
       EXPECT_EQ(c.impersonate.uid, "u");
       EXPECT_THAT(c.impersonate.groups, ElementsAre("g"));
     }},
    {"AsAnother",
     [](ConfigOverrides& o) {
       o.user = "as";
       o.impersonate = "joe";
     },
     [](const Config& c) {
       EXPECT_EQ(c.impersonate.user_name, "joe");
       EXPECT_EQ(c.impersonate.uid, "u-1");
       EXPECT_THAT(c.impersonate.groups, ElementsAre("a", "b"));
     }},
    {"Certificate",
     [](ConfigOverrides& o) {
       o.client_certificate = "/dev/null";
       o.client_key = "/dev/zero";
     },
     [](const Config& c) {
       EXPECT_EQ(c.tls.cert_file, "/dev/null");
       EXPECT_EQ(c.tls.key_file, "/dev/zero");
     }},
};

class OverrideTest : public ::testing::TestWithParam<OverrideCase> {};

TEST_P(OverrideTest, IsLaidOver) {
  ConfigOverrides overrides = InContext("secure");
  GetParam().change(overrides);
  GetParam().check(ConfigWith(overrides));
}

INSTANTIATE_TEST_SUITE_P(All, OverrideTest, ::testing::ValuesIn(kOverrides),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

TEST(ClientConfigTest, NamespaceOverrideIsTaken) {
  ConfigOverrides overrides = InContext("secure");
  overrides.namespace_ = "there";
  EXPECT_EQ(NewClientConfig(File(), overrides)->namespace_, "there");
}

TEST(ClientConfigTest, DefaultServerIsForWhomNoClusterIsNamed) {
  EXPECT_EQ(NewClientConfig(Kubeconfig(), InContext(""))->config.host,
            "http://localhost:8080");
  EXPECT_EQ(ConfigWith(InContext("nowhere")).host, "http://localhost:8080");
}

TEST(ClientConfigTest, NoConfigurationIsToldInUpstreamsWords) {
  EXPECT_THAT(
      NewClientConfig(Kubeconfig(), ConfigOverrides()),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "invalid configuration: no configuration has been provided, "
               "try setting KUBERNETES_MASTER environment variable"));
}

// What kubectl 1.20.2 says to the same file, or a newer one of what is newer.
struct FaultCase {
  const char* name;
  const char* cluster;
  const char* user;
  std::vector<std::string> faults;
};

const FaultCase kFaults[] = {
    {"CertificateFiles",
     "secure",
     "cert",
     {"unable to read client-cert /etc/kube/nope/c for cert due to open "
      "/etc/kube/nope/c: no such file or directory",
      "unable to read client-key /etc/kube/nope/k for cert due to open "
      "/etc/kube/nope/k: no such file or directory"}},
    {"TokenAndBasic",
     "secure",
     "both",
     {"more than one authentication method found for both; found [token "
      "basicAuth], only one is allowed"}},
    {"TokenAndPassword",
     "secure",
     "password",
     {"more than one authentication method found for password; found [token "
      "basicAuth], only one is allowed"}},
    {"FileAndData",
     "secure",
     "twice",
     {"client-cert-data and client-cert are both specified for twice. "
      "client-cert-data will override.",
      "client-key-data and client-key are both specified for twice; "
      "client-key-data will override",
      "unable to read client-cert /etc/kube/nope for twice due to open "
      "/etc/kube/nope: no such file or directory",
      "unable to read client-key /etc/kube/nope for twice due to open "
      "/etc/kube/nope: no such file or directory"}},
    {"NoKey",
     "secure",
     "keyless",
     {"client-key-data or client-key must be specified for keyless to use the "
      "clientCert authentication method."}},
    {"GroupsOfNobody",
     "secure",
     "as-groups",
     {"requesting groups or user-extra for as-groups without impersonating a "
      "user"}},
    {"ExtraOfNobody",
     "secure",
     "as-extra",
     {"requesting groups or user-extra for as-extra without impersonating a "
      "user"}},
    {"UidOfNobody",
     "secure",
     "as-uid",
     {"requesting uid, groups or user-extra for as-uid without impersonating "
      "a user"}},
    {"ExecWithoutAnything",
     "secure",
     "exec-nothing",
     {"command must be specified for exec-nothing to use exec authentication "
      "plugin",
      "apiVersion must be specified for exec-nothing to use exec "
      "authentication plugin"}},
    {"ExecV1WithoutMode",
     "secure",
     "exec-v1",
     {"interactiveMode must be specified for exec-v1 to use exec "
      "authentication plugin"}},
    {"ExecMode",
     "secure",
     "exec-mode",
     {"invalid interactiveMode for exec-mode: \"sometimes\""}},
    {"ExecEnvironment",
     "secure",
     "exec-env",
     {"env variable name must be specified for exec-env to use exec "
      "authentication plugin"}},
    {"ExecAndProvider",
     "secure",
     "exec-gcp",
     {"authProvider cannot be provided in combination with an exec plugin for "
      "exec-gcp"}},
    {"AuthProvider",
     "secure",
     "gcp",
     {"user \"gcp\" logs in by auth-provider \"gcp\", which is not supported; "
      "use an exec credential plugin instead (for gcp: "
      "gke-gcloud-auth-plugin)"}},
    {"Oidc",
     "secure",
     "oidc",
     {"user \"oidc\" logs in by auth-provider \"oidc\", which is not "
      "supported; use an exec credential plugin instead (for oidc: "
      "kubectl-oidc_login)"}},
    {"Authority",
     "bad-ca",
     "token",
     {"certificate-authority-data and certificate-authority are both specified "
      "for bad-ca. certificate-authority-data will override.",
      "unable to read certificate-authority /etc/kube/nope for bad-ca due to "
      "open /etc/kube/nope: no such file or directory"}},
    {"ProxyWithoutScheme",
     "proxy-word",
     "token",
     {"invalid 'proxy-url' \"1.2.3.4:5\" for cluster \"proxy-word\": could not "
      "parse: 1.2.3.4:5"}},
    {"ProxyScheme",
     "proxy-ftp",
     "token",
     {"invalid 'proxy-url' \"ftp://x\" for cluster \"proxy-ftp\": unsupported "
      "scheme \"ftp\", must be http, https, or socks5"}},
    {"ProxySocks",
     "proxy-socks",
     "token",
     {"invalid 'proxy-url' \"socks5://x\" for cluster \"proxy-socks\": scheme "
      "\"socks5\" is not supported here, must be http or https"}},
    {"ProxyNowhere",
     "proxy-nobody",
     "token",
     {"invalid 'proxy-url' \"http://\" for cluster \"proxy-nobody\": no host "
      "in it"}},
    {"ClusterThatIsNot", "w", "token", {"no server found for cluster \"w\""}},
};

class FaultTest : public ::testing::TestWithParam<FaultCase> {};

TEST_P(FaultTest, IsToldInUpstreamsWords) {
  const FaultCase& c = GetParam();
  const absl::Status status =
      NewClientConfig(File(), Of(c.cluster, c.user)).status();
  EXPECT_THAT(ConfigurationFaults(status), ElementsAreArray(c.faults));
}

INSTANTIATE_TEST_SUITE_P(All, FaultTest, ::testing::ValuesIn(kFaults),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

TEST(ClientConfigTest, UnknownContextIsAFault) {
  EXPECT_THAT(
      ConfigurationFaults(NewClientConfig(File(), InContext("q")).status()),
      ElementsAre("context was not found for specified context: q"));
}

TEST(ClientConfigTest, WhatAnOverrideNamesMustBeThere) {
  EXPECT_THAT(
      NewClientConfig(File(), Of("secure", "w")),
      StatusIs(absl::StatusCode::kNotFound, "auth info \"w\" does not exist"));
  // As upstream: who names a namespace needs no usable configuration for it.
  ConfigOverrides overrides = Of("w", "token");
  overrides.namespace_ = "n";
  EXPECT_THAT(
      NewClientConfig(File(), overrides),
      StatusIs(absl::StatusCode::kNotFound, "cluster \"w\" does not exist"));
  overrides = InContext("q");
  overrides.namespace_ = "n";
  EXPECT_THAT(
      NewClientConfig(File(), overrides),
      StatusIs(absl::StatusCode::kNotFound, "context \"q\" does not exist"));
}

TEST(ClientConfigTest, ExecOfAnotherVersionIsRefused) {
  EXPECT_THAT(NewClientConfig(File(), Of("secure", "exec-other")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "exec plugin: invalid apiVersion \"other/v1\""));
}

TEST(ClientConfigTest, ExecIsToldOfTheCluster) {
  const std::string folder = ::testing::TempDir() + "/told";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/ca.crt") << "CA";
  std::ofstream(folder + "/login")
      << "#!/bin/sh\necho \"$KUBERNETES_EXEC_INFO\" > " << folder << "/info";
  std::filesystem::permissions(folder + "/login",
                               std::filesystem::perms::owner_all);
  absl::StatusOr<Kubeconfig> file = ParseKubeconfig(R"(
clusters:
- name: c
  cluster:
    server: https://one
    certificate-authority: ca.crt
    tls-server-name: t
    proxy-url: http://p:1
    disable-compression: true
    extensions:
    - {name: client.authentication.k8s.io/exec, extension: {k: [1]}}
users:
- name: u
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: ./login
      interactiveMode: Never
      provideClusterInfo: true
)",
                                                    folder);
  ASSERT_THAT(file, IsOk());
  ConfigOverrides overrides;
  overrides.cluster = "c";
  overrides.user = "u";
  absl::StatusOr<ClientConfig> client = NewClientConfig(*file, overrides);
  ASSERT_THAT(client, IsOk());
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    auto credentials = co_await client->config.exec_provider->GetCreds();
    co_return credentials.status();
  });
  EXPECT_THAT(ran, StatusIs(absl::StatusCode::kUnauthenticated));
  std::string info;
  std::ifstream told(folder + "/info");
  std::getline(told, info);
  EXPECT_EQ(info, R"({"apiVersion":"client.authentication.k8s.io/v1beta1",)"
                  R"("kind":"ExecCredential","spec":{"cluster":{)"
                  R"("certificate-authority-data":"Q0E=","config":{"k":[1]},)"
                  R"("disable-compression":true,"proxy-url":"http://p:1",)"
                  R"("server":"https://one","tls-server-name":"t"},)"
                  R"("interactive":false}})");
  std::filesystem::remove_all(folder);
}

TEST(ClientConfigTest, OtherErrorsHaveNoFaults) {
  EXPECT_THAT(ConfigurationFaults(absl::InternalError("x")), IsEmpty());
}

class InClusterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/serviceaccount";
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ + "/token") << "pod-token\n";
    std::ofstream(folder_ + "/namespace") << "pod-ns\n";
    setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
  }
  void TearDown() override {
    for (const char* name : {"KUBERNETES_SERVICE_HOST",
                             "KUBERNETES_SERVICE_PORT", "POD_NAMESPACE"}) {
      unsetenv(name);
    }
    std::filesystem::remove_all(folder_);
  }

  ClientConfig Get(const Kubeconfig& file, const ConfigOverrides& overrides) {
    absl::StatusOr<ClientConfig> client =
        NewDeferredClientConfig(file, overrides, folder_);
    EXPECT_THAT(client, IsOk());
    return client.value_or(ClientConfig());
  }

  std::string folder_;
};

TEST_F(InClusterTest, ServiceAccountIsUsedWhereNothingIsConfigured) {
  for (const char* default_server : {"http://localhost:8080", ""}) {
    ConfigOverrides overrides;
    overrides.default_server = default_server;
    const ClientConfig client = Get(Kubeconfig(), overrides);
    EXPECT_EQ(client.config.host, "https://10.96.0.1:443");
    EXPECT_EQ(client.config.bearer_token_file, folder_ + "/token");
    EXPECT_EQ(client.config.tls.ca_file, folder_ + "/ca.crt");
    EXPECT_EQ(client.namespace_, "pod-ns");
  }
}

TEST_F(InClusterTest, OverridesAreLaidOver) {
  ConfigOverrides overrides = InContext("");
  overrides.token = "mine";
  overrides.certificate_authority = "/dev/null";
  overrides.impersonate = "jane";
  overrides.namespace_ = "n";
  const ClientConfig client = Get(Kubeconfig(), overrides);
  EXPECT_EQ(client.config.host, "https://10.96.0.1:443");
  EXPECT_EQ(client.config.bearer_token, "mine");
  EXPECT_EQ(client.config.bearer_token_file, "");
  EXPECT_EQ(client.config.tls.ca_file, "/dev/null");
  EXPECT_EQ(client.config.impersonate.user_name, "jane");
  EXPECT_EQ(client.namespace_, "n");
}

TEST_F(InClusterTest, AServerOfOnesOwnWins) {
  ConfigOverrides overrides = InContext("");
  overrides.server = "https://mine";
  EXPECT_EQ(Get(Kubeconfig(), overrides).config.host, "https://mine");
  EXPECT_EQ(Get(Kubeconfig(), overrides).config.bearer_token_file, "");
  EXPECT_EQ(Get(File(), InContext("")).config.host, "http://127.0.0.1:1");
}

TEST_F(InClusterTest, NamespaceIsThePodsUnlessAContextNamesOne) {
  EXPECT_EQ(Get(File(), InContext("plain")).namespace_, "pod-ns");
  EXPECT_EQ(Get(File(), InContext("secure")).namespace_, "work");
  setenv("POD_NAMESPACE", "env-ns", 1);
  EXPECT_EQ(Get(Kubeconfig(), InContext("")).namespace_, "env-ns");
  unsetenv("POD_NAMESPACE");
  std::filesystem::remove(folder_ + "/namespace");
  EXPECT_EQ(Get(Kubeconfig(), InContext("")).namespace_, "default");
}

TEST_F(InClusterTest, ItTakesAServiceAndAToken) {
  const std::string elsewhere = "http://localhost:8080";
  std::filesystem::remove(folder_ + "/token");
  EXPECT_EQ(Get(Kubeconfig(), InContext("")).config.host, elsewhere);
  std::filesystem::create_directory(folder_ + "/token");
  EXPECT_EQ(Get(Kubeconfig(), InContext("")).config.host, elsewhere);
  std::filesystem::remove(folder_ + "/token");
  std::ofstream(folder_ + "/token") << "t";
  EXPECT_NE(Get(Kubeconfig(), InContext("")).config.host, elsewhere);
  setenv("KUBERNETES_SERVICE_PORT", "", 1);
  EXPECT_EQ(Get(Kubeconfig(), InContext("")).config.host, elsewhere);
  EXPECT_THAT(InClusterConfig(folder_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "unable to load in-cluster configuration, "
                       "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT "
                       "must be defined"));
}

TEST_F(InClusterTest, AnIpv6ServiceIsInBrackets) {
  setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
  EXPECT_EQ(InClusterConfig(folder_)->host, "https://[fd00::1]:443");
}

TEST_F(InClusterTest, ABrokenConfigurationIsNotPassedOver) {
  EXPECT_THAT(
      ConfigurationFaults(
          NewDeferredClientConfig(File(), InContext("q"), folder_).status()),
      ElementsAre("context was not found for specified context: q"));
}

}  // namespace
}  // namespace fairway::rest
