// SPDX-License-Identifier: Apache-2.0
#include "cluster/certificates.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status/co_status.h"
#include "base/task/asio_status.h"
#include "net/tls/certs.h"

namespace fairway::cluster {
namespace {

using net::CertificateRequest;

struct Pair {
  std::string cert_path;
  std::string key_path;
  CertificateRequest request;
};

CertificateRequest Server(const std::string& name) {
  CertificateRequest request;
  request.common_name = name;
  request.dns_names = {"localhost", name};
  request.ip_addresses = {"127.0.0.1", "::1"};
  request.usage = CertificateRequest::Usage::kServer;
  return request;
}

CertificateRequest Client(const std::string& user, const std::string& group) {
  CertificateRequest request;
  request.common_name = user;
  request.organizations = {group};
  request.usage = CertificateRequest::Usage::kClient;
  return request;
}

}  // namespace

Pki::Pki(absl::string_view folder)
    : ca_cert(absl::StrCat(folder, "/ca.crt")),
      apiserver_cert(absl::StrCat(folder, "/apiserver.crt")),
      apiserver_key(absl::StrCat(folder, "/apiserver.key")),
      kubelet_client_cert(
          absl::StrCat(folder, "/apiserver-kubelet-client.crt")),
      kubelet_client_key(absl::StrCat(folder, "/apiserver-kubelet-client.key")),
      kubelet_cert(absl::StrCat(folder, "/kubelet.crt")),
      kubelet_key(absl::StrCat(folder, "/kubelet.key")),
      admin_cert(absl::StrCat(folder, "/admin.crt")),
      admin_key(absl::StrCat(folder, "/admin.key")) {}

absl::Status WritePrivateFile(const std::string& path,
                              absl::string_view contents) {
  const std::string temporary = path + ".new";
  const int fd =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return FromErrno(errno, "open " + temporary);
  // An older file of that name may have been readable by others.
  fchmod(fd, 0600);
  size_t written = 0;
  while (written < contents.size()) {
    const ssize_t n =
        write(fd, contents.data() + written, contents.size() - written);
    if (n < 0) {
      const int error = errno;
      close(fd);
      return FromErrno(error, "write " + temporary);
    }
    written += static_cast<size_t>(n);
  }
  close(fd);
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    return FromErrno(errno, "rename " + temporary);
  }
  return absl::OkStatus();
}

absl::StatusOr<ClientCredentials> MakePki(const std::string& folder,
                                          const std::string& node_name) {
  absl::StatusOr<std::unique_ptr<net::CertificateAuthority>> authority =
      net::CertificateAuthority::Make("fairway");
  if (!authority.ok()) return authority.status();
  const std::string& ca_pem = (*authority)->cert_pem();
  const Pki pki(folder);
  const Pair pairs[] = {
      {pki.apiserver_cert, pki.apiserver_key, Server("kubernetes")},
      {pki.kubelet_cert, pki.kubelet_key, Server(node_name)},
      {pki.kubelet_client_cert, pki.kubelet_client_key,
       Client("kube-apiserver-kubelet-client", "system:masters")},
      {pki.admin_cert, pki.admin_key,
       Client("kubernetes-admin", "system:masters")},
  };
  FAIRWAY_RETURN_IF_ERROR(WritePrivateFile(pki.ca_cert, ca_pem));
  net::CertificateAndKey admin;
  for (const Pair& pair : pairs) {
    absl::StatusOr<net::CertificateAndKey> made =
        (*authority)->Sign(pair.request);
    if (!made.ok()) return made.status();
    FAIRWAY_RETURN_IF_ERROR(WritePrivateFile(pair.cert_path, made->cert_pem));
    FAIRWAY_RETURN_IF_ERROR(WritePrivateFile(pair.key_path, made->key_pem));
    if (pair.cert_path == pki.admin_cert) admin = *made;
  }
  const std::string node_user = "system:node:" + node_name;
  absl::StatusOr<net::CertificateAndKey> node =
      (*authority)->Sign(Client(node_user, "system:nodes"));
  if (!node.ok()) return node.status();
  return ClientCredentials{
      {"kubernetes-admin", ca_pem, admin.cert_pem, admin.key_pem},
      {node_user, ca_pem, node->cert_pem, node->key_pem}};
}

absl::Status WriteKubeconfig(const std::string& path, uint16_t port,
                             const Credentials& credentials) {
  return WritePrivateFile(
      path,
      absl::StrCat(
          "apiVersion: v1\n"
          "kind: Config\n"
          "clusters:\n"
          "- name: fairway\n"
          "  cluster:\n"
          "    server: https://127.0.0.1:",
          port, "\n    certificate-authority-data: ",
          absl::Base64Escape(credentials.ca_pem), "\nusers:\n- name: \"",
          credentials.user, "\"\n  user:\n    client-certificate-data: ",
          absl::Base64Escape(credentials.cert_pem),
          "\n    client-key-data: ", absl::Base64Escape(credentials.key_pem),
          "\ncontexts:\n"
          "- name: fairway\n"
          "  context:\n"
          "    cluster: fairway\n"
          "    user: \"",
          credentials.user, "\"\ncurrent-context: fairway\n"));
}

}  // namespace fairway::cluster
