// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/clientcmd/validation.go (v0.20.2; as-uid and
// interactiveMode as in v0.22)
#include "client/rest/validation.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/task/asio_status.h"
#include "net/http/url.h"

namespace fairway::rest {
namespace {

using Faults = std::vector<std::string>;

constexpr absl::string_view kFaultsPayload =
    "fairway/clientcmd.ConfigurationInvalid";
constexpr absl::string_view kAggregatePayload = "fairway/errors.Aggregate";

// "[a, b]", or the only one.
std::string JoinErrors(const Faults& errors) {
  if (errors.size() == 1) return errors[0];
  return absl::StrCat("[", absl::StrJoin(errors, ", "), "]");
}

// A payload's strings are behind one another, each after its length: a message
// may have lines.
absl::Cord Packed(const Faults& strings) {
  std::string packed;
  for (const std::string& s : strings) {
    absl::StrAppend(&packed, s.size(), " ", s);
  }
  return absl::Cord(packed);
}

Faults Unpacked(const absl::optional<absl::Cord>& payload) {
  Faults strings;
  if (!payload.has_value()) return strings;
  const std::string packed(*payload);
  size_t at = 0;
  while (at < packed.size()) {
    const size_t space = packed.find(' ', at);
    const size_t size = std::stoul(packed.substr(at, space - at));
    strings.push_back(packed.substr(space + 1, size));
    at = space + 1 + size;
  }
  return strings;
}

// Adds a fault when `path` cannot be opened.
void CheckReadable(const char* what, const std::string& path,
                   const std::string& name, Faults* faults) {
  if (path.empty()) return;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    close(fd);
    return;
  }
  const absl::Status why = FromErrno(errno, absl::StrCat("open ", path));
  faults->push_back(absl::StrCat("unable to read ", what, " ", path, " for ",
                                 name, " due to ", why.message()));
}

// Mirrors: parseProxyURL. Errors: kInvalidArgument.
absl::Status CheckProxyUrl(const std::string& text) {
  absl::StatusOr<net::http::Url> url = net::http::ParseUrl(text);
  if (!url.ok() || url->scheme.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("could not parse: ", text));
  }
  if (url->scheme == "socks5") {
    return absl::InvalidArgumentError(
        "scheme \"socks5\" is not supported here, must be http or https");
  }
  if (url->scheme != "http" && url->scheme != "https") {
    return absl::InvalidArgumentError(
        absl::StrCat("unsupported scheme \"", url->scheme,
                     "\", must be http, https, or socks5"));
  }
  if (url->host.empty()) return absl::InvalidArgumentError("no host in it");
  return absl::OkStatus();
}

void ValidateCertificate(const std::string& name, const KubeAuthInfo& user,
                         Faults* faults) {
  const bool has_cert = !user.client_certificate.empty();
  const bool has_cert_data = !user.client_certificate_data.empty();
  const bool has_key = !user.client_key.empty();
  const bool has_key_data = !user.client_key_data.empty();
  if (!has_cert && !has_cert_data) return;
  if (has_cert && has_cert_data) {
    faults->push_back(
        absl::StrCat("client-cert-data and client-cert are both specified for ",
                     name, ". client-cert-data will override."));
  }
  if (has_key && has_key_data) {
    faults->push_back(
        absl::StrCat("client-key-data and client-key are both specified for ",
                     name, "; client-key-data will override"));
  }
  if (!has_key && !has_key_data) {
    faults->push_back(
        absl::StrCat("client-key-data or client-key must be specified for ",
                     name, " to use the clientCert authentication method."));
  }
  CheckReadable("client-cert", user.client_certificate, name, faults);
  CheckReadable("client-key", user.client_key, name, faults);
}

void ValidateExec(const std::string& name, const KubeAuthInfo& user,
                  Faults* faults) {
  const ExecConfig& exec = *user.exec;
  const auto missing = [&](const char* what) {
    faults->push_back(absl::StrCat(what, " must be specified for ", name,
                                   " to use exec authentication plugin"));
  };
  if (!user.auth_provider.empty()) {
    faults->push_back(
        absl::StrCat("authProvider cannot be provided in combination with an "
                     "exec plugin for ",
                     name));
  }
  if (exec.command.empty()) missing("command");
  if (exec.api_version.empty()) missing("apiVersion");
  for (const auto& [variable, value] : exec.env) {
    if (variable.empty()) missing("env variable name");
  }
  if (exec.interactive_mode.empty()) {
    missing("interactiveMode");
  } else if (exec.interactive_mode != "Never" &&
             exec.interactive_mode != "IfAvailable" &&
             exec.interactive_mode != "Always") {
    faults->push_back(absl::StrCat("invalid interactiveMode for ", name, ": \"",
                                   exec.interactive_mode, "\""));
  }
}

// The exec plugin that does what a removed auth provider did.
std::string ExecPluginFor(absl::string_view auth_provider) {
  if (auth_provider == "gcp") return " (for gcp: gke-gcloud-auth-plugin)";
  if (auth_provider == "azure") return " (for azure: kubelogin)";
  if (auth_provider == "oidc") return " (for oidc: kubectl-oidc_login)";
  return "";
}

}  // namespace

void ValidateCluster(const std::string& name, const KubeCluster& cluster,
                     Faults* faults) {
  if (cluster.server.empty()) {
    faults->push_back(
        name.empty()
            ? "default cluster has no server defined"
            : absl::StrCat("no server found for cluster \"", name, "\""));
  }
  if (!cluster.proxy_url.empty()) {
    const absl::Status proxy = CheckProxyUrl(cluster.proxy_url);
    if (!proxy.ok()) {
      faults->push_back(absl::StrCat("invalid 'proxy-url' \"",
                                     cluster.proxy_url, "\" for cluster \"",
                                     name, "\": ", proxy.message()));
    }
  }
  if (!cluster.certificate_authority.empty() &&
      !cluster.certificate_authority_data.empty()) {
    faults->push_back(absl::StrCat(
        "certificate-authority-data and certificate-authority are both "
        "specified for ",
        name, ". certificate-authority-data will override."));
  }
  CheckReadable("certificate-authority", cluster.certificate_authority, name,
                faults);
}

void ValidateUser(const std::string& name, const KubeAuthInfo& user,
                  Faults* faults) {
  ValidateCertificate(name, user, faults);
  if (user.exec.has_value()) ValidateExec(name, user, faults);
  if (!user.auth_provider.empty() && !user.exec.has_value() &&
      user.token.empty()) {
    faults->push_back(absl::StrCat(
        "user \"", name, "\" logs in by auth-provider \"", user.auth_provider,
        "\", which is not supported; use an exec credential plugin instead",
        ExecPluginFor(user.auth_provider)));
  }
  if (!user.token.empty() &&
      (!user.username.empty() || !user.password.empty())) {
    faults->push_back(
        absl::StrCat("more than one authentication method found for ", name,
                     "; found [token basicAuth], only one is allowed"));
  }
  if (!user.impersonate.empty()) return;
  if (!user.impersonate_uid.empty() || !user.impersonate_groups.empty() ||
      !user.impersonate_user_extra.empty()) {
    faults->push_back(absl::StrCat(
        "requesting ", user.impersonate_uid.empty() ? "" : "uid, ",
        "groups or user-extra for ", name, " without impersonating a user"));
  }
}

absl::Status ConfigurationInvalid(const Faults& faults) {
  if (faults.empty()) return absl::OkStatus();
  absl::Status status = absl::InvalidArgumentError(
      absl::StrCat("invalid configuration: ", JoinErrors(faults)));
  status.SetPayload(kFaultsPayload, Packed(faults));
  return status;
}

absl::Status Aggregate(const std::vector<absl::Status>& errors) {
  if (errors.empty()) return absl::OkStatus();
  if (errors.size() == 1) return errors[0];
  Faults messages;
  for (const absl::Status& error : errors) {
    messages.emplace_back(error.message());
  }
  absl::Status status(errors[0].code(), JoinErrors(messages));
  status.SetPayload(kAggregatePayload, Packed(messages));
  return status;
}

std::vector<std::string> ConfigurationFaults(const absl::Status& status) {
  return Unpacked(status.GetPayload(kFaultsPayload));
}

std::vector<std::string> AggregatedErrors(const absl::Status& status) {
  return Unpacked(status.GetPayload(kAggregatePayload));
}

}  // namespace fairway::rest
