// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/hints.h"

#include <netinet/in.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "base/task/asio_status.h"
#include "client/cmd/portforward/port_owner.h"

namespace fairway::cmd {
namespace {

bool Says(absl::string_view line, int error) {
  return absl::StrContains(line, absl::StrCat(": ", GoErrorString(error)));
}

// Of "Unable to listen on port 80: ..."; 0 for a Unix socket's.
uint16_t PortOf(absl::string_view line) {
  constexpr absl::string_view kBefore = "Unable to listen on port ";
  if (!absl::StartsWith(line, kBefore)) return 0;
  const absl::string_view rest = line.substr(kBefore.size());
  uint32_t port = 0;
  return absl::SimpleAtoi(rest.substr(0, rest.find(':')), &port) &&
                 port <= UINT16_MAX
             ? static_cast<uint16_t>(port)
             : 0;
}

std::string PrivilegedHint(uint16_t port) {
  return absl::StrCat(
      "local ports below 1024 are root's: choose one above 1023, as 8080:REMOTE"
      "_PORT, or have root allow it, by \"sysctl "
      "net.ipv4.ip_unprivileged_port_start=",
      port, "\" or \"setcap cap_net_bind_service=+ep\" on kubectl");
}

std::string InUseHint(uint16_t port) {
  const absl::optional<PortOwner> owner = FindPortOwner(port);
  const std::string by =
      owner.has_value()
          ? absl::StrCat(" by ", owner->command, " (pid ", owner->pid, ")")
          : "";
  return absl::StrCat("port ", port, " is in use", by,
                      ": choose another local port, or leave the choice to the "
                      "system by :REMOTE_PORT");
}

std::string DescriptorsHint() {
  rlimit limit = {};
  const bool known =
      getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return absl::StrCat(
      "every connection takes a file descriptor or two",
      known ? absl::StrCat(", and the limit is ", limit.rlim_cur) : "",
      ": raise it by \"ulimit -n NUMBER\" before kubectl is started; new "
      "connections wait until others have ended");
}

}  // namespace

std::string HintFor(absl::string_view line) {
  // The words of the second begin with those of the first.
  if (Says(line, ENFILE)) {
    return "the whole system has no more open files to give: root can raise "
           "\"sysctl fs.file-max\"; new connections wait until others have "
           "ended";
  }
  if (Says(line, EMFILE)) return DescriptorsHint();
  const uint16_t port = PortOf(line);
  if (port == 0) return "";
  if (Says(line, EACCES) && port < IPPORT_RESERVED) return PrivilegedHint(port);
  if (Says(line, EADDRINUSE)) return InUseHint(port);
  return "";
}

HintObserver::HintObserver(std::ostream* err_out,
                           std::function<absl::Time()> now)
    : err_out_(err_out), now_(std::move(now)) {}

void HintObserver::ListenFailed(absl::string_view message) {
  const std::string hint = HintFor(message);
  if (!hint.empty()) *err_out_ << "hint: " << hint << "\n" << std::flush;
}

void HintObserver::Reconnecting(const portforward::TargetPod&,
                                absl::string_view reason) {
  TellOfDescriptors(reason);
}

void HintObserver::Closed(const portforward::ConnectionInfo&,
                          const portforward::ConnectionSummary& summary) {
  TellOfDescriptors(summary.error);
}

void HintObserver::Error(absl::string_view, int, absl::string_view message) {
  TellOfDescriptors(message);
}

void HintObserver::TellOfDescriptors(absl::string_view line) {
  if (line.empty() || !Says(line, EMFILE)) return;  // or ENFILE
  const absl::Time now = now_();
  if (now < next_) return;
  next_ = now + kHintPause;
  *err_out_ << "hint: " << HintFor(line) << "\n" << std::flush;
}

}  // namespace fairway::cmd
