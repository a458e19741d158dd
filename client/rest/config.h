// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/rest/config.go (v0.20.2)
// How an API server is reached, and as whom.
#ifndef CLIENT_REST_CONFIG_H_
#define CLIENT_REST_CONFIG_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "net/http/message.h"
#include "net/http/transport.h"
#include "net/http/url.h"

namespace fairway::rest {

// What is given both as a file and as data is taken from the data.
struct TLSClientConfig {
  bool insecure = false;
  std::string server_name;  // for SNI and verification; empty: the host's
  std::string cert_file;
  std::string key_file;
  std::string ca_file;
  std::string cert_data;  // PEM
  std::string key_data;
  std::string ca_data;
};

struct ImpersonationConfig {
  std::string user_name;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
};

// What is told of the requests that are made, and to whom. klog's place is
// taken by `write`, which gets a line at a time, with its newline.
struct RequestLog {
  int verbosity = 0;                                  // -v
  std::function<void(absl::string_view line)> write;  // null: nothing is told
};

class ExecAuthenticator;

using WrapperFunc = std::function<std::unique_ptr<net::http::RoundTripper>(
    std::unique_ptr<net::http::RoundTripper>)>;

struct Config {
  // "https://1.2.3.4:6443", with or without scheme and path.
  std::string host;
  TLSClientConfig tls;
  std::string bearer_token;
  std::string bearer_token_file;  // read again now and then; beats the token
  std::string username;
  std::string password;
  // The program that gives credentials, where no token does; null: none. Shared
  // by what is made of copies of this, so that it is run once for all.
  std::shared_ptr<ExecAuthenticator> exec_provider;
  ImpersonationConfig impersonate;
  std::string user_agent;  // DefaultKubernetesUserAgent() if empty
  // Null: ProxyFromEnvironment.
  net::http::Proxier proxy;
  // Of one request; zero: a minute, which is no limit for watches.
  absl::Duration timeout;
  // Idle connections to the server: what is made of copies of this shares them.
  // Null: they are not shared.
  std::shared_ptr<net::http::ConnectionPool> connections;
  WrapperFunc wrap_transport;  // null: none
  RequestLog log;

  bool HasCA() const;
  bool HasCertAuth() const;
  bool HasTokenAuth() const;
  bool HasBasicAuth() const;
  // Whether exec_provider is asked: a token that is there already wins.
  bool UsesExec() const { return exec_provider != nullptr && !HasTokenAuth(); }
};

// "kubectl/v1.20.2+fairway.0.1.0 (linux/amd64) kubernetes/fairway".
std::string DefaultKubernetesUserAgent(absl::string_view program);

// "linux/amd64", in Go's words.
std::string GoPlatform();

// Mirrors: defaultServerUrlFor. The server's URL: https where `config` has TLS
// material and names no scheme. A path is kept, without the slash at its end.
// Errors: kInvalidArgument.
absl::StatusOr<net::http::Url> DefaultServerURL(const Config& config);

}  // namespace fairway::rest

#endif  // CLIENT_REST_CONFIG_H_
