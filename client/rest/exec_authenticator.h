// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/plugin/pkg/client/auth/exec/exec.go (v0.20.2;
// interactive modes and client.authentication.k8s.io/v1 as from v0.22 on)
// Credentials that a program gives, and when it is asked again.
#ifndef CLIENT_REST_EXEC_AUTHENTICATOR_H_
#define CLIENT_REST_EXEC_AUTHENTICATOR_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/process/capture.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "net/http/message.h"

namespace fairway::rest {

// What the program may write, and how long it may take: a person may have to
// log in by a browser meanwhile.
inline constexpr size_t kMaxExecOutputBytes = 1 << 20;
inline constexpr absl::Duration kExecTimeout = absl::Minutes(10);

// A kubeconfig's `exec`.
struct ExecConfig {
  std::string command;  // with a slash: a path; else looked for in $PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;  // on top of ours
  std::string api_version;
  std::string install_hint;
  std::string interactive_mode;  // "Never", "IfAvailable", "Always"
  bool provide_cluster_info = false;
};

struct ExecCredentials {
  std::string token;
  std::string cert_pem;  // with key_pem, or both empty
  std::string key_pem;
};

// Runs the program when credentials are needed and those at hand have expired
// or were refused. It runs in our process group, since it may talk to the
// terminal, with our environment, KUBERNETES_EXEC_INFO and our stderr.
// Differs: after a 401 the program is run by the next request, not at once; it
// is killed after kExecTimeout.
//
// Threads:  on one executor.
// Lifetime: shared by whoever makes requests; outlives its calls. It kills the
//           program, if that still runs, and must die before the loop.
// Cancel:   GetCreds() honours it; the program runs on, for whoever asks next.
class ExecAuthenticator {
 public:
  // What a process has once; replaced by tests.
  struct Environment {
    int stdin_fd = 0;
    int stderr_fd = 2;
    std::function<bool()> stdin_is_terminal;  // null: isatty
    std::function<absl::Time()> now;          // null: the system's clock
    absl::Duration timeout = kExecTimeout;
  };

  // `cluster_json` is what the program is told of the cluster, if
  // config.provide_cluster_info; a JSON object.
  // Errors: kInvalidArgument "exec plugin: invalid apiVersion "x"".
  static absl::StatusOr<std::shared_ptr<ExecAuthenticator>> New(
      ExecConfig config, std::string cluster_json, Environment environment);
  static absl::StatusOr<std::shared_ptr<ExecAuthenticator>> New(
      ExecConfig config, std::string cluster_json) {
    return New(std::move(config), std::move(cluster_json), Environment());
  }

  ~ExecAuthenticator();

  // The credentials at hand, or new ones. Those who ask while the program runs
  // wait for it, and share its failure.
  // Errors: kUnauthenticated in upstream's words, behind "getting credentials:
  // ": "exec: executable x failed with exit code 1", "exec plugin didn't return
  // a token or cert/key pair"; kCancelled.
  Task<absl::StatusOr<std::shared_ptr<const ExecCredentials>>> GetCreds();

  // Mirrors: maybeRefreshCreds. The server refused `refused`: if they are those
  // at hand, they are not used again.
  void Refuse(const std::shared_ptr<const ExecCredentials>& refused);

 private:
  using CredentialsOr = absl::StatusOr<std::shared_ptr<const ExecCredentials>>;

  ExecAuthenticator(ExecConfig config, std::string cluster_json,
                    Environment environment);

  Task<CredentialsOr> Refresh();
  absl::Status Start(Executor executor);
  absl::StatusOr<bool> IsInteractive() const;
  std::vector<std::string> Env(bool interactive) const;
  absl::Status ExplainStartError(const absl::Status& error);
  absl::StatusOr<ExecCredentials> Decode(const std::string& output);

  const ExecConfig config_;
  const std::string cluster_json_;
  const Environment environment_;

  std::shared_ptr<const ExecCredentials> cached_;
  absl::Time expiry_ = absl::InfiniteFuture();
  std::unique_ptr<CapturedProgram> program_;  // null: none runs
  absl::Time give_up_;                        // on `program_`
  bool running_ = false;                      // whether somebody waits for it
  std::unique_ptr<Condition> ended_;          // made by the first who asks
  size_t runs_ = 0;                           // that ended by themselves
  absl::Status last_error_;
  int hints_left_ = 10;
};

// Adds the token of `authenticator` to requests that name no credentials of
// their own, and tells it of a 401. When another client certificate is given
// out, `rt` closes its idle connections.
// Errors: of GetCreds().
std::unique_ptr<net::http::RoundTripper> NewExecRoundTripper(
    std::shared_ptr<ExecAuthenticator> authenticator,
    std::unique_ptr<net::http::RoundTripper> rt);

}  // namespace fairway::rest

#endif  // CLIENT_REST_EXEC_AUTHENTICATOR_H_
