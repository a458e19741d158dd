// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/portforward.go (v0.20.2):
// parsePorts, parseAddresses
#include "client/tools/portforward/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace fairway::portforward {
namespace {

constexpr absl::string_view kUnixPrefix = "unix:";

// Go's strconv.ParseUint(text, 10, 16), with its words.
absl::StatusOr<uint16_t> ParseUint16(const std::string& text) {
  const auto fail = [&text](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("strconv.ParseUint: parsing \"",
                     absl::Utf8SafeCEscape(text), "\": ", why));
  };
  if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_isdigit(c);
      })) {
    return fail("invalid syntax");
  }
  uint32_t value = 0;
  for (char c : text) {
    value = value * 10 + (c - '0');
    if (value > 65535) return fail("value out of range");
  }
  return static_cast<uint16_t>(value);
}

// The protocol of a literal IP; empty if it is none.
std::string ProtocolOf(const std::string& ip) {
  // inet_pton() would stop there.
  if (ip.find('\0') != std::string::npos) return "";
  in_addr v4;
  if (inet_pton(AF_INET, ip.c_str(), &v4) == 1) return "tcp4";
  in6_addr v6;
  if (inet_pton(AF_INET6, ip.c_str(), &v6) != 1) return "";
  return IN6_IS_ADDR_V4MAPPED(&v6) ? "tcp4" : "tcp6";
}

absl::Status InvalidFormat(absl::string_view port) {
  return absl::InvalidArgumentError(
      absl::StrCat("invalid port format '", absl::Utf8SafeCEscape(port), "'"));
}

absl::StatusOr<uint16_t> ParseRemote(const std::string& text) {
  absl::StatusOr<uint16_t> remote = ParseUint16(text);
  if (!remote.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "error parsing remote port '", text, "': ", remote.status().message()));
  }
  if (*remote == 0) {
    return absl::InvalidArgumentError("remote port must be > 0");
  }
  return remote;
}

absl::StatusOr<ForwardedPort> ParseUnixPort(const std::string& port) {
  const PortEnds ends = SplitPort(port);
  const std::string path = ends.local.substr(kUnixPrefix.size());
  if (path.empty() || port.rfind(':') < kUnixPrefix.size()) {
    return InvalidFormat(port);
  }
  if (path.find('\0') != std::string::npos || path.size() > kMaxUnixPathBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "error parsing local socket '", absl::Utf8SafeCEscape(path),
        "': want a path of 1 to ", kMaxUnixPathBytes, " bytes"));
  }
  absl::StatusOr<uint16_t> remote = ParseRemote(ends.remote);
  if (!remote.ok()) return remote.status();
  return ForwardedPort{0, *remote, path};
}

absl::StatusOr<ForwardedPort> ParsePort(const std::string& port) {
  if (IsUnixPort(port)) return ParseUnixPort(port);
  const std::vector<std::string> parts = absl::StrSplit(port, ':');
  if (parts.size() > 2) return InvalidFormat(port);
  const std::string local_text =
      parts.size() == 2 && parts[0].empty() ? "0" : parts[0];
  absl::StatusOr<uint16_t> local = ParseUint16(local_text);
  if (!local.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("error parsing local port '", local_text,
                     "': ", local.status().message()));
  }
  absl::StatusOr<uint16_t> remote = ParseRemote(parts.back());
  if (!remote.ok()) return remote.status();
  return ForwardedPort{*local, *remote, ""};
}

}  // namespace

bool IsUnixPort(absl::string_view port) {
  if (!absl::StartsWith(port, kUnixPrefix)) return false;
  const absl::string_view rest = port.substr(kUnixPrefix.size());
  // A path without a port is a faulty one of these, not a faulty number.
  return absl::StrContains(rest, ':') || absl::StrContains(rest, '/');
}

PortEnds SplitPort(absl::string_view port) {
  if (IsUnixPort(port)) {
    const size_t colon = port.rfind(':');
    // "unix:/path": there is nothing behind it.
    if (colon < kUnixPrefix.size()) return {std::string(port), ""};
    return {std::string(port.substr(0, colon)),
            std::string(port.substr(colon + 1))};
  }
  const std::vector<std::string> parts = absl::StrSplit(port, ':');
  return {parts[0], parts.size() == 2 ? parts[1] : parts[0]};
}

absl::StatusOr<std::vector<ForwardedPort>> ParsePorts(
    absl::Span<const std::string> ports) {
  std::vector<ForwardedPort> forwards;
  for (const std::string& port : ports) {
    absl::StatusOr<ForwardedPort> parsed = ParsePort(port);
    if (!parsed.ok()) return parsed.status();
    forwards.push_back(*std::move(parsed));
  }
  return forwards;
}

absl::StatusOr<std::vector<ListenAddress>> ParseAddresses(
    absl::Span<const std::string> addresses) {
  std::map<std::string, ListenAddress> parsed;
  for (const std::string& address : addresses) {
    if (address == "localhost") {
      // An address that was asked for by itself keeps its own mode.
      parsed.emplace("127.0.0.1",
                     ListenAddress{"127.0.0.1", "tcp4", FailureMode::kAll});
      parsed.emplace("::1", ListenAddress{"::1", "tcp6", FailureMode::kAll});
      continue;
    }
    const std::string protocol = ProtocolOf(address);
    if (protocol.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(address, " is not a valid IP"));
    }
    parsed[address] = {address, protocol, FailureMode::kAny};
  }
  std::vector<ListenAddress> sorted;
  for (auto& [address, entry] : parsed) sorted.push_back(std::move(entry));
  return sorted;
}

std::string PortsString(absl::Span<const ForwardedPort> ports) {
  return absl::StrCat(
      "[",
      absl::StrJoin(ports, " ",
                    [](std::string* out, const ForwardedPort& port) {
                      const std::string local =
                          port.unix_path.empty()
                              ? absl::StrCat(port.local)
                              : absl::StrCat(kUnixPrefix, port.unix_path);
                      absl::StrAppend(out, "{", local, " ", port.remote, "}");
                    }),
      "]");
}

}  // namespace fairway::portforward
