// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/roundtripper.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "httpstream/spdy/session.h"
#include "httpstream/spdy/upgrade.h"
#include "httpstream/upgrade_failure.h"

namespace fairway::httpstream::spdy {

Task<absl::StatusOr<net::http::Response>> SpdyRoundTripper::RoundTrip(
    net::http::Request request) {
  request.headers.Add(kHeaderConnection, kHeaderUpgrade);
  request.headers.Add(kHeaderUpgrade, kHeaderSpdy31);
  return net::http::DoUpgradeRequest(std::move(request), options_.upgrade);
}

Task<absl::StatusOr<std::unique_ptr<Connection>>>
SpdyRoundTripper::NewConnection(net::http::Response response) const {
  const SessionOptions options = options_.session;
  std::unique_ptr<net::ByteStream> transport;
  if (IsUpgradeRequest(response.headers) &&
      response.headers.HasToken(kHeaderUpgrade, kHeaderSpdy31)) {
    transport = net::http::TakeUpgraded(response);
  }
  if (transport == nullptr) {
    Refusal refusal = co_await ReadRefusal(response);
    co_return refusal.ToStatus(
        refusal.kind == Refusal::Kind::kStatus
            ? refusal.text
            : absl::StrCat("unable to upgrade connection: ", refusal.text));
  }
  Executor executor = co_await kThisExecutor;
  std::unique_ptr<Connection> connection =
      NewClientConnection(executor, std::move(transport), options);
  co_return connection;
}

}  // namespace fairway::httpstream::spdy
