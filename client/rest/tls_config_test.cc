// SPDX-License-Identifier: Apache-2.0
#include "client/rest/tls_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "net/tls/certs.h"

namespace fairway::rest {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Encrypted by "openssl pkey -aes128" and "openssl rsa -aes128 -traditional".
constexpr char kEncryptedKey[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";
constexpr char kEncryptedOldKey[] =
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";

class TlsConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    authority_ = *net::CertificateAuthority::Make("ca");
    net::CertificateRequest request;
    request.common_name = "jane";
    jane_ = *authority_->Sign(request);
    joe_ = *authority_->Sign(request);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  Config WithFiles(const std::string& cert, const std::string& key) {
    Config config;
    config.host = "https://h";
    config.tls.cert_file = Write("c.crt", cert);
    config.tls.key_file = Write("k.key", key);
    return config;
  }
  std::string Files() const {
    return absl::StrCat(" (client-certificate ", folder_, "/c.crt, client-key ",
                        folder_, "/k.key)");
  }

  std::string folder_;
  std::unique_ptr<net::CertificateAuthority> authority_;
  net::CertificateAndKey jane_, joe_;
};

TEST_F(TlsConfigTest, FilesAreRead) {
  absl::StatusOr<net::TlsClientConfig> tls =
      TLSConfigFor(WithFiles(jane_.cert_pem, jane_.key_pem));
  ASSERT_THAT(tls, IsOk());
  EXPECT_EQ(tls->cert_pem, jane_.cert_pem);
  EXPECT_EQ(tls->key_pem, jane_.key_pem);
}

TEST_F(TlsConfigTest, KeysThatCannotBeUsedAreToldInGosWords) {
  struct Case {
    std::string cert;
    std::string key;
    std::string want;
  };
  const std::string half = jane_.key_pem.substr(0, jane_.key_pem.size() / 2);
  const Case cases[] = {
      {jane_.cert_pem, joe_.key_pem,
       "tls: private key does not match public key"},
      {"junk", jane_.key_pem,
       "tls: failed to find any PEM data in certificate input"},
      {jane_.cert_pem, "junk", "tls: failed to find any PEM data in key input"},
      {jane_.cert_pem, half, "tls: failed to find any PEM data in key input"},
      {jane_.cert_pem, jane_.cert_pem,
       "tls: found a certificate rather than a key in the PEM for the private "
       "key"},
      {jane_.key_pem, jane_.cert_pem,
       "tls: failed to find certificate PEM data in certificate input, but did "
       "find a private key; PEM inputs may have been switched"},
      {jane_.cert_pem,
       "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
       "tls: failed to parse private key"},
      {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
       jane_.key_pem, "x509: malformed certificate"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(TLSConfigFor(WithFiles(c.cert, c.key)),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         absl::StrCat(c.want, Files())));
  }
}

TEST_F(TlsConfigTest, EncryptedKeyComesWithWhatToDo) {
  for (const char* key : {kEncryptedKey, kEncryptedOldKey}) {
    const absl::Status status =
        TLSConfigFor(WithFiles(jane_.cert_pem, key)).status();
    EXPECT_THAT(
        std::string(status.message()),
        StartsWith("tls: failed to parse private key: it is encrypted"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("openssl pkey -in"));
    EXPECT_THAT(std::string(status.message()), HasSubstr(Files()));
  }
}

TEST_F(TlsConfigTest, DataHasNoFileToName) {
  Config config = WithFiles("nobody reads this", "nor this");
  config.tls.cert_data = jane_.cert_pem;
  config.tls.key_data = joe_.key_pem;
  EXPECT_THAT(TLSConfigFor(config),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "tls: private key does not match public key"));
}

TEST_F(TlsConfigTest, MissingFileIsNamed) {
  Config config = WithFiles(jane_.cert_pem, jane_.key_pem);
  config.tls.key_file = folder_ + "/none";
  EXPECT_THAT(TLSConfigFor(config),
              StatusIs(absl::StatusCode::kNotFound,
                       absl::StrCat("open ", folder_,
                                    "/none: no such file or directory")));
}

TEST_F(TlsConfigTest, AuthorityThatCannotBeUsedIsNamed) {
  Config config;
  config.host = "https://h";
  config.tls.ca_file = Write("ca.crt", "junk");
  EXPECT_THAT(DialOptionsFor(config),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       absl::StrCat("unable to load root certificates: unable "
                                    "to parse bytes as PEM block "
                                    "(certificate-authority ",
                                    folder_, "/ca.crt)")));
  config.tls.ca_data = "junk";
  EXPECT_THAT(DialOptionsFor(config),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "unable to load root certificates: unable to parse "
                       "bytes as PEM block"));
}

TEST_F(TlsConfigTest, AuthorityBesideInsecureIsRefused) {
  Config config;
  config.host = "https://h";
  config.tls.ca_data = authority_->cert_pem();
  config.tls.insecure = true;
  EXPECT_THAT(TLSConfigFor(config),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "specifying a root certificates file with the insecure "
                       "flag is not allowed"));
}

}  // namespace
}  // namespace fairway::rest
