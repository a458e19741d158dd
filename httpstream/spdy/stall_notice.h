// SPDX-License-Identifier: Apache-2.0
#ifndef HTTPSTREAM_SPDY_STALL_NOTICE_H_
#define HTTPSTREAM_SPDY_STALL_NOTICE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "base/metrics/metrics.h"

namespace fairway::httpstream::spdy {

// Tells the log and the metrics when a session takes nothing in because what
// came is not read, and when that is over:
//   fairway_spdy_stalls_total{session}                    how often
//   fairway_spdy_stalled_bytes{session, number, stream}   unread, of what is
//                                                         stalled now
class StallNotice {
 public:
  using Clock = std::chrono::steady_clock;

  // Sessions of a name are told apart by a number of their own.
  explicit StallNotice(absl::string_view session_name);
  ~StallNotice();
  StallNotice(const StallNotice&) = delete;
  StallNotice& operator=(const StallNotice&) = delete;

  // A stall begins, or goes on. Says nothing yet: most are short.
  void Begin();
  bool active() const { return since_.has_value(); }
  Clock::duration age() const;

  // Says so, once for each stall. `stream_id`'s reader is the one to blame.
  bool told() const { return told_.has_value(); }
  void Tell(uint32_t stream_id, size_t stream_bytes, size_t session_bytes);

  // It is over; says so if its beginning was told. `how`: "goes on", "ends".
  void End(absl::string_view how);

  // "kubelet/12": what log lines call the session.
  const std::string& session() const { return session_; }

 private:
  const std::string name_;
  const uint64_t number_;
  const std::string session_;
  std::optional<Clock::time_point> since_;
  std::optional<Labels> told_;  // of the series that stands for it
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_STALL_NOTICE_H_
