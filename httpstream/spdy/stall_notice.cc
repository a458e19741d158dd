// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/stall_notice.h"

#include <glog/logging.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace fairway::httpstream::spdy {
namespace {

struct StallMetrics {
  Counter stalls{"fairway_spdy_stalls_total",
                 "Times that a SPDY session took nothing in because a stream "
                 "was not read."};
  Gauge bytes{"fairway_spdy_stalled_bytes",
              "Unread bytes of the stream that a SPDY session waits for now."};
};

StallMetrics& TheMetrics() {
  static auto* metrics = new StallMetrics();
  return *metrics;
}

uint64_t NextNumber() {
  static std::atomic<uint64_t> number = 0;
  return ++number;
}

}  // namespace

StallNotice::StallNotice(absl::string_view session_name)
    : name_(session_name),
      number_(NextNumber()),
      session_(absl::StrCat(name_, "/", number_)) {}

StallNotice::~StallNotice() { End("ends"); }

void StallNotice::Begin() {
  if (!since_.has_value()) since_ = Clock::now();
}

StallNotice::Clock::duration StallNotice::age() const {
  return since_.has_value() ? Clock::now() - *since_ : Clock::duration::zero();
}

void StallNotice::Tell(uint32_t stream_id, size_t stream_bytes,
                       size_t session_bytes) {
  if (told_.has_value()) return;
  told_ = Labels{{"session", name_},
                 {"number", absl::StrCat(number_)},
                 {"stream", absl::StrCat(stream_id)}};
  TheMetrics().stalls.Increment({{"session", name_}});
  TheMetrics().bytes.Set(static_cast<double>(stream_bytes), *told_);
  LOG(WARNING) << "spdy session " << session_ << ": stream " << stream_id
               << " is not read: " << stream_bytes << " bytes lie here, "
               << session_bytes
               << " of the whole session, which waits for its reader";
}

void StallNotice::End(absl::string_view how) {
  if (told_.has_value()) {
    LOG(WARNING) << "spdy session " << session_ << ": stream "
                 << (*told_)["stream"] << " was waited for "
                 << absl::FormatDuration(absl::Trunc(absl::FromChrono(age()),
                                                     absl::Milliseconds(1)))
                 << "; the session " << how;
    TheMetrics().bytes.Remove(*told_);
  }
  told_.reset();
  since_.reset();
}

}  // namespace fairway::httpstream::spdy
