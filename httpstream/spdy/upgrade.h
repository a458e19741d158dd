// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apimachinery/pkg/util/httpstream/spdy/upgrade.go (v0.20.2)
#ifndef HTTPSTREAM_SPDY_UPGRADE_H_
#define HTTPSTREAM_SPDY_UPGRADE_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"
#include "httpstream/httpstream.h"
#include "httpstream/spdy/session_options.h"
#include "net/http/handler.h"

namespace fairway::httpstream::spdy {

inline constexpr absl::string_view kHeaderSpdy31 = "SPDY/3.1";

// The server's side of an upgrade; may be used for any number of requests.
class ResponseUpgrader {
 public:
  explicit ResponseUpgrader(SessionOptions options) : options_(options) {}

  // Answers 101, with the fields that `writer` already has (the protocol that
  // Handshake() chose), and makes a SPDY server of the connection, on the
  // calling executor. The handler must not return before it is closed.
  // Errors: kInvalidArgument, answered with 400, for a request that does not
  // ask for SPDY/3.1; those of Hijack(), answered with 500; of writing.
  Task<absl::StatusOr<std::unique_ptr<Connection>>> UpgradeResponse(
      net::http::ServerRequest& request, net::http::ResponseWriter& writer,
      NewStreamHandler new_stream_handler) const;

 private:
  SessionOptions options_;
};

inline ResponseUpgrader NewResponseUpgrader(SessionOptions options = {}) {
  return ResponseUpgrader(options);
}

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_UPGRADE_H_
