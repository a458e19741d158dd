// SPDX-License-Identifier: Apache-2.0
#include "net/tls/certs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"

namespace fairway::net {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::Ne;
using ::testing::StartsWith;

TEST(CertificateAuthorityTest, SurvivesBeingStored) {
  auto made = CertificateAuthority::Make("ca");
  ASSERT_THAT(made, IsOk());
  EXPECT_THAT((*made)->cert_pem(), StartsWith("-----BEGIN CERTIFICATE-----"));
  EXPECT_THAT((*made)->key_pem(), StartsWith("-----BEGIN PRIVATE KEY-----"));
  auto loaded =
      CertificateAuthority::Load((*made)->cert_pem(), (*made)->key_pem());
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ((*loaded)->cert_pem(), (*made)->cert_pem());
  EXPECT_THAT((*loaded)->Sign({}), IsOk());
}

TEST(CertificateAuthorityTest, KeyOfAnotherIsRefused) {
  auto one = CertificateAuthority::Make("ca");
  auto other = CertificateAuthority::Make("ca");
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(other, IsOk());
  EXPECT_THAT(
      CertificateAuthority::Load((*one)->cert_pem(), (*other)->key_pem()),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("does not match")));
}

TEST(CertificateAuthorityTest, EachCertificateHasItsOwnKey) {
  auto authority = CertificateAuthority::Make("ca");
  ASSERT_THAT(authority, IsOk());
  auto first = (*authority)->Sign({});
  auto second = (*authority)->Sign({});
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(first->key_pem, Ne(second->key_pem));
}

TEST(CertificateAuthorityTest, AddressThatIsNoneIsNamed) {
  auto authority = CertificateAuthority::Make("ca");
  ASSERT_THAT(authority, IsOk());
  CertificateRequest request;
  request.ip_addresses = {"127.0.0.1", "localhost"};
  EXPECT_THAT((*authority)->Sign(request),
              StatusIs(StatusCode::kInvalidArgument,
                       "certificate: localhost: want an IP address"));
}

}  // namespace
}  // namespace fairway::net
