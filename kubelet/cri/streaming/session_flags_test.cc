// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/streaming/session_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/flags/daemon.h"
#include "base/status/testing/status_matchers.h"

namespace fairway::kubelet::cri::streaming {
namespace {

using ::testing::HasSubstr;

constexpr char kDefaults[][48] = {"--streaming-ping-timeout=30s",
                                  "--streaming-buffer-bytes=1048576",
                                  "--streaming-max-window-bytes=16777216"};

absl::StatusOr<SessionOptions> With(const char* flag) {
  for (const char* value : kDefaults) EXPECT_THAT(ParseFlags({value}), IsOk());
  EXPECT_THAT(ParseFlags({flag}), IsOk());
  return SessionOptionsFromFlags("kubelet");
}

TEST(SessionFlagsTest, SayWhatTheSessionGets) {
  absl::StatusOr<SessionOptions> options = With(kDefaults[0]);
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->name, "kubelet");
  EXPECT_EQ(options->ping_timeout, absl::Seconds(30));
  EXPECT_EQ(options->ping_period, absl::Seconds(10));
  EXPECT_EQ(options->receive_buffer_bytes, size_t{1} << 20);
  EXPECT_EQ(options->max_stream_window_bytes, 16 << 20);

  options = With("--streaming-ping-timeout=3s");
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->ping_period, absl::Seconds(1));
  options = With("--streaming-ping-timeout=0");
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->ping_period, absl::ZeroDuration());
  options = With("--streaming-buffer-bytes=65536");
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->receive_buffer_bytes, size_t{65536});
}

TEST(SessionFlagsTest, WindowNeverBeginsAboveItsCap) {
  absl::StatusOr<SessionOptions> options =
      With("--streaming-max-window-bytes=65536");
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->max_stream_window_bytes, 65536);
  EXPECT_EQ(options->stream_window_bytes, 65536);
}

TEST(SessionFlagsTest, BadValuesAreNamed) {
  struct Case {
    const char* flag;
    const char* want;
  };
  for (const Case& c : {
           Case{"--streaming-ping-timeout=soon",
                "invalid argument \"soon\" for \"--streaming-ping-timeout\" "
                "flag: time: invalid duration \"soon\""},
           Case{"--streaming-ping-timeout=-1s",
                "invalid argument \"-1s\" for \"--streaming-ping-timeout\" "
                "flag: want at least 0"},
           Case{"--streaming-buffer-bytes=65535",
                "invalid argument \"65535\" for \"--streaming-buffer-bytes\" "
                "flag: want 65536 to 1073741824"},
           Case{"--streaming-max-window-bytes=1073741825",
                "invalid argument \"1073741825\" for "
                "\"--streaming-max-window-bytes\" flag: want 65536 to "
                "1073741824"},
       }) {
    EXPECT_THAT(With(c.flag), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr(c.want)));
  }
}

}  // namespace
}  // namespace fairway::kubelet::cri::streaming
