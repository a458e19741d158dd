// SPDX-License-Identifier: Apache-2.0
// Mirrors: AddFlags of k8s.io/cli-runtime/pkg/genericclioptions/
// config_flags.go (v0.20.2)
#include "client/cmd/global_flags.h"

#include <memory>
#include <string>
#include <utility>

namespace fairway::cmd {
namespace {

// One that scripts give and that changes nothing here.
Flag WithoutEffect(std::string name, std::string default_text,
                   std::string help) {
  Flag flag;
  flag.name = std::move(name);
  flag.is_bool = default_text == "false";
  flag.default_text = std::move(default_text);
  flag.help = std::move(help);
  flag.set = [](const std::string&) { return absl::OkStatus(); };
  return flag;
}

}  // namespace

std::vector<Flag> GlobalFlags(ConfigFlags* flags) {
  rest::ConfigOverrides* overrides = &flags->overrides;
  auto insecure_value = std::make_shared<bool>(false);
  Flag insecure = BoolFlag(
      "insecure-skip-tls-verify", 0, insecure_value.get(),
      "If true, the server's certificate is not verified. Anybody between you "
      "and the server can then read and change what is sent");
  insecure.set = [overrides, insecure_value,
                  set = insecure.set](const std::string& value) {
    absl::Status status = set(value);
    overrides->insecure_skip_tls_verify = *insecure_value;
    return status;
  };
  Flag groups = StringSliceFlag("as-group", 0, &overrides->impersonate_groups,
                                "The groups to act as a member of");
  // One a flag: a group's name may have commas.
  groups.set = [overrides](const std::string& value) {
    overrides->impersonate_groups.push_back(value);
    return absl::OkStatus();
  };
  return {
      StringFlag("kubeconfig", 0, &flags->kubeconfig,
                 "The kubeconfig file to read"),
      StringFlag("context", 0, &overrides->context,
                 "The kubeconfig context to use"),
      StringFlag("cluster", 0, &overrides->cluster,
                 "The kubeconfig cluster to use"),
      StringFlag("user", 0, &overrides->user, "The kubeconfig user to use"),
      StringFlag("namespace", 'n', &overrides->namespace_,
                 "The namespace of what the command is about"),
      StringFlag("server", 's', &overrides->server,
                 "The address and port of the Kubernetes API server"),
      StringFlag("tls-server-name", 0, &overrides->tls_server_name,
                 "The name that the server's certificate must bear, if it is "
                 "not that of its host"),
      StringFlag("token", 0, &overrides->token,
                 "Bearer token for authentication to the API server"),
      StringFlag("username", 0, &overrides->username,
                 "Name for basic authentication to the API server"),
      StringFlag("password", 0, &overrides->password,
                 "Password for basic authentication to the API server"),
      StringFlag("certificate-authority", 0, &overrides->certificate_authority,
                 "File with the certificates that may sign the server's"),
      StringFlag("client-certificate", 0, &overrides->client_certificate,
                 "File with the client's certificate"),
      StringFlag("client-key", 0, &overrides->client_key,
                 "File with the client certificate's key"),
      StringFlag("as", 0, &overrides->impersonate, "The user to act as"),
      std::move(groups),
      StringFlag("as-uid", 0, &overrides->impersonate_uid,
                 "The user id to act as"),
      StringFlag("request-timeout", 0, &flags->request_timeout,
                 "How long one request may take (1s, 2m, 3h); 0 leaves it to "
                 "the program"),
      std::move(insecure),
      WithoutEffect("cache-dir", "''", "Accepted, but nothing is cached"),
      WithoutEffect("disable-compression", "false",
                    "Accepted, but nothing is ever compressed"),
      IntFlag("v", 'v', &flags->verbosity,
              "Number for the log level verbosity"),
  };
}

}  // namespace fairway::cmd
