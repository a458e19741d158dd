// SPDX-License-Identifier: Apache-2.0
#include "api/errors.h"

#include <gtest/gtest.h>

#include <string>

#include "base/status/testing/status_matchers.h"

namespace fairway::api {
namespace {

struct ErrorCase {
  absl::Status error;
  absl::StatusCode code;
  int http;
  const char* reason;
  const char* message;
};

class ErrorsTest : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(ErrorsTest, SpeaksUpstreamsWords) {
  const ErrorCase& want = GetParam();
  EXPECT_THAT(want.error, StatusIs(want.code, std::string(want.message)));
  const ApiStatus status = StatusOfError(want.error);
  EXPECT_EQ(status.code, want.http);
  EXPECT_EQ(status.reason, want.reason);
  EXPECT_EQ(status.message, want.message);
}

TEST_P(ErrorsTest, SurvivesTheWire) {
  absl::StatusOr<ApiStatus> read =
      StatusFromJson(ToJson(StatusOfError(GetParam().error)));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(ErrorFromStatus(*read), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ErrorsTest,
    ::testing::Values(
        ErrorCase{NewNotFound("pods", "x"), absl::StatusCode::kNotFound, 404,
                  "NotFound", "pods \"x\" not found"},
        ErrorCase{NewAlreadyExists("pods", "x"),
                  absl::StatusCode::kAlreadyExists, 409, "AlreadyExists",
                  "pods \"x\" already exists"},
        ErrorCase{NewConflict("pods", "x", "changed"),
                  absl::StatusCode::kAborted, 409, "Conflict",
                  "Operation cannot be fulfilled on pods \"x\": changed"},
        ErrorCase{NewBadRequest("no"), absl::StatusCode::kInvalidArgument, 400,
                  "BadRequest", "no"},
        ErrorCase{NewUnauthorized(""), absl::StatusCode::kUnauthenticated, 401,
                  "Unauthorized", "not authorized"},
        ErrorCase{NewForbidden("pods", "x", "no"),
                  absl::StatusCode::kPermissionDenied, 403, "Forbidden",
                  "pods \"x\" is forbidden: no"},
        ErrorCase{NewForbidden("pods", "", "no"),
                  absl::StatusCode::kPermissionDenied, 403, "Forbidden",
                  "pods is forbidden: no"},
        ErrorCase{NewForbidden("", "", "no"),
                  absl::StatusCode::kPermissionDenied, 403, "Forbidden",
                  "forbidden: no"},
        ErrorCase{NewInvalid("Pod", "x", "spec: bad"),
                  absl::StatusCode::kInvalidArgument, 422, "Invalid",
                  "Pod \"x\" is invalid: spec: bad"},
        ErrorCase{NewMethodNotSupported("pods", "patch"),
                  absl::StatusCode::kInvalidArgument, 405, "MethodNotAllowed",
                  "patch is not supported on resources of kind \"pods\""},
        ErrorCase{NewInternalError("boom"), absl::StatusCode::kInternal, 500,
                  "InternalError", "Internal error occurred: boom"},
        ErrorCase{NewServiceUnavailable("later"),
                  absl::StatusCode::kUnavailable, 503, "ServiceUnavailable",
                  "later"},
        ErrorCase{NewGone("too old resource version: 1 (5)"),
                  absl::StatusCode::kOutOfRange, 410, "Expired",
                  "too old resource version: 1 (5)"}));

TEST(StatusOfErrorTest, MakesOneFromThePlainCode) {
  const ApiStatus status =
      StatusOfError(absl::DeadlineExceededError("took too long"));
  EXPECT_EQ(status.code, 504);
  EXPECT_EQ(status.reason, "Timeout");
  EXPECT_EQ(status.message, "took too long");
}

TEST(ErrorFromStatusTest, AnAnswerWithoutCodeIsStillAnError) {
  EXPECT_THAT(ErrorFromStatus({0, "", "odd"}),
              StatusIs(absl::StatusCode::kUnknown, "odd"));
}

TEST(ErrorFromStatusTest, NamesThatNeedItAreEscaped) {
  EXPECT_THAT(
      NewNotFound("pods", "a\"b\n"),
      StatusIs(absl::StatusCode::kNotFound, "pods \"a\\\"b\\n\" not found"));
}

}  // namespace
}  // namespace fairway::api
