// SPDX-License-Identifier: Apache-2.0
#include "net/http/dial.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/task/deadline.h"
#include "net/http1/upgrade.h"
#include "net/io/prefixed_stream.h"
#include "net/socket/socket.h"

namespace fairway::net::http {
namespace {

using StreamOr = absl::StatusOr<std::unique_ptr<ByteStream>>;

absl::Status WithContext(absl::string_view context,
                         const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(context, status.message()));
}

// Upgrades end where HTTP/2 begins: it is never agreed to.
Task<StreamOr> StartTls(std::unique_ptr<ByteStream> transport,
                        std::string server_name, DialOptions options) {
  if (options.get_tls != nullptr) {
    absl::StatusOr<std::shared_ptr<const TlsClientContext>> given =
        co_await options.get_tls();
    if (!given.ok()) co_return given.status();
    options.tls = *std::move(given);
  }
  if (options.tls == nullptr) {
    co_return absl::FailedPreconditionError("https: no TLS configuration");
  }
  absl::StatusOr<std::unique_ptr<TlsStream>> tls =
      co_await WithDeadline<std::unique_ptr<TlsStream>>(
          options.tls_handshake_timeout, "TLS handshake",
          [&options, &server_name,
           &transport]() -> Task<absl::StatusOr<std::unique_ptr<TlsStream>>> {
            absl::StatusOr<std::unique_ptr<TlsStream>> stream =
                co_await TlsConnect(options.tls, std::move(server_name),
                                    std::move(transport));
            co_return stream;
          });
  if (absl::IsDeadlineExceeded(tls.status())) {
    co_return absl::DeadlineExceededError("net/http: TLS handshake timeout");
  }
  if (!tls.ok()) {
    if (tls.status().GetPayload(kFirstRecordPayload) == "HTTP/") {
      co_return absl::UnavailableError(
          "http: server gave HTTP response to HTTPS client");
    }
    co_return tls.status();
  }
  const std::string protocol = (*tls)->alpn_protocol();
  if (!protocol.empty() && protocol != "http/1.1") {
    co_return absl::FailedPreconditionError(
        absl::StrCat("tls: server chose protocol ", protocol));
  }
  co_return std::unique_ptr<ByteStream>(*std::move(tls));
}

std::string AddressOf(const Url& url) {
  return JoinHostPort(url.host,
                      absl::StrCat(static_cast<int>(url.EffectivePort())));
}

// Mirrors: net/url.URL.Redacted.
std::string Redacted(Url url) {
  if (!url.password.empty()) url.password = "xxxxx";
  return url.ToString();
}

Task<StreamOr> DialHost(Url url, AddressFilter filter) {
  const uint16_t port = url.EffectivePort();
  if (url.host.empty() || port == 0) {
    co_return absl::InvalidArgumentError(
        absl::StrCat("dial \"", Redacted(url), "\": no host or port"));
  }
  absl::StatusOr<std::unique_ptr<Socket>> socket =
      co_await DialTcp(url.host, port, std::move(filter));
  if (!socket.ok()) co_return socket.status();
  co_return std::unique_ptr<ByteStream>(*std::move(socket));
}

absl::Status RefusalOf(const Url& proxy, const http1::ResponseHead& answer,
                       ProxyUse use) {
  const absl::StatusCode code = answer.status >= 500
                                    ? absl::StatusCode::kUnavailable
                                    : absl::StatusCode::kPermissionDenied;
  if (use == ProxyUse::kTransport) {
    return absl::Status(
        code, answer.reason.empty() ? "unknown status code" : answer.reason);
  }
  return absl::Status(
      code, absl::StrCat("CONNECT request to ", Redacted(proxy),
                         " returned response: ", answer.status,
                         answer.reason.empty() ? "" : " ", answer.reason));
}

// The way to one host, perhaps by a proxy; `step` says how far it is, for the
// deadline's words.
struct Dialling {
  const Url proxy;
  const Url url;
  const DialOptions options;
  const ProxyUse use;
  std::string step;

  bool by_proxy() const {
    return !proxy.host.empty() && options.unix_path.empty();
  }
};

// `dialling` outlives the Task, as below.
Task<StreamOr> DialProxy(Dialling& dialling) {
  const Url& proxy = dialling.proxy;
  if (proxy.scheme != "http" && proxy.scheme != "https") {
    co_return absl::UnimplementedError(
        absl::StrCat("proxy URL scheme not supported: ", proxy.scheme));
  }
  dialling.step = absl::StrCat("proxyconnect tcp: dial tcp ", AddressOf(proxy));
  AddressFilter any;
  StreamOr stream = co_await DialHost(proxy, std::move(any));
  if (stream.ok() && proxy.scheme == "https") {
    stream =
        co_await StartTls(*std::move(stream), proxy.host, dialling.options);
  }
  if (!stream.ok()) {
    co_return WithContext("proxyconnect tcp: ", stream.status());
  }
  co_return stream;
}

Task<StreamOr> Tunnel(std::unique_ptr<ByteStream> stream, Dialling& dialling) {
  const std::string target = AddressOf(dialling.url);
  dialling.step = absl::StrCat("proxyconnect tcp: CONNECT ", target);
  Headers headers = {{"Host", target}};
  if (!dialling.proxy.user.empty() || !dialling.proxy.password.empty()) {
    headers.Add("Proxy-Authorization", BasicAuth(dialling.proxy));
  }
  const std::string head =
      http1::SerializeRequestHead("CONNECT", target, headers);
  absl::Status written = co_await WriteAll(*stream, head);
  FAIRWAY_CO_RETURN_IF_ERROR(written);
  absl::StatusOr<http1::ResponseHead> answer =
      co_await http1::ReadResponseHead(*stream);
  if (!answer.ok()) co_return answer.status();
  if (answer->status < 200 || answer->status >= 300) {
    co_return RefusalOf(dialling.proxy, *answer, dialling.use);
  }
  co_return WithPrefix(std::move(answer->rest), std::move(stream));
}

Task<StreamOr> DialSteps(Dialling& dialling) {
  const Url& url = dialling.url;
  const DialOptions& options = dialling.options;
  StreamOr stream = absl::InternalError("not dialled");
  if (!options.unix_path.empty()) {
    dialling.step = absl::StrCat("dial unix ", options.unix_path);
    absl::StatusOr<std::unique_ptr<Socket>> socket =
        co_await DialUnix(options.unix_path);
    if (!socket.ok()) co_return socket.status();
    stream = *std::move(socket);
  } else if (dialling.by_proxy()) {
    stream = co_await DialProxy(dialling);
  } else {
    dialling.step = absl::StrCat("dial tcp ", AddressOf(url));
    AddressFilter filter = options.address_filter;
    stream = co_await DialHost(url, std::move(filter));
  }
  if (!stream.ok()) co_return stream;
  const bool https = url.scheme == "https" || url.scheme == "wss";
  if (dialling.by_proxy() && (https || dialling.use == ProxyUse::kUpgrade)) {
    stream = co_await Tunnel(*std::move(stream), dialling);
    if (!stream.ok()) co_return stream;
  }
  if (!https) co_return stream;
  dialling.step = absl::StrCat("TLS handshake with ", AddressOf(url));
  std::string name =
      options.tls_server_name.empty() ? url.host : options.tls_server_name;
  stream = co_await StartTls(*std::move(stream), std::move(name), options);
  co_return stream;
}

}  // namespace

std::string BasicAuth(const Url& url) {
  return absl::StrCat(
      "Basic ", absl::Base64Escape(absl::StrCat(url.user, ":", url.password)));
}

Task<StreamOr> DialThrough(Url proxy, Url url, DialOptions options,
                           ProxyUse use) {
  Dialling dialling{std::move(proxy), std::move(url), std::move(options), use,
                    ""};
  StreamOr stream = co_await WithDeadline<std::unique_ptr<ByteStream>>(
      dialling.options.timeout, "dial", [&dialling]() -> Task<StreamOr> {
        StreamOr dialled = co_await DialSteps(dialling);
        if (absl::IsDeadlineExceeded(dialled.status())) dialling.step.clear();
        co_return dialled;
      });
  // What had a deadline of its own has told it.
  if (absl::IsDeadlineExceeded(stream.status()) && !dialling.step.empty()) {
    co_return absl::DeadlineExceededError(
        absl::StrCat(dialling.step, ": i/o timeout"));
  }
  co_return stream;
}

Task<StreamOr> Dial(Url url, DialOptions options) {
  Url proxy;
  if (options.proxier != nullptr && options.unix_path.empty()) {
    absl::StatusOr<Url> chosen = options.proxier(url);
    if (!chosen.ok()) co_return chosen.status();
    proxy = *std::move(chosen);
  }
  StreamOr stream = co_await DialThrough(
      std::move(proxy), std::move(url), std::move(options), ProxyUse::kUpgrade);
  co_return stream;
}

}  // namespace fairway::net::http
