// SPDX-License-Identifier: Apache-2.0
#include "net/http1/upgrade.h"

#include <optional>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace fairway::net::http1 {

Task<absl::StatusOr<ResponseHead>> ReadResponseHead(ByteStream& stream,
                                                    size_t max_bytes) {
  ResponseHeadParser parser(max_bytes);
  char buffer[4096];
  while (true) {
    absl::StatusOr<size_t> n = co_await stream.Read(absl::MakeSpan(buffer));
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return absl::UnavailableError("unexpected EOF");
    absl::StatusOr<std::optional<ResponseHead>> head =
        parser.Feed(absl::string_view(buffer, *n));
    if (!head.ok()) co_return head.status();
    if (head->has_value()) co_return **std::move(head);
  }
}

}  // namespace fairway::net::http1
