// SPDX-License-Identifier: Apache-2.0
#include "client/transport/spdy/spdy.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/rest/rest_client.h"
#include "client/rest/tls_config.h"
#include "client/rest/transport.h"
#include "httpstream/spdy/roundtripper.h"

namespace fairway::transport::spdy {
namespace {

using httpstream::spdy::SpdyRoundTripper;

constexpr absl::Duration kPingPeriod = absl::Seconds(5);

class SpdyUpgrader final : public Upgrader {
 public:
  explicit SpdyUpgrader(std::shared_ptr<SpdyRoundTripper> spdy)
      : spdy_(std::move(spdy)) {}

  Task<absl::StatusOr<std::unique_ptr<httpstream::Connection>>> NewConnection(
      net::http::Response response) override {
    return spdy_->NewConnection(std::move(response));
  }

 private:
  const std::shared_ptr<SpdyRoundTripper> spdy_;
};

// Lends the shared round tripper to wrappers, which own what they wrap.
class Lent final : public net::http::RoundTripper {
 public:
  explicit Lent(std::shared_ptr<SpdyRoundTripper> spdy)
      : spdy_(std::move(spdy)) {}

  Task<absl::StatusOr<net::http::Response>> RoundTrip(
      net::http::Request request) override {
    return spdy_->RoundTrip(std::move(request));
  }

 private:
  const std::shared_ptr<SpdyRoundTripper> spdy_;
};

class SpdyDialer final : public httpstream::Dialer {
 public:
  SpdyDialer(std::shared_ptr<Upgrader> upgrader,
             std::shared_ptr<net::http::RoundTripper> client,
             std::string method, net::http::Url url)
      : upgrader_(std::move(upgrader)),
        client_(std::move(client)),
        method_(std::move(method)),
        url_(std::move(url)) {}

  Task<absl::StatusOr<Result>> Dial(
      std::vector<std::string> protocols) override {
    net::http::Request request;
    request.method = method_;
    request.url = url_;
    return Negotiate(upgrader_, client_, std::move(request),
                     std::move(protocols));
  }

 private:
  const std::shared_ptr<Upgrader> upgrader_;
  const std::shared_ptr<net::http::RoundTripper> client_;
  const std::string method_;
  const net::http::Url url_;
};

}  // namespace

absl::StatusOr<RoundTripperAndUpgrader> RoundTripperFor(
    const rest::Config& config, httpstream::spdy::SessionOptions session) {
  absl::StatusOr<net::http::DialOptions> dial = rest::DialOptionsFor(config);
  if (!dial.ok()) return dial.status();
  httpstream::spdy::RoundTripperOptions options;
  options.upgrade.dial = *std::move(dial);
  options.session = std::move(session);
  options.session.ping_period =
      std::min(kPingPeriod, options.session.ping_timeout / 3);
  std::shared_ptr<SpdyRoundTripper> spdy =
      httpstream::spdy::NewRoundTripperWithProxy(std::move(options));
  absl::StatusOr<std::unique_ptr<net::http::RoundTripper>> wrapper =
      rest::HTTPWrappersForConfig(config, std::make_unique<Lent>(spdy));
  if (!wrapper.ok()) return wrapper.status();
  return RoundTripperAndUpgrader{*std::move(wrapper),
                                 std::make_shared<SpdyUpgrader>(spdy)};
}

std::unique_ptr<httpstream::Dialer> NewDialer(
    std::shared_ptr<Upgrader> upgrader,
    std::shared_ptr<net::http::RoundTripper> client, std::string method,
    net::http::Url url) {
  return std::make_unique<SpdyDialer>(std::move(upgrader), std::move(client),
                                      std::move(method), std::move(url));
}

Task<absl::StatusOr<httpstream::Dialer::Result>> Negotiate(
    std::shared_ptr<Upgrader> upgrader,
    std::shared_ptr<net::http::RoundTripper> client, net::http::Request request,
    std::vector<std::string> protocols) {
  for (const std::string& protocol : protocols) {
    request.headers.Add(httpstream::kHeaderProtocolVersion, protocol);
  }
  const std::string method = request.method;
  const net::http::Url url = request.url;
  absl::StatusOr<net::http::Response> response =
      co_await client->RoundTrip(std::move(request));
  if (!response.ok()) {
    const absl::Status error =
        rest::NewUrlError(method, url, response.status());
    co_return absl::Status(
        error.code(), absl::StrCat("error sending request: ", error.message()));
  }
  std::string protocol(
      response->headers.Get(httpstream::kHeaderProtocolVersion));
  absl::StatusOr<std::unique_ptr<httpstream::Connection>> connection =
      co_await upgrader->NewConnection(*std::move(response));
  if (!connection.ok()) co_return connection.status();
  httpstream::Dialer::Result result;
  result.connection = *std::move(connection);
  result.protocol = std::move(protocol);
  co_return result;
}

}  // namespace fairway::transport::spdy
