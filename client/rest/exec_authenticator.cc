// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/plugin/pkg/client/auth/exec/exec.go (v0.20.2;
// interactive modes and client.authentication.k8s.io/v1 as from v0.22 on)
#include "client/rest/exec_authenticator.h"

#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "api/json.h"
#include "api/object.h"
#include "base/process/subprocess.h"
#include "base/task/deadline.h"
#include "net/tls/tls.h"

namespace fairway::rest {
namespace {

using net::http::Request;
using net::http::Response;
using net::http::RoundTripper;

constexpr absl::string_view kExecInfo = "KUBERNETES_EXEC_INFO";
constexpr absl::string_view kGroup = "client.authentication.k8s.io/";
constexpr absl::string_view kVersions[] = {"v1alpha1", "v1beta1", "v1"};
constexpr absl::string_view kInstallHelp =
    "\n\nIt looks like you are trying to use a client-go credential plugin "
    "that is not installed.\n\nTo learn more about this feature, consult the "
    "documentation available at:\n      https://kubernetes.io/docs/reference/"
    "access-authn-authz/authentication/#client-go-credential-plugins";

// Neither a code of HTTP nor of the API: nobody is logged in.
absl::Status CredentialsError(absl::string_view message) {
  return absl::UnauthenticatedError(message);
}

bool IsKnownVersion(absl::string_view api_version) {
  for (absl::string_view version : kVersions) {
    if (api_version == absl::StrCat(kGroup, version)) return true;
  }
  return false;
}

absl::StatusOr<nlohmann::json> ParseOutput(const std::string& output) {
  absl::StatusOr<nlohmann::json> value = api::ParseJson(output);
  if (value.ok() && (value->is_object() || value->is_null())) return value;
  // Kubernetes' decoders take YAML for JSON.
  absl::StatusOr<std::string> json = api::YamlToJson(output);
  if (!json.ok()) return json.status();
  value = api::ParseJson(*json);
  if (value.ok() && !value->is_object() && !value->is_null()) {
    return absl::InvalidArgumentError(
        "couldn't get version/kind; json parse error: want an object");
  }
  return value;
}

absl::Status CheckCredentials(const ExecCredentials& credentials) {
  if (credentials.token.empty() && credentials.cert_pem.empty() &&
      credentials.key_pem.empty()) {
    return CredentialsError(
        "exec plugin didn't return a token or cert/key pair");
  }
  if (credentials.cert_pem.empty() != credentials.key_pem.empty()) {
    return CredentialsError(
        "exec plugin returned only certificate or key, not both");
  }
  if (credentials.cert_pem.empty()) return absl::OkStatus();
  absl::Status pair =
      net::CheckKeyPair(credentials.cert_pem, credentials.key_pem);
  if (pair.ok()) return pair;
  return CredentialsError(
      absl::StrCat("failed parsing client key/certificate: ", pair.message()));
}

class ExecRoundTripper final : public RoundTripper {
 public:
  ExecRoundTripper(std::shared_ptr<ExecAuthenticator> authenticator,
                   std::unique_ptr<RoundTripper> rt)
      : authenticator_(std::move(authenticator)), rt_(std::move(rt)) {}

  Task<absl::StatusOr<Response>> RoundTrip(Request request) override {
    // Who has credentials of their own wants those used.
    if (request.headers.Has("Authorization")) {
      absl::StatusOr<Response> response =
          co_await rt_->RoundTrip(std::move(request));
      co_return response;
    }
    absl::StatusOr<std::shared_ptr<const ExecCredentials>> credentials =
        co_await authenticator_->GetCreds();
    if (!credentials.ok()) co_return credentials.status();
    if (cert_pem_ != (*credentials)->cert_pem) {
      const bool rotated = !cert_pem_.empty();
      cert_pem_ = (*credentials)->cert_pem;
      if (rotated) {
        absl::Status closed = co_await rt_->CloseIdleConnections();
        closed.IgnoreError();
      }
    }
    if (!(*credentials)->token.empty()) {
      request.headers.Set("Authorization",
                          absl::StrCat("Bearer ", (*credentials)->token));
    }
    absl::StatusOr<Response> response =
        co_await rt_->RoundTrip(std::move(request));
    if (response.ok() && response->status == 401) {
      authenticator_->Refuse(*credentials);
    }
    co_return response;
  }

  Task<absl::Status> CloseIdleConnections() override {
    return rt_->CloseIdleConnections();
  }

 private:
  const std::shared_ptr<ExecAuthenticator> authenticator_;
  const std::unique_ptr<RoundTripper> rt_;
  std::string cert_pem_;  // of the last request
};

}  // namespace

absl::StatusOr<std::shared_ptr<ExecAuthenticator>> ExecAuthenticator::New(
    ExecConfig config, std::string cluster_json, Environment environment) {
  if (!IsKnownVersion(config.api_version)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "exec plugin: invalid apiVersion \"", config.api_version, "\""));
  }
  if (environment.now == nullptr) environment.now = absl::Now;
  if (environment.stdin_is_terminal == nullptr) {
    environment.stdin_is_terminal = [fd = environment.stdin_fd] {
      return isatty(fd) == 1;
    };
  }
  return std::shared_ptr<ExecAuthenticator>(new ExecAuthenticator(
      std::move(config), std::move(cluster_json), std::move(environment)));
}

ExecAuthenticator::~ExecAuthenticator() = default;

ExecAuthenticator::ExecAuthenticator(ExecConfig config,
                                     std::string cluster_json,
                                     Environment environment)
    : config_(std::move(config)),
      cluster_json_(std::move(cluster_json)),
      environment_(std::move(environment)) {}

Task<ExecAuthenticator::CredentialsOr> ExecAuthenticator::GetCreds() {
  Executor executor = co_await kThisExecutor;
  if (ended_ == nullptr) ended_ = std::make_unique<Condition>(executor);
  const size_t runs_before = runs_;
  while (true) {
    if (cached_ != nullptr && environment_.now() <= expiry_) co_return cached_;
    if (!running_) break;
    absl::Status waited = co_await ended_->Wait();
    if (!waited.ok()) co_return waited;
    if (runs_ != runs_before && !last_error_.ok()) co_return last_error_;
  }
  running_ = true;
  CredentialsOr fresh = co_await Refresh();
  running_ = false;
  // Who was cancelled leaves the program to the next who asks.
  if (fresh.ok() || !absl::IsCancelled(fresh.status())) {
    ++runs_;
    last_error_ = fresh.status();
  }
  ended_->NotifyAll();
  co_return fresh;
}

void ExecAuthenticator::Refuse(
    const std::shared_ptr<const ExecCredentials>& refused) {
  if (cached_ == refused) cached_ = nullptr;
}

Task<ExecAuthenticator::CredentialsOr> ExecAuthenticator::Refresh() {
  const auto told = [](const absl::Status& status) {
    return CredentialsError(
        absl::StrCat("getting credentials: ", status.message()));
  };
  if (program_ == nullptr) {
    Executor executor = co_await kThisExecutor;
    absl::Status started = Start(executor);
    if (!started.ok()) co_return told(started);
  }
  absl::StatusOr<Captured> ran = co_await WithDeadline<Captured>(
      give_up_ - absl::Now(), config_.command,
      [this]() -> Task<absl::StatusOr<Captured>> {
        absl::StatusOr<Captured> ended = co_await program_->Wait();
        co_return ended;
      });
  // It runs on for whoever asks next: a person may be logging in.
  if (absl::IsCancelled(ran.status())) co_return ran.status();
  std::unique_ptr<CapturedProgram> program = std::move(program_);
  if (!ran.ok()) {
    absl::Status stopped = co_await program->Stop();
    stopped.IgnoreError();
    const bool late = absl::IsDeadlineExceeded(ran.status());
    co_return told(ExplainStartError(
        late ? absl::DeadlineExceededError(
                   absl::StrCat(config_.command, ": timed out after ",
                                absl::FormatDuration(environment_.timeout)))
             : ran.status()));
  }
  const ExitState& end = ran->exit_state;
  if (end.exit_code != 0) {
    const int code = end.signal == 0 ? end.exit_code : -1;  // as Go has it
    co_return told(
        CredentialsError(absl::StrCat("exec: executable ", config_.command,
                                      " failed with exit code ", code)));
  }
  absl::StatusOr<ExecCredentials> decoded = Decode(ran->output);
  if (!decoded.ok()) co_return told(decoded.status());
  cached_ = std::make_shared<const ExecCredentials>(*std::move(decoded));
  co_return cached_;
}

absl::Status ExecAuthenticator::Start(Executor executor) {
  absl::StatusOr<bool> interactive = IsInteractive();
  if (!interactive.ok()) return interactive.status();
  SubprocessOptions options;
  options.path = config_.command;
  if (!absl::StrContains(config_.command, '/')) {
    absl::StatusOr<std::string> found = LookPath(config_.command);
    if (!found.ok()) return ExplainStartError(found.status());
    options.path = *std::move(found);
  }
  options.argv = config_.args;
  options.argv.insert(options.argv.begin(), config_.command);
  options.env = Env(*interactive);
  if (*interactive) options.stdin_fd = environment_.stdin_fd;
  options.stderr_fd = environment_.stderr_fd;
  options.own_group = false;
  absl::StatusOr<std::unique_ptr<CapturedProgram>> program =
      CapturedProgram::Start(executor, std::move(options), kMaxExecOutputBytes);
  if (!program.ok()) return ExplainStartError(program.status());
  program_ = *std::move(program);
  give_up_ = absl::Now() + environment_.timeout;
  return absl::OkStatus();
}

absl::StatusOr<bool> ExecAuthenticator::IsInteractive() const {
  if (config_.interactive_mode == "Never") return false;
  const bool terminal = environment_.stdin_is_terminal();
  if (config_.interactive_mode == "Always" && !terminal) {
    return CredentialsError(
        "exec plugin cannot support interactive mode: standard input is not a "
        "terminal");
  }
  return terminal;
}

std::vector<std::string> ExecAuthenticator::Env(bool interactive) const {
  // The last of a name counts, as for os/exec.
  std::map<std::string, std::string> variables;
  for (const std::string& entry : CurrentEnvironment()) {
    const size_t equals = entry.find('=');
    if (equals == std::string::npos) continue;
    variables[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  for (const auto& [name, value] : config_.env) variables[name] = value;
  nlohmann::json info = {{"kind", "ExecCredential"},
                         {"apiVersion", config_.api_version},
                         {"spec", {{"interactive", interactive}}}};
  if (config_.provide_cluster_info) {
    info["spec"]["cluster"] =
        api::ParseJson(cluster_json_).value_or(nlohmann::json::object());
  }
  variables[std::string(kExecInfo)] = api::DumpJson(info);
  std::vector<std::string> env;
  for (const auto& [name, value] : variables) {
    env.push_back(absl::StrCat(name, "=", value));
  }
  return env;
}

// Mirrors: wrapCmdRunErrorLocked.
absl::Status ExecAuthenticator::ExplainStartError(const absl::Status& error) {
  const bool missing = absl::IsNotFound(error);
  const bool sought = !absl::StrContains(config_.command, '/');
  std::string message =
      missing && sought
          ? absl::StrCat("exec: executable ", config_.command, " not found")
          : absl::StrCat("exec: ", error.message());
  if (missing && hints_left_ > 0) {
    --hints_left_;
    absl::StrAppend(&message, kInstallHelp);
    if (!config_.install_hint.empty()) {
      absl::StrAppend(&message, "\n\n", config_.install_hint);
    }
  }
  return CredentialsError(message);
}

absl::StatusOr<ExecCredentials> ExecAuthenticator::Decode(
    const std::string& output) {
  const auto undecodable = [](absl::string_view why) {
    return CredentialsError(absl::StrCat("decoding stdout: ", why));
  };
  absl::StatusOr<nlohmann::json> value = ParseOutput(output);
  if (!value.ok()) return undecodable(value.status().message());
  absl::Status error;
  const api::FieldReader document(*value, "", &error);
  const std::string version = document.String("apiVersion");
  const std::string kind = document.String("kind");
  if (version != config_.api_version) {
    return CredentialsError(absl::StrCat(
        "exec plugin is configured to use API version ", config_.api_version,
        ", plugin returned version ",
        version.empty() ? absl::StrCat(kGroup, "__internal") : version));
  }
  if (!kind.empty() && kind != "ExecCredential") {
    return undecodable(absl::StrCat(
        "no kind \"", kind, "\" is registered for version \"", version,
        "\" in scheme \"k8s.io/client-go/plugin/pkg/client/auth/exec/"
        "exec.go:63\""));
  }
  if (!document.Has("status")) {
    return CredentialsError("exec plugin didn't return a status field");
  }
  const api::FieldReader status = document.Object("status");
  ExecCredentials credentials{status.String("token"),
                              status.String("clientCertificateData"),
                              status.String("clientKeyData")};
  const std::string expiration = status.String("expirationTimestamp");
  if (!error.ok()) return undecodable(error.message());
  absl::Time expiry = absl::InfiniteFuture();
  std::string why;
  if (!expiration.empty() &&
      !absl::ParseTime(absl::RFC3339_full, expiration, &expiry, &why)) {
    return undecodable(
        absl::StrCat("status.expirationTimestamp: parsing time \"", expiration,
                     "\": ", why));
  }
  absl::Status checked = CheckCredentials(credentials);
  if (!checked.ok()) return checked;
  expiry_ = expiry;
  return credentials;
}

std::unique_ptr<RoundTripper> NewExecRoundTripper(
    std::shared_ptr<ExecAuthenticator> authenticator,
    std::unique_ptr<RoundTripper> rt) {
  return std::make_unique<ExecRoundTripper>(std::move(authenticator),
                                            std::move(rt));
}

}  // namespace fairway::rest
