// SPDX-License-Identifier: Apache-2.0
// The ports of a WebSocket request's query, and of a stream's header.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "bazel/fuzz/fuzz_input.h"
#include "kubelet/cri/streaming/portforward/port_query.h"
#include "net/http/url.h"

namespace fairway::kubelet::cri::streaming::portforward {
namespace {

using fuzz::Require;

void CheckPort(absl::string_view text) {
  absl::StatusOr<uint16_t> port = ParsePort(text);
  uint32_t number = 0;
  const bool digits =
      text.find_first_not_of("0123456789") == absl::string_view::npos;
  const bool is_port =
      digits && absl::SimpleAtoi(text, &number) && number <= 65535;
  Require(port.ok() == is_port, "digits up to 65535, and nothing else");
  if (port.ok()) Require(*port == number, "a number is what it says");
}

void CheckQuery(absl::string_view text) {
  absl::StatusOr<std::vector<int32_t>> ports = ParsePortQuery(text);
  if (!ports.ok()) {
    Require(!ports.status().message().empty(), "a refusal has words");
    return;
  }
  Require(!ports->empty(), "a port is required");
  // Each takes a digit, and a comma or a key.
  Require(ports->size() <= text.size() / 2, "the ports' number is bounded");
  for (int32_t port : *ports) {
    Require(port >= 1 && port <= 65535, "a port is one");
  }
  const std::string again =
      net::http::EncodeQuery({{"port", absl::StrJoin(*ports, ",")}});
  absl::StatusOr<std::vector<int32_t>> same = ParsePortQuery(again);
  Require(same.ok() && *same == *ports, "ports stay what they are");
}

}  // namespace
}  // namespace fairway::kubelet::cri::streaming::portforward

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace portforward = fairway::kubelet::cri::streaming::portforward;
  const absl::string_view text = fairway::fuzz::View(data, size);
  portforward::CheckPort(text);
  portforward::CheckQuery(text);
  portforward::CheckQuery(absl::StrCat("port=", text));
  return 0;
}
