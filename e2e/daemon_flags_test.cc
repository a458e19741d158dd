// SPDX-License-Identifier: Apache-2.0
// A daemon that is started with a flag that it does not know, or with a file
// that it cannot use, ends at once with status 1, naming the flag and the file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "e2e/harness/cluster.h"
#include "e2e/harness/process.h"

namespace fairway::e2e {
namespace {

using ::testing::HasSubstr;

const char kApiServer[] = "apiserver/kube-apiserver";
const char kKubelet[] = "kubelet/kubelet";
const char kDockershim[] = "runtime/dockershim/dockershim";
const char kUp[] = "cluster/fairway-up";

// A cluster's certificates and kubeconfigs, and beside them DIR/garbage, a file
// of no use to anybody, and DIR/LONG, a path with no room for a socket's name.
class Files : public ::testing::Environment {
 public:
  void SetUp() override {
    Cluster cluster{ClusterOptions()};
    folder_ = MakeShortFolder();
    for (const char* name :
         {"ca.crt", "apiserver.crt", "apiserver.key",
          "apiserver-kubelet-client.crt", "apiserver-kubelet-client.key",
          "kubelet.crt", "kubelet.key"}) {
      WriteFile(folder_ + "/" + name,
                ReadFile(cluster.folder() + "/pki/" + name));
    }
    WriteFile(folder_ + "/kubeconfig",
              ReadFile(cluster.folder() + "/kubelet/kubeconfig"));
    WriteFile(folder_ + "/garbage", "\"garbage\n");
  }
  void TearDown() override { RemoveFolder(folder_); }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

auto* const kFiles =
    static_cast<Files*>(::testing::AddGlobalTestEnvironment(new Files()));

// A command line of `program` that is good but for `flag`.
std::map<std::string, std::string> GoodFlags(const std::string& program) {
  if (program == kApiServer) {
    return {{"bind-address", "127.0.0.1"},
            {"secure-port", "0"},
            {"data-dir", "DIR/store"},
            {"tls-cert-file", "DIR/apiserver.crt"},
            {"tls-private-key-file", "DIR/apiserver.key"},
            {"client-ca-file", "DIR/ca.crt"},
            {"kubelet-certificate-authority", "DIR/ca.crt"},
            {"kubelet-client-certificate", "DIR/apiserver-kubelet-client.crt"},
            {"kubelet-client-key", "DIR/apiserver-kubelet-client.key"}};
  }
  if (program == kKubelet) {
    return {{"kubeconfig", "DIR/kubeconfig"},
            {"root-dir", "DIR/kubelet"},
            {"address", "127.0.0.1"},
            {"port", "0"},
            {"client-ca-file", "DIR/ca.crt"},
            {"tls-cert-file", "DIR/kubelet.crt"},
            {"tls-private-key-file", "DIR/kubelet.key"},
            {"container-runtime", "process"}};
  }
  if (program == kDockershim) {
    return {{"listen", "unix://DIR/shim.sock"},
            {"docker-endpoint", "unix://DIR/docker.sock"}};
  }
  return {{"data-dir", "DIR/data"}, {"secure-port", "0"}};
}

struct Case {
  std::string program;
  std::string flag;
  std::string value;
  std::string want = "";  // besides the flag; empty: the value
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.program << " --" << c.flag << "=" << c.value;
}

std::string Filled(std::string text) {
  const std::map<std::string, std::string> words = {
      {"DIR", kFiles->folder()}, {"LONG", std::string(110, 'l')}};
  for (const auto& [word, with] : words) {
    for (size_t at; (at = text.find(word)) != std::string::npos;) {
      text.replace(at, word.size(), with);
    }
  }
  return text;
}

class DaemonFlagsTest : public ::testing::TestWithParam<Case> {};

TEST_P(DaemonFlagsTest, EndsAtOnceAndNamesIt) {
  const Case& c = GetParam();
  std::map<std::string, std::string> flags = GoodFlags(c.program);
  flags[c.flag] = c.value;
  std::vector<std::string> argv = {DataFile(c.program)};
  for (const auto& [name, value] : flags) {
    argv.push_back("--" + name + "=" + Filled(value));
  }
  const Result result = e2e::Run(argv, Seconds(10));
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("--" + c.flag));
  EXPECT_THAT(result.err, HasSubstr(Filled(c.want.empty() ? c.value : c.want)));
  EXPECT_THAT(result.err, HasSubstr("Error: "));
}

std::string CaseName(const ::testing::TestParamInfo<Case>& info) {
  std::string name = info.param.program.substr(info.param.program.rfind('/')) +
                     info.param.flag + info.param.value;
  std::string plain;
  for (char c : name) {
    if (isalnum(static_cast<unsigned char>(c))) plain += c;
  }
  return plain;
}

INSTANTIATE_TEST_SUITE_P(
    Unknown, DaemonFlagsTest,
    ::testing::Values(Case{kApiServer, "nope", "1", "unknown flag: --nope"},
                      Case{kKubelet, "nope", "1", "unknown flag: --nope"},
                      Case{kDockershim, "nope", "1", "unknown flag: --nope"},
                      Case{kUp, "nope", "1", "unknown flag: --nope"}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    ApiServer, DaemonFlagsTest,
    ::testing::Values(
        Case{kApiServer, "tls-cert-file", "DIR/none"},
        Case{kApiServer, "tls-cert-file", "DIR/garbage"},
        Case{kApiServer, "tls-private-key-file", "DIR/none"},
        Case{kApiServer, "tls-private-key-file", "DIR/garbage"},
        Case{kApiServer, "tls-private-key-file", "DIR/ca.crt"},
        Case{kApiServer, "client-ca-file", "DIR/none"},
        Case{kApiServer, "client-ca-file", "DIR/garbage"},
        Case{kApiServer, "token-auth-file", "DIR/none"},
        Case{kApiServer, "token-auth-file", "DIR/garbage"},
        Case{kApiServer, "audit-log-path", "DIR/none/audit"},
        Case{kApiServer, "kubelet-client-certificate", "DIR/none"},
        Case{kApiServer, "kubelet-client-certificate", "DIR/garbage"},
        Case{kApiServer, "kubelet-client-key", "DIR/none"},
        Case{kApiServer, "kubelet-client-key", "DIR/garbage"},
        Case{kApiServer, "kubelet-certificate-authority", "DIR/none"},
        Case{kApiServer, "kubelet-certificate-authority", "DIR/garbage"},
        Case{kApiServer, "data-dir", "DIR/garbage"},
        Case{kApiServer, "data-dir", "DIR/garbage/store"},
        Case{kApiServer, "secure-port", "65536"},
        Case{kApiServer, "secure-port", "x"},
        Case{kApiServer, "bind-address", "nowhere"},
        Case{kApiServer, "feature-gates", "PortForwardWebsockets=maybe"},
        Case{kApiServer, "enable-admission-plugins", "AlwaysPullImages"},
        Case{kApiServer, "allow-loopback-kubelets", "perhaps"}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Kubelet, DaemonFlagsTest,
    ::testing::Values(Case{kKubelet, "kubeconfig", "DIR/none"},
                      Case{kKubelet, "kubeconfig", "DIR/garbage"},
                      Case{kKubelet, "client-ca-file", "DIR/none"},
                      Case{kKubelet, "client-ca-file", "DIR/garbage"},
                      Case{kKubelet, "tls-cert-file", "DIR/none"},
                      Case{kKubelet, "tls-cert-file", "DIR/garbage"},
                      Case{kKubelet, "tls-private-key-file", "DIR/none"},
                      Case{kKubelet, "tls-private-key-file", "DIR/garbage"},
                      Case{kKubelet, "root-dir", "DIR/garbage"},
                      Case{kKubelet, "root-dir", "DIR/LONG"},
                      Case{kKubelet, "container-runtime", "bogus"},
                      Case{kKubelet, "port", "65536"},
                      Case{kKubelet, "address", "nowhere"},
                      Case{kKubelet, "streaming-ping-timeout", "soon"},
                      Case{kKubelet, "streaming-max-window-bytes", "1"}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Dockershim, DaemonFlagsTest,
    ::testing::Values(
        Case{kDockershim, "listen", "unix://DIR/LONG", "DIR/LONG"},
        Case{kDockershim, "listen", "unix://DIR/none/s", "DIR/none/s"},
        Case{kDockershim, "listen", "http://x"},
        Case{kDockershim, "port-forward-dial", "bogus"},
        Case{kDockershim, "docker-endpoint", "bogus"},
        Case{kDockershim, "streaming-buffer-bytes", "0"}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    FairwayUp, DaemonFlagsTest,
    ::testing::Values(Case{kUp, "data-dir", "DIR/LONG", "too long"},
                      Case{kUp, "data-dir", "DIR/garbage"},
                      Case{kUp, "data-dir", "", "must name a folder"},
                      Case{kUp, "runtime", "bogus"},
                      Case{kUp, "port-forward-dial", "bogus"},
                      Case{kUp, "secure-port", "65536"}),
    CaseName);

}  // namespace
}  // namespace fairway::e2e
