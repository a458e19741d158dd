// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/fallback_dialer.go (v0.31.0)
// A dialer that has another to fall back on.
#ifndef CLIENT_TRANSPORT_FALLBACK_DIALER_H_
#define CLIENT_TRANSPORT_FALLBACK_DIALER_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "httpstream/httpstream.h"

namespace fairway::transport {

// Dials by `primary`, and by `secondary` where that fails with an error of
// which `should_fallback` says so. When both fail the error is the second's.
// Differs: once `secondary` has worked where `primary` never has, `primary` is
// not asked again: a client that dials for every connection would pay for its
// failure each time. And when both fail, but only the first answer was a Status
// of the API server's own, the error is the first's: what stands in between and
// cannot carry the second must not hide why the server refused.
//
// May be dialled again while it dials.
std::unique_ptr<httpstream::Dialer> NewFallbackDialer(
    std::unique_ptr<httpstream::Dialer> primary,
    std::unique_ptr<httpstream::Dialer> secondary,
    std::function<bool(const absl::Status&)> should_fallback);

}  // namespace fairway::transport

#endif  // CLIENT_TRANSPORT_FALLBACK_DIALER_H_
