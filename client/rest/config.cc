// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/rest/{config,url_utils}.go (v0.20.2)
#include "client/rest/config.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/version/version.h"

namespace fairway::rest {

bool Config::HasCA() const {
  return !tls.ca_data.empty() || !tls.ca_file.empty();
}

bool Config::HasCertAuth() const {
  return (!tls.cert_data.empty() || !tls.cert_file.empty()) &&
         (!tls.key_data.empty() || !tls.key_file.empty());
}

bool Config::HasTokenAuth() const {
  return !bearer_token.empty() || !bearer_token_file.empty();
}

bool Config::HasBasicAuth() const { return !username.empty(); }

std::string GoPlatform() {
#if defined(__x86_64__)
  return "linux/amd64";
#elif defined(__aarch64__)
  return "linux/arm64";
#else
  return "linux/unknown";
#endif
}

std::string DefaultKubernetesUserAgent(absl::string_view program) {
  return absl::StrCat(program, "/", kGitVersion, " (", GoPlatform(),
                      ") kubernetes/fairway");
}

absl::StatusOr<net::http::Url> DefaultServerURL(const Config& config) {
  const std::string host = config.host.empty() ? "localhost" : config.host;
  const bool has_tls =
      config.HasCA() || config.HasCertAuth() || config.tls.insecure;
  const std::string text =
      absl::StrContains(host, "://")
          ? host
          : absl::StrCat(has_tls ? "https://" : "http://", host);
  absl::StatusOr<net::http::Url> url = net::http::ParseUrl(text);
  if (!url.ok() || (url->scheme != "http" && url->scheme != "https") ||
      url->host.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "host must be a URL or a host:port pair: \"", config.host, "\""));
  }
  while (absl::EndsWith(url->path, "/")) url->path.pop_back();
  url->raw_query.clear();
  return url;
}

}  // namespace fairway::rest
