// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/portforward/portforward.go (v0.20.2; an empty
// remote port as in 0.30)
#include "client/polymorphichelpers/port_translation.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "client/polymorphichelpers/service_port.h"
#include "client/tools/portforward/ports.h"

namespace fairway::polymorphichelpers {
namespace {

using portforward::PortEnds;

// What Go's strconv.Atoi makes of it; nothing where it fails.
absl::optional<int64_t> GoInteger(absl::string_view text) {
  const absl::string_view digits =
      text.substr(!text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0);
  const bool all_digits =
      !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) {
        return absl::ascii_isdigit(c);
      });
  int64_t number = 0;
  if (!all_digits || !absl::SimpleAtoi(text, &number)) return absl::nullopt;
  return number;
}

// The ports of one object that are declared for UDP only.
class UdpOnlyPorts {
 public:
  void Add(int32_t port, absl::string_view protocol) {
    if (protocol == "UDP") udp_.insert(port);
    if (protocol == "TCP" || protocol.empty()) tcp_.insert(port);
  }
  bool Has(int64_t port) const {
    return udp_.count(port) > 0 && tcp_.count(port) == 0;
  }

 private:
  std::set<int64_t> udp_;
  std::set<int64_t> tcp_;
};

absl::Status CheckUDPPorts(
    const UdpOnlyPorts& udp_only, const std::vector<std::string>& ports,
    const std::function<absl::StatusOr<int32_t>(const std::string&)>& lookup) {
  for (const std::string& port : ports) {
    const std::string remote = portforward::SplitPort(port).remote;
    absl::optional<int64_t> number = GoInteger(remote);
    if (!number.has_value()) {
      absl::StatusOr<int32_t> named = lookup(remote);
      if (!named.ok()) return named.status();
      number = *named;
    }
    if (udp_only.Has(*number)) {
      return absl::UnimplementedError(
          absl::StrCat("UDP protocol is not supported for ", remote));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> TranslateServicePortToTargetPort(
    const std::vector<std::string>& ports, const api::Service& service,
    const api::Pod& pod) {
  std::vector<std::string> translated;
  for (const std::string& port : ports) {
    PortEnds ends = portforward::SplitPort(port);
    absl::optional<int64_t> number = GoInteger(ends.remote);
    if (!number.has_value()) {
      absl::StatusOr<int32_t> named =
          LookupServicePortNumberByName(service, ends.remote);
      if (!named.ok()) return named.status();
      number = *named;
      if (ends.local == ends.remote) ends.local = absl::StrCat(*number);
    }
    absl::StatusOr<int32_t> target =
        LookupContainerPortNumberByServicePort(service, pod, *number);
    if (!target.ok()) return target.status();
    const std::string remote = absl::StrCat(*target);
    translated.push_back(
        ends.local == remote ? remote : absl::StrCat(ends.local, ":", remote));
  }
  return translated;
}

absl::StatusOr<std::vector<std::string>> ConvertPodNamedPortToNumber(
    const std::vector<std::string>& ports, const api::Pod& pod) {
  std::vector<std::string> converted;
  for (const std::string& port : ports) {
    const PortEnds ends = portforward::SplitPort(port);
    if (ends.remote.empty()) {
      return absl::InvalidArgumentError("remote port cannot be empty");
    }
    std::string number = ends.remote;
    if (!GoInteger(ends.remote).has_value()) {
      absl::StatusOr<int32_t> named =
          LookupContainerPortNumberByName(pod, ends.remote);
      if (!named.ok()) return named.status();
      number = absl::StrCat(*named);
    }
    converted.push_back(ends.local == ends.remote
                            ? number
                            : absl::StrCat(ends.local, ":", number));
  }
  return converted;
}

absl::Status CheckUDPPortInService(const std::vector<std::string>& ports,
                                   const api::Service& service) {
  UdpOnlyPorts udp_only;
  for (const api::ServicePort& port : service.ports) {
    udp_only.Add(port.port, port.protocol);
  }
  return CheckUDPPorts(udp_only, ports, [&service](const std::string& name) {
    return LookupServicePortNumberByName(service, name);
  });
}

absl::Status CheckUDPPortInPod(const std::vector<std::string>& ports,
                               const api::Pod& pod) {
  UdpOnlyPorts udp_only;
  for (const api::Container& container : pod.containers) {
    for (const api::ContainerPort& port : container.ports) {
      udp_only.Add(port.container_port, port.protocol);
    }
  }
  return CheckUDPPorts(udp_only, ports, [&pod](const std::string& name) {
    return LookupContainerPortNumberByName(pod, name);
  });
}

}  // namespace fairway::polymorphichelpers
