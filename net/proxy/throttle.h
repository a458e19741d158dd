// SPDX-License-Identifier: Apache-2.0
// Mirrors: github.com/mxk/go-flowrate's Reader and Writer, as the
// UpgradeAwareHandler's MaxBytesPerSec uses them.
#ifndef NET_PROXY_THROTTLE_H_
#define NET_PROXY_THROTTLE_H_

#include <cstdint>
#include <memory>

#include "net/io/byte_stream.h"

namespace fairway::net::proxy {

// `stream`, of which at most `bytes_per_sec` are read, and as many written, on
// average; a tenth of a second's worth at a time. `stream` itself if
// `bytes_per_sec` is not positive.
std::unique_ptr<ByteStream> Throttle(std::unique_ptr<ByteStream> stream,
                                     int64_t bytes_per_sec);

}  // namespace fairway::net::proxy

#endif  // NET_PROXY_THROTTLE_H_
