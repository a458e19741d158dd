// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/streaming/errors.go (v1.20.2)
#ifndef KUBELET_CRI_STREAMING_ERRORS_H_
#define KUBELET_CRI_STREAMING_ERRORS_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "net/http/handler.h"

namespace fairway::kubelet::cri::streaming {

// How long a token may be used; also what a client that got 429 is told to
// wait.
inline constexpr absl::Duration kCacheTTL = absl::Minutes(1);

// "maximum number of in-flight requests exceeded", kResourceExhausted.
absl::Status NewErrorTooManyInFlight();

// Answers with the error's message: 404 for kNotFound, 429 with Retry-After for
// kResourceExhausted, else 500. `error` must not be OK.
// Errors: of writing.
Task<absl::Status> WriteError(absl::Status error,
                              net::http::ResponseWriter& writer);

}  // namespace fairway::kubelet::cri::streaming

#endif  // KUBELET_CRI_STREAMING_ERRORS_H_
