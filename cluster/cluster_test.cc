// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "base/status/testing/status_matchers.h"
#include "client/rest/kubeconfig.h"
#include "cluster/certificates.h"
#include "cluster/local_cluster.h"
#include "cluster/scheduler.h"

namespace fairway::cluster {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

TEST(CertificatesTest, KubeconfigCarriesTheAdministratorsCertificates) {
  const std::string folder = ::testing::TempDir();
  absl::StatusOr<ClientCredentials> made = MakePki(folder, "node-1");
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->node.user, "system:node:node-1");
  const std::string path = folder + "/kubeconfig";
  ASSERT_THAT(WriteKubeconfig(path, 6443, made->admin), IsOk());

  absl::StatusOr<rest::Kubeconfig> loaded = rest::LoadKubeconfig(path);
  ASSERT_THAT(loaded, IsOk());
  absl::StatusOr<rest::ClientConfig> config =
      rest::NewClientConfig(*loaded, {});
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->config.host, "https://127.0.0.1:6443");
  EXPECT_EQ(config->config.tls.cert_data, made->admin.cert_pem);
  EXPECT_EQ(config->config.tls.key_data, made->admin.key_pem);
}

TEST(CertificatesTest, KeysAreTheirOwnersAlone) {
  const std::string folder = ::testing::TempDir();
  ASSERT_THAT(MakePki(folder, "node-1"), IsOk());
  const Pki pki(folder);
  for (const std::string& path : {pki.apiserver_key, pki.kubelet_key,
                                  pki.kubelet_client_key, pki.admin_key}) {
    struct stat file;
    ASSERT_EQ(stat(path.c_str(), &file), 0) << path;
    EXPECT_EQ(file.st_mode & 0777, 0600) << path;
  }
}

TEST(CertificatesTest, NamesTheFolderThatCannotBeWritten) {
  EXPECT_THAT(MakePki("/no/such/folder", "node-1"),
              StatusIs(StatusCode::kNotFound, HasSubstr("/no/such/folder")));
}

TEST(SchedulerTest, LeavesPodsThatHaveANodeOrAreOver) {
  api::Pod pod;
  EXPECT_TRUE(NeedsNode(pod));
  pod.node_name = "node-1";
  EXPECT_FALSE(NeedsNode(pod));
  pod.node_name = "";
  pod.phase = "Failed";
  EXPECT_FALSE(NeedsNode(pod));
  pod.phase = "Pending";
  pod.metadata.deletion_timestamp = "2026-01-01T00:00:00Z";
  EXPECT_FALSE(NeedsNode(pod));
}

struct OptionsCase {
  const char* name;
  Options options;
  std::string want;  // of the error; empty: none
};

class ValidateOptionsTest : public ::testing::TestWithParam<OptionsCase> {};

TEST_P(ValidateOptionsTest, NamesTheFlag) {
  const absl::Status status = ValidateOptions(GetParam().options);
  if (GetParam().want.empty()) {
    EXPECT_THAT(status, IsOk());
  } else {
    EXPECT_THAT(status, StatusIs(StatusCode::kInvalidArgument,
                                 HasSubstr(GetParam().want)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ValidateOptionsTest,
    ::testing::Values(
        OptionsCase{"good", {.data_dir = "/tmp/x"}, ""},
        OptionsCase{"no_folder", {}, "--data-dir: must name a folder"},
        OptionsCase{"long_folder",
                    {.data_dir = "/" + std::string(95, 'x')},
                    "too long for the sockets below it"},
        OptionsCase{"runtime",
                    {.data_dir = "/tmp/x", .runtime = "rkt"},
                    "--runtime: \"rkt\": want process, docker or remote"},
        OptionsCase{"remote",
                    {.data_dir = "/tmp/x", .runtime = "remote"},
                    "--container-runtime-endpoint: --runtime=remote needs it"},
        OptionsCase{"dial",
                    {.data_dir = "/tmp/x", .port_forward_dial = "ssh"},
                    "--port-forward-dial: \"ssh\": want netns or socat"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace fairway::cluster
