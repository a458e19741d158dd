// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/transport/round_trippers_test.go (v0.20.2)
#include "client/rest/debugging_round_tripper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status/testing/status_matchers.h"
#include "base/task/loop.h"
#include "client/rest/transport.h"

namespace fairway::rest {
namespace {

using net::http::Request;
using net::http::Response;
using net::http::RoundTripper;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Answers final : public RoundTripper {
 public:
  explicit Answers(absl::Status error) : error_(std::move(error)) {}
  Task<absl::StatusOr<Response>> RoundTrip(Request) override {
    if (!error_.ok()) co_return error_;
    Response response;
    response.status = 200;
    response.reason = "OK";
    response.headers.Add("Content-Type", "application/json");
    response.headers.Add("Date", "now");
    co_return response;
  }

 private:
  const absl::Status error_;
};

// What is told of a request at a level: a line's place and its message, without
// the time that it took.
std::vector<std::string> Told(int verbosity, absl::Status error = {}) {
  std::vector<std::string> lines;
  RequestLog log;
  log.verbosity = verbosity;
  log.write = [&lines](absl::string_view line) {
    static const std::regex head(
        R"(^I\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ (.*\.go:\d+\] .*)\n$)");
    std::smatch match;
    const std::string text(line);
    ASSERT_TRUE(std::regex_match(text, match, head)) << text;
    lines.push_back(std::regex_replace(match[1].str(),
                                       std::regex(R"(in \d+ milliseconds)"),
                                       "in N milliseconds"));
  };
  auto rt = DebugWrappers(log, std::make_unique<Answers>(std::move(error)));
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    Request request;
    request.method = "POST";
    request.url = *net::http::ParseUrl("https://u:secret@h:6443/api?a=b");
    request.headers.Add("Accept", "application/json, */*");
    request.headers.Add("Authorization", "Bearer secret");
    absl::StatusOr<Response> response =
        co_await rt->RoundTrip(std::move(request));
    response.status().IgnoreError();
    co_return absl::OkStatus();
  });
  EXPECT_THAT(ran, IsOk());
  return lines;
}

TEST(DebuggingRoundTripperTest, BelowSixNothingIsTold) {
  EXPECT_THAT(Told(5), IsEmpty());
}

TEST(DebuggingRoundTripperTest, SixTellsUrlAndTime) {
  EXPECT_THAT(Told(6), ElementsAre("round_trippers.go:445] POST "
                                   "https://u:xxxxx@h:6443/api?a=b 200 OK in N "
                                   "milliseconds"));
  EXPECT_THAT(Told(6, absl::UnavailableError("refused")),
              ElementsAre("round_trippers.go:445] POST "
                          "https://u:xxxxx@h:6443/api?a=b  in N "
                          "milliseconds"));
}

TEST(DebuggingRoundTripperTest, SevenAddsTheRequestsHeaders) {
  const std::vector<std::string> want = {
      "round_trippers.go:422] POST https://u:xxxxx@h:6443/api?a=b",
      "round_trippers.go:429] Request Headers:",
      "round_trippers.go:433]     Accept: application/json, */*",
      "round_trippers.go:433]     Authorization: Bearer <masked>",
      "round_trippers.go:448] Response Status: 200 OK in N milliseconds"};
  EXPECT_THAT(Told(7), ElementsAreArray(want));
}

TEST(DebuggingRoundTripperTest, EightAddsTheAnswersHeaders) {
  std::vector<std::string> want = Told(7);
  want.push_back("round_trippers.go:451] Response Headers:");
  want.push_back("round_trippers.go:454]     Content-Type: application/json");
  want.push_back("round_trippers.go:454]     Date: now");
  EXPECT_THAT(Told(8), ElementsAreArray(want));
}

TEST(DebuggingRoundTripperTest, NineIsACommandForCurl) {
  for (int verbosity : {9, 10}) {
    EXPECT_THAT(
        Told(verbosity),
        ElementsAre(
            "round_trippers.go:425] curl -k -v -XPOST  -H \"Accept: "
            "application/json, */*\" -H \"Authorization: Bearer <masked>\" "
            "'https://u:xxxxx@h:6443/api?a=b'",
            "round_trippers.go:445] POST https://u:xxxxx@h:6443/api?a=b 200 OK "
            "in N milliseconds",
            "round_trippers.go:451] Response Headers:",
            "round_trippers.go:454]     Content-Type: application/json",
            "round_trippers.go:454]     Date: now"));
  }
}

TEST(DebuggingRoundTripperTest, SecretsAreMaskedInEveryLine) {
  for (int verbosity : {6, 7, 8, 9, 10}) {
    EXPECT_THAT(Told(verbosity), ::testing::Each(Not(HasSubstr("secret"))));
  }
}

TEST(DebuggingRoundTripperTest, CredentialsOfTheConfigAreMaskedToo) {
  std::string all;
  Config config;
  config.bearer_token = "secret";
  config.log.verbosity = 9;
  config.log.write = [&all](absl::string_view line) {
    absl::StrAppend(&all, line);
  };
  auto rt = *HTTPWrappersForConfig(config,
                                   std::make_unique<Answers>(absl::OkStatus()));
  absl::Status ran = RunLoop([&]() -> Task<absl::Status> {
    Request request;
    request.url = *net::http::ParseUrl("https://h/");
    absl::StatusOr<Response> response =
        co_await rt->RoundTrip(std::move(request));
    co_return response.status();
  });
  EXPECT_THAT(ran, IsOk());
  EXPECT_THAT(all, HasSubstr("-H \"Authorization: Bearer <masked>\""));
  EXPECT_THAT(all, Not(HasSubstr("secret")));
}

TEST(MaskValueTest, ShowsOnlyTheScheme) {
  struct Case {
    const char* name;
    const char* value;
    const char* want;
  };
  const Case cases[] = {
      {"Accept", "Bearer x", "Bearer x"},
      {"Authorization", "", ""},
      {"authorization", "Bearer x", "Bearer <masked>"},
      {"Authorization", "bearer x", "bearer <masked>"},
      {"Authorization", "Basic dTpw", "Basic <masked>"},
      {"Authorization", "Negotiate x y", "Negotiate <masked>"},
      {"Authorization", "Bearer", "Bearer"},
      {"Authorization", "Bearer ", "Bearer"},
      {"Authorization", "secret", "<masked>"},
      {"Authorization", "Other x", "<masked>"},
      {"Authorization", " Bearer x", "<masked>"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(MaskValue(c.name, c.value), c.want) << c.name << ": " << c.value;
  }
}

std::string Body(int verbosity, const std::string& body) {
  std::string line;
  RequestLog log;
  log.verbosity = verbosity;
  log.write = [&line](absl::string_view text) { line = std::string(text); };
  LogBody(log, "Response Body", body);
  const size_t at = line.find("] ");
  return at == std::string::npos ? line : line.substr(at + 2);
}

TEST(LogBodyTest, IsToldFromEightOnAndCut) {
  EXPECT_EQ(Body(7, "{}"), "");
  EXPECT_EQ(Body(8, "{}"), "Response Body: {}\n");
  EXPECT_EQ(Body(8, std::string(1024, 'x')),
            "Response Body: " + std::string(1024, 'x') + "\n");
  EXPECT_EQ(
      Body(8, std::string(1030, 'x')),
      "Response Body: " + std::string(1024, 'x') + " [truncated 6 chars]\n");
  EXPECT_EQ(
      Body(9, std::string(10241, 'x')),
      "Response Body: " + std::string(10240, 'x') + " [truncated 1 chars]\n");
  EXPECT_EQ(Body(10, std::string(20000, 'x')),
            "Response Body: " + std::string(20000, 'x') + "\n");
}

TEST(LogBodyTest, WhatIsNoTextIsInHex) {
  EXPECT_EQ(Body(8, std::string("\0ab", 3) + std::string(14, 'c')),
            "Response Body:\n"
            "00000000  00 61 62 63 63 63 63 63  63 63 63 63 63 63 63 63  "
            "|.abccccccccccccc|\n"
            "00000010  63                                                "
            "|c|\n");
}

}  // namespace
}  // namespace fairway::rest
