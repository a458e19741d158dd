// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/rest/transport.go, k8s.io/client-go/transport/
// transport.go (v0.20.2)
#include "client/rest/tls_config.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/file/read_file.h"
#include "base/task/task.h"
#include "client/rest/exec_authenticator.h"

namespace fairway::rest {
namespace {

// Mirrors: dataFromSliceOrFile.
absl::StatusOr<std::string> DataOrFile(const std::string& data,
                                       const std::string& file) {
  if (!data.empty() || file.empty()) return data;
  return ReadFile(file);
}

// `status` and the places that it is about, where they are files.
absl::Status InFiles(
    const absl::Status& status,
    std::initializer_list<std::pair<const char*, std::string>> places) {
  std::vector<std::string> files;
  for (const auto& [what, file] : places) {
    if (!file.empty()) files.push_back(absl::StrCat(what, " ", file));
  }
  if (status.ok() || files.empty()) return status;
  return absl::Status(
      status.code(),
      absl::StrCat(status.message(), " (", absl::StrJoin(files, ", "), ")"));
}

// The file, if it is what is used.
std::string FileOf(const std::string& data, const std::string& file) {
  return data.empty() ? file : "";
}

// A TLS configuration whose client certificate a program gives.
//
// Threads: on one executor, as its program.
struct PluginTls {
  net::TlsClientConfig config;
  std::shared_ptr<ExecAuthenticator> exec;
  // What was made last, and of which credentials.
  std::shared_ptr<const ExecCredentials> credentials;
  std::shared_ptr<const net::TlsClientContext> context;
};

using ContextOr = absl::StatusOr<std::shared_ptr<const net::TlsClientContext>>;

Task<ContextOr> ContextOf(std::shared_ptr<PluginTls> tls) {
  absl::StatusOr<std::shared_ptr<const ExecCredentials>> given =
      co_await tls->exec->GetCreds();
  if (!given.ok()) co_return given.status();
  if (tls->credentials != *given) {
    net::TlsClientConfig config = tls->config;
    config.cert_pem = (*given)->cert_pem;
    config.key_pem = (*given)->key_pem;
    ContextOr made = net::NewTlsClientContext(config);
    if (!made.ok()) co_return made;
    tls->context = *std::move(made);
    tls->credentials = *std::move(given);
  }
  co_return tls->context;
}

// Mirrors: dynamicClientCert of k8s.io/client-go/transport/cert_rotation.go. A
// TLS configuration whose client certificate is in files, which may be replaced
// meanwhile.
struct FileTls {
  std::string cert_file;
  std::string key_file;
  // What was read last, and made of it.
  net::TlsClientConfig config;
  std::shared_ptr<const net::TlsClientContext> context;
};

Task<ContextOr> ContextOfFiles(std::shared_ptr<FileTls> tls) {
  absl::StatusOr<std::string> cert = ReadFile(tls->cert_file);
  absl::StatusOr<std::string> key = ReadFile(tls->key_file);
  if (cert.ok() && key.ok() &&
      (*cert != tls->config.cert_pem || *key != tls->config.key_pem)) {
    net::TlsClientConfig config = tls->config;
    config.cert_pem = *std::move(cert);
    config.key_pem = *std::move(key);
    ContextOr made = net::NewTlsClientContext(config);
    // What is half replaced is not used: the old pair may still do.
    if (made.ok()) {
      tls->config = std::move(config);
      tls->context = *std::move(made);
    }
  }
  co_return tls->context;
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
    const absl::Status pair = net::CheckKeyPair(*cert, *key);
    if (!pair.ok()) {
      return InFiles(
          pair,
          {{"client-certificate",
            FileOf(config.tls.cert_data, config.tls.cert_file)},
           {"client-key", FileOf(config.tls.key_data, config.tls.key_file)}});
    }
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
  options.pool = config.connections;
  options.proxier =
      config.proxy != nullptr ? config.proxy : net::http::ProxyFromEnvironment;
  if (url->scheme != "https") {
    absl::StatusOr<net::http::Url> proxy = options.proxier(*url);
    if (!proxy.ok() || proxy->scheme != "https") return options;
  }
  absl::StatusOr<net::TlsClientConfig> tls = TLSConfigFor(config);
  if (!tls.ok()) return tls.status();
  auto context = net::NewTlsClientContext(*tls);
  if (!context.ok()) {
    return InFiles(context.status(),
                   {{"certificate-authority",
                     FileOf(config.tls.ca_data, config.tls.ca_file)}});
  }
  options.tls = *std::move(context);
  options.tls_server_name = config.tls.server_name;
  if (config.UsesExec() && !config.HasCertAuth()) {
    auto plugin = std::make_shared<PluginTls>();
    plugin->config = *std::move(tls);
    plugin->exec = config.exec_provider;
    options.get_tls = [plugin = std::move(plugin)] {
      return ContextOf(plugin);
    };
  } else if (config.HasCertAuth() && config.tls.cert_data.empty() &&
             config.tls.key_data.empty()) {
    auto files = std::make_shared<FileTls>();
    files->cert_file = config.tls.cert_file;
    files->key_file = config.tls.key_file;
    files->config = *std::move(tls);
    files->context = options.tls;
    options.get_tls = [files = std::move(files)] {
      return ContextOfFiles(files);
    };
  }
  return options;
}

}  // namespace fairway::rest
