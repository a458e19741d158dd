// SPDX-License-Identifier: Apache-2.0
// The certificates and the kubeconfigs of a cluster on one machine.
#ifndef CLUSTER_CERTIFICATES_H_
#define CLUSTER_CERTIFICATES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fairway::cluster {

// Where everything is, below one folder; names as kubeadm has them.
struct Pki {
  explicit Pki(absl::string_view folder);
  std::string ca_cert;         // ca.crt
  std::string apiserver_cert;  // apiserver.crt: 127.0.0.1, ::1, localhost
  std::string apiserver_key;
  std::string kubelet_client_cert;  // apiserver-kubelet-client.crt
  std::string kubelet_client_key;
  std::string kubelet_cert;  // kubelet.crt: the node's name, 127.0.0.1
  std::string kubelet_key;
  std::string admin_cert;
  std::string admin_key;
};

// What a client of the API server shows and trusts; PEM.
struct Credentials {
  std::string user;
  std::string ca_pem;
  std::string cert_pem;
  std::string key_pem;
};

// Those who get a kubeconfig.
struct ClientCredentials {
  Credentials admin;  // kubernetes-admin of system:masters
  Credentials node;   // the kubelet: system:node:NAME
};

// Fills `folder` with a new authority and all certificates, good for a year,
// keys readable by their owner only. The authority's own key is not kept.
// Errors: of the file system, naming the file.
absl::StatusOr<ClientCredentials> MakePki(const std::string& folder,
                                          const std::string& node_name);

// A kubeconfig that has its certificates inside, so that it can be copied.
absl::Status WriteKubeconfig(const std::string& path, uint16_t port,
                             const Credentials& credentials);

// Writes a file that only its owner can read, whole or not at all.
absl::Status WritePrivateFile(const std::string& path,
                              absl::string_view contents);

}  // namespace fairway::cluster

#endif  // CLUSTER_CERTIFICATES_H_
