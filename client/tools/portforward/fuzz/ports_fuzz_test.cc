// SPDX-License-Identifier: Apache-2.0
// kubectl's port and address arguments, a line each.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "bazel/fuzz/fuzz_input.h"
#include "client/tools/portforward/ports.h"

namespace fairway::portforward {
namespace {

using fuzz::Require;

void CheckPorts(const std::vector<std::string>& lines) {
  absl::StatusOr<std::vector<ForwardedPort>> ports = ParsePorts(lines);
  if (!ports.ok()) {
    Require(!ports.status().message().empty(), "a refusal has words");
    return;
  }
  Require(ports->size() == lines.size(), "every argument is a port");
  std::vector<std::string> again;
  for (const ForwardedPort& port : *ports) {
    Require(port.remote > 0, "a pod's port is one");
    again.push_back(absl::StrCat(port.local, ":", port.remote));
  }
  absl::StatusOr<std::vector<ForwardedPort>> same = ParsePorts(again);
  Require(same.ok() && PortsString(*same) == PortsString(*ports),
          "ports stay what they are");
}

void CheckAddresses(const std::vector<std::string>& lines) {
  absl::StatusOr<std::vector<ListenAddress>> addresses = ParseAddresses(lines);
  if (!addresses.ok()) return;
  Require(addresses->size() <= 2 * lines.size(), "localhost is two");
  std::vector<std::string> again;
  for (const ListenAddress& address : *addresses) {
    Require(address.protocol == "tcp4" || address.protocol == "tcp6",
            "an address has a protocol");
    Require(address.address.find_first_not_of("0123456789abcdefABCDEF.:") ==
                std::string::npos,
            "an address is a literal");
    Require(again.empty() || again.back() < address.address,
            "addresses are sorted, each once");
    again.push_back(address.address);
  }
  absl::StatusOr<std::vector<ListenAddress>> same = ParseAddresses(again);
  Require(same.ok() && same->size() == again.size(),
          "addresses stay what they are");
}

}  // namespace
}  // namespace fairway::portforward

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::string> lines =
      absl::StrSplit(fairway::fuzz::View(data, size), '\n');
  fairway::portforward::CheckPorts(lines);
  fairway::portforward::CheckAddresses(lines);
  return 0;
}
