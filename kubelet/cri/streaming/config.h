// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/streaming/server.go (v1.20.2): Config
#ifndef KUBELET_CRI_STREAMING_CONFIG_H_
#define KUBELET_CRI_STREAMING_CONFIG_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "httpstream/spdy/session_options.h"
#include "net/tls/tls.h"

namespace fairway::kubelet::cri::streaming {

using SessionOptions = httpstream::spdy::SessionOptions;

struct Config {
  // host:port to listen on; the host is an IP or "localhost".
  std::string address = "127.0.0.1:0";
  // What the URLs begin with. Empty: the scheme and the address listened on. A
  // mere path such as "/cri/" makes relative URLs; the path's directory is also
  // what the handler expects in front of "/portforward/TOKEN".
  std::string base_url;
  absl::Duration stream_idle_timeout = absl::Hours(4);
  // How long one stream of a pair waits for the other.
  absl::Duration stream_creation_timeout = absl::Seconds(30);
  std::vector<std::string> supported_port_forward_protocols = {
      "portforward.k8s.io"};
  SessionOptions session;
  // Null: plain. ALPN must not offer HTTP/2, which knows no upgrade.
  std::shared_ptr<const net::TlsServerContext> tls;
};

}  // namespace fairway::kubelet::cri::streaming

#endif  // KUBELET_CRI_STREAMING_CONFIG_H_
