// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/streaming/portforward/port_query.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "net/http/url.h"

namespace fairway::kubelet::cri::streaming::portforward {
namespace {

constexpr absl::string_view kPortKey = "port";

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::CHexEscape(text), "\"");
}

}  // namespace

absl::StatusOr<uint16_t> ParsePort(absl::string_view text) {
  const bool is_number = !text.empty() && std::all_of(text.begin(), text.end(),
                                                      absl::ascii_isdigit);
  if (!is_number) {
    return absl::InvalidArgumentError(absl::StrCat(
        "strconv.ParseUint: parsing ", Quoted(text), ": invalid syntax"));
  }
  uint32_t port = 0;
  for (char digit : text) {
    port = port * 10 + static_cast<uint32_t>(digit - '0');
    if (port > 65535) {
      return absl::InvalidArgumentError(absl::StrCat(
          "strconv.ParseUint: parsing ", Quoted(text), ": value out of range"));
    }
  }
  return static_cast<uint16_t>(port);
}

absl::StatusOr<std::vector<int32_t>> ParsePortQuery(
    absl::string_view raw_query) {
  std::vector<int32_t> ports;
  absl::StatusOr<net::http::Query> query = net::http::ParseQuery(raw_query);
  if (!query.ok()) return query.status();
  for (const auto& [key, value] : *query) {
    if (key != kPortKey) continue;
    if (value.empty()) {
      return absl::InvalidArgumentError(
          "query parameter \"port\" cannot be empty");
    }
    for (absl::string_view text : absl::StrSplit(value, ',')) {
      absl::StatusOr<uint16_t> port = ParsePort(text);
      if (!port.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("unable to parse ", Quoted(value),
                         " as a port: ", port.status().message()));
      }
      if (*port < 1) {
        return absl::InvalidArgumentError(
            absl::StrCat("port ", Quoted(value), " must be > 0"));
      }
      ports.push_back(*port);
    }
  }
  if (ports.empty()) {
    return absl::InvalidArgumentError("query parameter \"port\" is required");
  }
  return ports;
}

}  // namespace fairway::kubelet::cri::streaming::portforward
