// SPDX-License-Identifier: Apache-2.0
#include "client/transport/websocket/roundtripper.h"

#include "absl/strings/str_cat.h"
#include "client/rest/tls_config.h"
#include "client/rest/transport.h"
#include "httpstream/upgrade_failure.h"
#include "net/websocket/handshake.h"

namespace fairway::transport::websocket {
namespace {

using httpstream::Refusal;
using httpstream::UpgradeFailureError;

// Why the answer is none to `handshake`. `check` is what CheckAnswer() said.
Task<absl::Status> FailureOf(absl::Status check,
                             net::http::Response& response) {
  if (response.status == 101) co_return UpgradeFailureError(check);
  Refusal refusal = co_await httpstream::ReadRefusal(response);
  if (refusal.kind == Refusal::Kind::kStatus) {
    co_return UpgradeFailureError(refusal.ToStatus(refusal.text));
  }
  std::string cause = absl::StrCat(check.message(), " (", response.status);
  if (!response.reason.empty()) absl::StrAppend(&cause, " ", response.reason);
  cause += ")";
  if (!refusal.text.empty()) absl::StrAppend(&cause, ": ", refusal.text);
  co_return UpgradeFailureError(refusal.ToStatus(cause));
}

}  // namespace

Task<absl::StatusOr<net::http::Response>> RoundTripper::RoundTrip(
    net::http::Request request) {
  const net::http::UpgradeOptions options = options_;
  if (request.url.scheme != "http" && request.url.scheme != "https") {
    co_return absl::InvalidArgumentError(
        absl::StrCat("unknown url scheme: ", request.url.scheme));
  }
  const net::websocket::ClientHandshake handshake =
      net::websocket::NewClientHandshake(
          net::websocket::RequestedProtocols(request.headers));
  for (const auto& [name, value] : net::websocket::RequestHeaders(handshake)) {
    request.headers.Set(name, value);
  }
  absl::StatusOr<net::http::Response> response =
      co_await net::http::DoUpgradeRequest(std::move(request), options);
  if (!response.ok()) co_return response.status();
  absl::StatusOr<std::string> protocol = net::websocket::CheckAnswer(
      handshake, response->status, response->headers);
  if (!protocol.ok()) {
    absl::Status failure = co_await FailureOf(protocol.status(), *response);
    co_return failure;
  }
  co_return response;
}

absl::StatusOr<std::shared_ptr<net::http::RoundTripper>> RoundTripperFor(
    const rest::Config& config) {
  absl::StatusOr<net::http::DialOptions> dial = rest::DialOptionsFor(config);
  if (!dial.ok()) return dial.status();
  net::http::UpgradeOptions options;
  options.dial = *std::move(dial);
  return rest::HTTPWrappersForConfig(
      config, std::make_unique<RoundTripper>(std::move(options)));
}

Task<absl::StatusOr<Negotiated>> Negotiate(
    std::shared_ptr<net::http::RoundTripper> rt, net::http::Request request,
    std::vector<std::string> protocols) {
  for (const std::string& protocol : protocols) {
    request.headers.Add(net::websocket::kProtocolHeader, protocol);
  }
  absl::StatusOr<net::http::Response> response =
      co_await rt->RoundTrip(std::move(request));
  if (!response.ok()) co_return response.status();
  Negotiated negotiated;
  negotiated.protocol =
      std::string(response->headers.Get(net::websocket::kProtocolHeader));
  negotiated.transport = net::http::TakeUpgraded(*response);
  if (negotiated.transport == nullptr) {
    co_return absl::InternalError("negotiated websocket connection is nil");
  }
  co_return negotiated;
}

}  // namespace fairway::transport::websocket
