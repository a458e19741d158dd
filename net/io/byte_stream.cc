// SPDX-License-Identifier: Apache-2.0
#include "net/io/byte_stream.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/task/deadline.h"

namespace fairway::net {

Task<absl::Status> ByteStream::WaitBroken() {
  absl::Status cancelled = co_await Sleep(absl::InfiniteDuration());
  co_return cancelled;
}

Task<absl::Status> ReadFull(ByteStream& stream, absl::Span<char> buf) {
  size_t filled = 0;
  while (filled < buf.size()) {
    absl::StatusOr<size_t> n = co_await stream.Read(buf.subspan(filled));
    if (!n.ok()) co_return n.status();
    if (*n == 0) {
      co_return absl::UnavailableError(absl::StrCat(
          "read: end of stream after ", filled, " of ", buf.size(), " bytes"));
    }
    filled += *n;
  }
  co_return absl::OkStatus();
}

}  // namespace fairway::net
