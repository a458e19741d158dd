// SPDX-License-Identifier: Apache-2.0
#include "base/process/find_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status/testing/status_matchers.h"

namespace fairway {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

TEST(FindProgramTest, FindsItsNeighbourAndSaysWhereItLooked) {
  EXPECT_THAT(FindProgram("base/process/find_program_test"), IsOk());
  EXPECT_THAT(FindProgram("no/such-program"),
              StatusIs(StatusCode::kNotFound, HasSubstr("no/such-program")));
}

}  // namespace
}  // namespace fairway
