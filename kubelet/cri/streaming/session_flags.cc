// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/streaming/session_flags.h"

#include <gflags/gflags.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/flags/daemon.h"
#include "base/status/co_status.h"

DEFINE_string(streaming_ping_timeout, "30s",
              "How long the other end of a streaming connection may leave a "
              "ping unanswered before the connection is closed. 0 sends no "
              "pings");
DEFINE_int64(streaming_buffer_bytes, 1 << 20,
             "How many bytes of a stream that nobody reads are kept for a "
             "client without flow control, as Kubernetes' own; beyond it the "
             "whole connection waits");
DEFINE_int64(streaming_max_window_bytes, 16 << 20,
             "How far the flow-control window of a stream may grow, toward "
             "clients that have flow control");

namespace fairway::kubelet::cri::streaming {
namespace {

// At most; a short timeout is asked for more often.
constexpr absl::Duration kPingPeriod = absl::Seconds(10);
constexpr int64_t kLeastBytes = 64 << 10;  // the window that SPDY begins with
constexpr int64_t kMostBytes = 1 << 30;

absl::Status CheckBytes(absl::string_view flag, int64_t value) {
  if (value >= kLeastBytes && value <= kMostBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("invalid argument \"", value, "\" for \"--", flag,
                   "\" flag: want ", kLeastBytes, " to ", kMostBytes));
}

}  // namespace

absl::StatusOr<SessionOptions> SessionOptionsFromFlags(std::string name) {
  SessionOptions options;
  options.name = std::move(name);
  FAIRWAY_RETURN_IF_ERROR(
      ParseDurationFlag("streaming-ping-timeout", FLAGS_streaming_ping_timeout,
                        absl::ZeroDuration(), &options.ping_timeout));
  FAIRWAY_RETURN_IF_ERROR(
      CheckBytes("streaming-buffer-bytes", FLAGS_streaming_buffer_bytes));
  FAIRWAY_RETURN_IF_ERROR(CheckBytes("streaming-max-window-bytes",
                                     FLAGS_streaming_max_window_bytes));
  options.ping_period = std::min(kPingPeriod, options.ping_timeout / 3);
  options.receive_buffer_bytes =
      static_cast<size_t>(FLAGS_streaming_buffer_bytes);
  options.max_stream_window_bytes = FLAGS_streaming_max_window_bytes;
  options.stream_window_bytes =
      std::min(options.stream_window_bytes, options.max_stream_window_bytes);
  return options;
}

}  // namespace fairway::kubelet::cri::streaming
