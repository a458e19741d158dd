// SPDX-License-Identifier: Apache-2.0
// Mirrors: golang.org/x/net/http/httpproxy/proxy.go (as in Go 1.15)
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "net/http/transport.h"

namespace fairway::net::http {
namespace {

// An address as IPv6 writes it, IPv4 mapped into it.
using Ip = std::array<uint8_t, 16>;

std::optional<Ip> ParseIp(absl::string_view text) {
  const std::string address(text);
  Ip ip = {};
  if (inet_pton(AF_INET6, address.c_str(), ip.data()) == 1) return ip;
  if (inet_pton(AF_INET, address.c_str(), ip.data() + 12) == 1) {
    ip[10] = ip[11] = 0xff;
    return ip;
  }
  return std::nullopt;
}

bool IsV4(const Ip& ip) {
  return std::all_of(ip.begin(), ip.begin() + 10,
                     [](uint8_t b) { return b == 0; }) &&
         ip[10] == 0xff && ip[11] == 0xff;
}

bool IsLoopback(const Ip& ip) {
  if (IsV4(ip)) return ip[12] == 127;
  Ip loopback = {};
  loopback[15] = 1;
  return ip == loopback;
}

// Whether `entry` is a CIDR that holds `ip`; nothing if it is no CIDR.
std::optional<bool> CidrContains(absl::string_view entry,
                                 const std::optional<Ip>& ip) {
  const size_t slash = entry.find('/');
  if (slash == absl::string_view::npos) return std::nullopt;
  const std::optional<Ip> net = ParseIp(entry.substr(0, slash));
  int bits = 0;
  if (!net.has_value() || !absl::SimpleAtoi(entry.substr(slash + 1), &bits)) {
    return std::nullopt;
  }
  const bool v4 = IsV4(*net) && absl::StrContains(entry, '.');
  if (bits < 0 || bits > (v4 ? 32 : 128)) return std::nullopt;
  if (!ip.has_value() || IsV4(*ip) != IsV4(*net)) return false;
  if (v4) bits += 96;
  for (int bit = 0; bit < bits; ++bit) {
    const uint8_t mask = 0x80 >> (bit % 8);
    if (((*ip)[bit / 8] ^ (*net)[bit / 8]) & mask) return false;
  }
  return true;
}

struct HostAndPort {
  std::string host;
  std::string port;
};

// As lenient as the entries of NO_PROXY are: the port may be missing.
HostAndPort SplitEntry(absl::string_view entry) {
  const size_t colon = entry.rfind(':');
  if (absl::StartsWith(entry, "[")) {
    const size_t end = entry.find(']');
    if (end == absl::string_view::npos) return {std::string(entry), ""};
    absl::string_view port = entry.substr(end + 1);
    absl::ConsumePrefix(&port, ":");
    return {std::string(entry.substr(1, end - 1)), std::string(port)};
  }
  // More than one colon and no brackets is an IPv6 address.
  if (colon == absl::string_view::npos || entry.find(':') != colon) {
    return {std::string(entry), ""};
  }
  return {std::string(entry.substr(0, colon)),
          std::string(entry.substr(colon + 1))};
}

bool DomainMatches(absl::string_view entry, absl::string_view host) {
  if (absl::StartsWith(entry, "*.")) entry.remove_prefix(1);
  const bool exact_too = !absl::StartsWith(entry, ".");
  const std::string suffix =
      exact_too ? absl::StrCat(".", entry) : std::string(entry);
  if (absl::EndsWith(host, suffix)) return true;
  return exact_too && host == entry;
}

bool EntryMatches(absl::string_view entry, absl::string_view host,
                  absl::string_view port, const std::optional<Ip>& ip) {
  const std::optional<bool> in_cidr = CidrContains(entry, ip);
  if (in_cidr.has_value()) return *in_cidr;
  const HostAndPort parts = SplitEntry(entry);
  if (parts.host.empty()) return false;
  if (!parts.port.empty() && parts.port != port) return false;
  const std::optional<Ip> entry_ip = ParseIp(parts.host);
  if (entry_ip.has_value()) return ip.has_value() && *ip == *entry_ip;
  return DomainMatches(parts.host, host);
}

bool UseProxy(const Url& url, absl::string_view no_proxy) {
  const std::string host = absl::AsciiStrToLower(
      absl::StripSuffix(absl::StripAsciiWhitespace(url.host), "."));
  if (host == "localhost") return false;
  const std::optional<Ip> ip = ParseIp(host);
  if (ip.has_value() && IsLoopback(*ip)) return false;
  const std::string port = absl::StrCat(static_cast<int>(url.EffectivePort()));
  for (absl::string_view element : absl::StrSplit(no_proxy, ',')) {
    const std::string entry =
        absl::AsciiStrToLower(absl::StripAsciiWhitespace(element));
    if (entry.empty()) continue;
    if (entry == "*") return false;
    if (EntryMatches(entry, host, port, ip)) return false;
  }
  return true;
}

std::string GetEnv(const char* upper, const char* lower) {
  for (const char* name : {upper, lower}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return "";
}

absl::StatusOr<Url> ParseProxy(absl::string_view text) {
  absl::StatusOr<Url> url = ParseUrl(text);
  if (url.ok() && !url->scheme.empty() && !url->host.empty()) return url;
  // "proxy.example:3128" is common.
  absl::StatusOr<Url> with_scheme = ParseUrl(absl::StrCat("http://", text));
  if (with_scheme.ok() && !with_scheme->host.empty()) return with_scheme;
  return absl::InvalidArgumentError(
      absl::StrCat("invalid proxy address \"", text, "\""));
}

}  // namespace

absl::StatusOr<Url> ProxyFromEnvironment(const Url& url) {
  std::string proxy;
  if (url.scheme == "https" || url.scheme == "wss") {
    proxy = GetEnv("HTTPS_PROXY", "https_proxy");
  } else if (url.scheme == "http" || url.scheme == "ws") {
    proxy = GetEnv("HTTP_PROXY", "http_proxy");
    // A CGI program's HTTP_PROXY is the client's Proxy header.
    if (!proxy.empty() && !GetEnv("REQUEST_METHOD", "REQUEST_METHOD").empty()) {
      return absl::FailedPreconditionError(
          "refusing to use HTTP_PROXY value in CGI environment; see "
          "golang.org/s/cgihttpproxy");
    }
  }
  if (proxy.empty() || !UseProxy(url, GetEnv("NO_PROXY", "no_proxy"))) {
    return Url();
  }
  return ParseProxy(proxy);
}

}  // namespace fairway::net::http
