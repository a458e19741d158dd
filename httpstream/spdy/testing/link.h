// SPDX-License-Identifier: Apache-2.0
// A pair of streams with a link between them that takes time: so many bytes a
// second, and a delay.
#ifndef HTTPSTREAM_SPDY_TESTING_LINK_H_
#define HTTPSTREAM_SPDY_TESTING_LINK_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "base/task/task_group.h"
#include "net/io/byte_stream.h"

namespace fairway::httpstream::spdy {

// A Write returns when the link has taken its bytes; they arrive `delay` later.
// CloseWrite() and Close() must not come before they have. The bytes are moved
// by tasks in `carriers`, which end when either end is aborted.
std::pair<std::unique_ptr<net::ByteStream>, std::unique_ptr<net::ByteStream>>
MakeLink(TaskGroup& carriers, int64_t bytes_per_second, absl::Duration delay);

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_TESTING_LINK_H_
