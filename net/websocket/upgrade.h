// SPDX-License-Identifier: Apache-2.0
// The server's side of a WebSocket upgrade.
#ifndef NET_WEBSOCKET_UPGRADE_H_
#define NET_WEBSOCKET_UPGRADE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "net/http/handler.h"
#include "net/io/byte_stream.h"

namespace fairway::net::websocket {

struct Upgraded {
  // The connection behind the 101, for Connection of Role::kServer.
  std::unique_ptr<ByteStream> transport;
  std::string protocol;  // the chosen one; empty: none
};

// Answers 101, or refuses, as AnswerRequest() has it; fields that `writer`
// already has go along. The handler must not return before the connection is
// closed.
// Errors: of AnswerRequest(), which were answered; those of Hijack(), answered
// with 500; of writing.
Task<absl::StatusOr<Upgraded>> UpgradeResponse(
    http::ServerRequest& request, http::ResponseWriter& writer,
    std::vector<std::string> protocols);

}  // namespace fairway::net::websocket

#endif  // NET_WEBSOCKET_UPGRADE_H_
