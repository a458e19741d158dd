// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/metrics/metrics.go (v0.20.2)
#ifndef APISERVER_ENDPOINTS_METRICS_H_
#define APISERVER_ENDPOINTS_METRICS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apiserver/endpoints/request_info.h"

namespace fairway::apiserver::endpoints {

// apiserver_request_total and apiserver_request_duration_seconds. `verb` is
// upstream's ("LIST", "CONNECT"); only a resource that is served may be named.
void RecordRequest(const RequestInfo& info, absl::string_view verb, int code,
                   absl::Duration duration);

// apiserver_current_inflight_requests.
void SetInflight(absl::string_view kind, int count);
// apiserver_dropped_requests_total.
void RecordDropped(absl::string_view kind);

// Mirrors: RecordLongRunning. Counts in apiserver_longrunning_gauge while it
// lives.
class LongRunning {
 public:
  LongRunning(const RequestInfo& info, absl::string_view verb);
  ~LongRunning();
  LongRunning(const LongRunning&) = delete;
  LongRunning& operator=(const LongRunning&) = delete;

 private:
  RequestInfo info_;
  std::string verb_;
};

}  // namespace fairway::apiserver::endpoints

#endif  // APISERVER_ENDPOINTS_METRICS_H_
