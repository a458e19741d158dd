// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authentication/authenticator.h"

#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"

namespace fairway::apiserver::authentication {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::unique_ptr<Authenticator> CertificatesAndTokens() {
  auto tokens = NewTokenFile(
      "t1,alice,u1,\"dev,ops\"\n\n  t2 , bob , u2\n\"t,3\",\"c\"\"d\",u3\n");
  EXPECT_THAT(tokens, IsOk());
  std::vector<std::unique_ptr<Authenticator>> all;
  all.push_back(NewX509());
  all.push_back(*std::move(tokens));
  return NewUnion(std::move(all));
}

struct Case {
  const char* name;
  const char* common_name;    // empty: no certificate
  const char* authorization;  // empty: no header
  const char* user;           // empty: nobody
  std::vector<std::string> groups;
  absl::StatusCode code;
};

class AuthenticatorTest : public ::testing::TestWithParam<Case> {};

TEST_P(AuthenticatorTest, NamesTheUser) {
  const Case& c = GetParam();
  net::http::ServerRequest request;
  net::PeerCertificate certificate;
  certificate.common_name = c.common_name;
  certificate.organizations = {"system:masters"};
  if (*c.common_name != '\0') request.peer_certificate = &certificate;
  if (*c.authorization != '\0') {
    request.headers.Set("Authorization", c.authorization);
  }
  auto user = CertificatesAndTokens()->AuthenticateRequest(request);
  ASSERT_THAT(user, StatusIs(c.code));
  if (!user.ok()) return;
  ASSERT_EQ(user->has_value(), *c.user != '\0');
  if (!user->has_value()) return;
  EXPECT_EQ((*user)->name, c.user);
  EXPECT_EQ((*user)->groups, c.groups);
}

INSTANTIATE_TEST_SUITE_P(
    All, AuthenticatorTest,
    ::testing::Values(Case{"nothing", "", "", "", {}, absl::StatusCode::kOk},
                      Case{"certificate",
                           "admin",
                           "",
                           "admin",
                           {"system:masters", "system:authenticated"},
                           absl::StatusCode::kOk},
                      Case{"certificate_goes_first",
                           "admin",
                           "Bearer t1",
                           "admin",
                           {"system:masters", "system:authenticated"},
                           absl::StatusCode::kOk},
                      Case{"token",
                           "",
                           "Bearer t1",
                           "alice",
                           {"dev", "ops", "system:authenticated"},
                           absl::StatusCode::kOk},
                      Case{"any_case",
                           "",
                           "bearer  t2 ",
                           "bob",
                           {"system:authenticated"},
                           absl::StatusCode::kOk},
                      Case{"quoted",
                           "",
                           "Bearer t,3",
                           "c\"d",
                           {"system:authenticated"},
                           absl::StatusCode::kOk},
                      Case{"wrong_token",
                           "",
                           "Bearer t11",
                           "",
                           {},
                           absl::StatusCode::kUnauthenticated},
                      Case{"prefix_of_a_token",
                           "",
                           "Bearer t",
                           "",
                           {},
                           absl::StatusCode::kUnauthenticated},
                      Case{"basic_is_not_known",
                           "",
                           "Basic YTpi",
                           "",
                           {},
                           absl::StatusCode::kOk}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(TokenFileTest, NamesTheBadLine) {
  EXPECT_THAT(NewTokenFile("t,u,1\nt2,u\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("line 2: must have at least 3 columns")));
  EXPECT_THAT(NewTokenFile("t,\"u\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("line 1: extraneous or missing")));
}

TEST(AnonymousTest, IsNotAuthenticated) {
  std::vector<std::unique_ptr<Authenticator>> all;
  all.push_back(NewAnonymous());
  auto user =
      NewUnion(std::move(all))->AuthenticateRequest(net::http::ServerRequest());
  ASSERT_THAT(user, IsOk());
  EXPECT_EQ((*user)->name, "system:anonymous");
  EXPECT_THAT((*user)->groups, ElementsAre("system:unauthenticated"));
}

}  // namespace
}  // namespace fairway::apiserver::authentication
