// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/streaming/portforward/options.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "httpstream/httpstream.h"
#include "net/http/url.h"

namespace fairway::kubelet::cri::streaming::portforward {
namespace {

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

bool IsWebSocketRequest(const net::http::Headers& headers) {
  return httpstream::IsUpgradeRequest(headers) &&
         absl::EqualsIgnoreCase(headers.Get(httpstream::kHeaderUpgrade),
                                "websocket");
}

absl::StatusOr<V4Options> NewV4Options(
    const net::http::ServerRequest& request) {
  V4Options options;
  if (!IsWebSocketRequest(request.headers)) return options;
  absl::StatusOr<net::http::Query> query =
      net::http::ParseQuery(request.url.raw_query);
  if (!query.ok()) return query.status();
  for (const auto& [key, value] : *query) {
    if (key != httpstream::kPortHeader) continue;
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
      options.ports.push_back(*port);
    }
  }
  if (options.ports.empty()) {
    return absl::InvalidArgumentError("query parameter \"port\" is required");
  }
  return options;
}

}  // namespace fairway::kubelet::cri::streaming::portforward
