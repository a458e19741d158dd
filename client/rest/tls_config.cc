// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/rest/transport.go, k8s.io/client-go/transport/
// transport.go (v0.20.2)
#include "client/rest/tls_config.h"

#include <string>

#include "base/file/read_file.h"

namespace fairway::rest {
namespace {

// Mirrors: dataFromSliceOrFile.
absl::StatusOr<std::string> DataOrFile(const std::string& data,
                                       const std::string& file) {
  if (!data.empty() || file.empty()) return data;
  return ReadFile(file);
}

}  // namespace

absl::StatusOr<net::TlsClientConfig> TLSConfigFor(const Config& config) {
  if (config.HasCA() && config.tls.insecure) {
    return absl::InvalidArgumentError(
        "specifying a root certificates file with the insecure flag is not "
        "allowed");
  }
  net::TlsClientConfig tls;
  absl::StatusOr<std::string> ca =
      DataOrFile(config.tls.ca_data, config.tls.ca_file);
  if (!ca.ok()) return ca.status();
  tls.ca_pem = *std::move(ca);
  if (config.HasCertAuth()) {
    absl::StatusOr<std::string> cert =
        DataOrFile(config.tls.cert_data, config.tls.cert_file);
    if (!cert.ok()) return cert.status();
    absl::StatusOr<std::string> key =
        DataOrFile(config.tls.key_data, config.tls.key_file);
    if (!key.ok()) return key.status();
    tls.cert_pem = *std::move(cert);
    tls.key_pem = *std::move(key);
  }
  tls.insecure_skip_verify = config.tls.insecure;
  tls.server_name = config.tls.server_name;
  tls.alpn = {"http/1.1"};
  return tls;
}

absl::StatusOr<net::http::DialOptions> DialOptionsFor(const Config& config) {
  absl::StatusOr<net::http::Url> url = DefaultServerURL(config);
  if (!url.ok()) return url.status();
  net::http::DialOptions options;
  options.proxier =
      config.proxy != nullptr ? config.proxy : net::http::ProxyFromEnvironment;
  if (url->scheme != "https") {
    absl::StatusOr<net::http::Url> proxy = options.proxier(*url);
    if (!proxy.ok() || proxy->scheme != "https") return options;
  }
  absl::StatusOr<net::TlsClientConfig> tls = TLSConfigFor(config);
  if (!tls.ok()) return tls.status();
  auto context = net::NewTlsClientContext(*tls);
  if (!context.ok()) return context.status();
  options.tls = *std::move(context);
  options.tls_server_name = config.tls.server_name;
  return options;
}

}  // namespace fairway::rest
