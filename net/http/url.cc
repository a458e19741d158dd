// SPDX-License-Identifier: Apache-2.0
#include "net/http/url.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace fairway::net::http {
namespace {

constexpr absl::string_view kUnreserved = "-_.~";

absl::Status Malformed(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("parse \"", absl::CHexEscape(text), "\": ", why));
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

absl::Status InvalidEscape(absl::string_view escape) {
  return absl::InvalidArgumentError(
      absl::StrCat("invalid URL escape \"", absl::CHexEscape(escape), "\""));
}

enum class Plus { kIsPlus, kIsSpace };

absl::StatusOr<std::string> Unescape(absl::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::kIsSpace) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const absl::string_view escape = text.substr(i, 3);
      if (escape.size() < 3 || HexDigit(escape[1]) < 0 ||
          HexDigit(escape[2]) < 0) {
        return InvalidEscape(escape);
      }
      out += static_cast<char>(HexDigit(escape[1]) * 16 + HexDigit(escape[2]));
      i += 2;
    }
  }
  return out;
}

// Escapes all but letters, digits, kUnreserved and `also_safe`.
std::string Escape(absl::string_view text, absl::string_view also_safe) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || absl::StrContains(kUnreserved, c) ||
        absl::StrContains(also_safe, c)) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

bool HasControlByte(absl::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
}

// Takes "scheme:" off the front of `rest`, if one is there.
std::string TakeScheme(absl::string_view& rest) {
  for (size_t i = 0; i < rest.size(); ++i) {
    const auto c = static_cast<unsigned char>(rest[i]);
    if (absl::ascii_isalpha(c)) continue;
    if (i > 0 && (absl::ascii_isdigit(c) || c == '+' || c == '-' || c == '.')) {
      continue;
    }
    if (c != ':' || i == 0) return "";
    std::string scheme = absl::AsciiStrToLower(rest.substr(0, i));
    rest.remove_prefix(i + 1);
    return scheme;
  }
  return "";
}

absl::Status ParseUserInfo(absl::string_view text, Url& url) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(':', 1));
  absl::StatusOr<std::string> user = Unescape(parts.first, Plus::kIsPlus);
  absl::StatusOr<std::string> password = Unescape(parts.second, Plus::kIsPlus);
  if (!user.ok()) return user.status();
  if (!password.ok()) return password.status();
  url.user = *std::move(user);
  url.password = *std::move(password);
  return absl::OkStatus();
}

bool IsValidHost(absl::string_view host) {
  return host.find_first_of(" <>\"\\^`{|}/?#@[]") == absl::string_view::npos;
}

// A host escapes no ASCII (RFC 3986, 3.2.2, as Go reads it): what is decoded
// here could otherwise be decoded again by the next reader.
absl::StatusOr<std::string> UnescapeHost(absl::string_view text) {
  for (size_t at = text.find('%'); at != absl::string_view::npos;
       at = text.find('%', at + 1)) {
    const absl::string_view escape = text.substr(at, 3);
    if (escape.size() == 3 && HexDigit(escape[1]) < 8) {
      return InvalidEscape(escape);
    }
  }
  return Unescape(text, Plus::kIsPlus);
}

// "[::1]:80", "host:80", "host".
absl::Status ParseHostPort(absl::string_view text, Url& url) {
  absl::string_view after_host;
  if (absl::ConsumePrefix(&text, "[")) {
    const size_t end = text.find(']');
    if (end == absl::string_view::npos) {
      return absl::InvalidArgumentError("missing ']' in host");
    }
    url.host = std::string(text.substr(0, end));
    if (!absl::StrContains(url.host, ':')) {
      return absl::InvalidArgumentError("invalid host");
    }
    after_host = text.substr(end + 1);
  } else {
    const size_t colon = text.find(':');
    absl::StatusOr<std::string> host = UnescapeHost(text.substr(0, colon));
    if (!host.ok()) return host.status();
    url.host = *std::move(host);
    if (colon != absl::string_view::npos) after_host = text.substr(colon);
  }
  if (!IsValidHost(url.host) || HasControlByte(url.host)) {
    return absl::InvalidArgumentError("invalid character in host name");
  }
  if (after_host.empty()) return absl::OkStatus();
  const std::string port(after_host.substr(1));
  uint32_t number = 0;
  const bool valid =
      after_host[0] == ':' &&
      std::all_of(port.begin(), port.end(),
                  [](unsigned char c) { return absl::ascii_isdigit(c); }) &&
      (port.empty() || (absl::SimpleAtoi(port, &number) && number <= 65535));
  if (!valid) {
    return absl::InvalidArgumentError(absl::StrCat(
        "invalid port \"", absl::CHexEscape(after_host), "\" after host"));
  }
  url.port = port;
  return absl::OkStatus();
}

absl::Status ParseAuthority(absl::string_view text, Url& url) {
  const size_t at = text.rfind('@');
  if (at != absl::string_view::npos) {
    absl::Status status = ParseUserInfo(text.substr(0, at), url);
    if (!status.ok()) return status;
    text.remove_prefix(at + 1);
  }
  return ParseHostPort(text, url);
}

// RFC 3986, 5.2.4, on segments.
std::string RemoveDotSegments(absl::string_view path) {
  std::vector<absl::string_view> out;
  std::vector<absl::string_view> segments = absl::StrSplit(path, '/');
  for (size_t i = 0; i < segments.size(); ++i) {
    const absl::string_view segment = segments[i];
    const bool last = i + 1 == segments.size();
    if (segment == "." || segment == "..") {
      // The first element is the emptiness before the leading slash.
      if (segment == ".." && out.size() > 1) out.pop_back();
      if (last) out.push_back("");
    } else {
      out.push_back(segment);
    }
  }
  std::string result = absl::StrJoin(out, "/");
  if (!absl::StartsWith(result, "/")) result.insert(0, "/");
  return result;
}

}  // namespace

uint16_t Url::EffectivePort() const {
  uint32_t number = 0;
  if (absl::SimpleAtoi(port, &number) && number <= 65535) {
    return static_cast<uint16_t>(number);
  }
  if (scheme == "http" || scheme == "ws") return 80;
  if (scheme == "https" || scheme == "wss") return 443;
  return 0;
}

std::string Url::HostPort() const {
  std::string out =
      absl::StrContains(host, ':') ? absl::StrCat("[", host, "]") : host;
  if (!port.empty()) absl::StrAppend(&out, ":", port);
  return out;
}

std::string Url::RequestTarget() const {
  std::string out = path.empty() ? "/" : path;
  if (!raw_query.empty()) absl::StrAppend(&out, "?", raw_query);
  return out;
}

std::string Url::ToString() const {
  std::string out;
  if (!scheme.empty()) absl::StrAppend(&out, scheme, ":");
  const bool has_authority =
      !host.empty() || !port.empty() || !user.empty() || !password.empty();
  // A path that begins with two slashes would be taken for an authority.
  if (!scheme.empty() || has_authority || absl::StartsWith(path, "//")) {
    out += "//";
  }
  if (!user.empty() || !password.empty()) {
    out += Escape(user, "$&+,;=");
    if (!password.empty()) {
      absl::StrAppend(&out, ":", Escape(password, "$&+,;="));
    }
    out += "@";
  }
  absl::StrAppend(&out, HostPort());
  if (!path.empty() && path[0] != '/' && !host.empty()) out += "/";
  out += path;
  if (!raw_query.empty()) absl::StrAppend(&out, "?", raw_query);
  return out;
}

absl::StatusOr<Url> ParseUrl(absl::string_view text) {
  if (HasControlByte(text)) {
    return Malformed(text, "invalid control character in URL");
  }
  Url url;
  // Nobody is sent the fragment.
  absl::string_view rest = text.substr(0, text.find('#'));
  url.scheme = TakeScheme(rest);
  if (url.scheme.empty() && absl::StartsWith(rest, ":")) {
    return Malformed(text, "missing protocol scheme");
  }
  const size_t question = rest.find('?');
  if (question != absl::string_view::npos) {
    url.raw_query = std::string(rest.substr(question + 1));
    rest = rest.substr(0, question);
  }
  if (absl::ConsumePrefix(&rest, "//")) {
    const size_t slash = rest.find('/');
    absl::Status status = ParseAuthority(rest.substr(0, slash), url);
    if (!status.ok()) return Malformed(text, status.message());
    rest = slash == absl::string_view::npos ? "" : rest.substr(slash);
  } else if (!url.scheme.empty() && !absl::StartsWith(rest, "/")) {
    return Malformed(text, "opaque URLs are not supported");
  } else if (absl::StrContains(rest.substr(0, rest.find('/')), ':')) {
    return Malformed(text, "first path segment in URL cannot contain colon");
  }
  absl::StatusOr<std::string> decoded = PathUnescape(rest);
  if (!decoded.ok()) return Malformed(text, decoded.status().message());
  url.path = std::string(rest);
  return url;
}

Url ResolveReference(const Url& base, const Url& reference) {
  Url out = reference;
  if (!reference.scheme.empty() || !reference.host.empty()) {
    if (out.scheme.empty()) out.scheme = base.scheme;
    if (!out.path.empty()) out.path = RemoveDotSegments(out.path);
    return out;
  }
  out.scheme = base.scheme;
  out.user = base.user;
  out.password = base.password;
  out.host = base.host;
  out.port = base.port;
  if (reference.path.empty()) {
    out.path = base.path;
    if (reference.raw_query.empty()) out.raw_query = base.raw_query;
  } else if (reference.path[0] == '/') {
    out.path = RemoveDotSegments(reference.path);
  } else {
    const absl::string_view folder =
        absl::string_view(base.path).substr(0, base.path.rfind('/') + 1);
    out.path = RemoveDotSegments(
        absl::StrCat(folder.empty() ? "/" : folder, reference.path));
  }
  return out;
}

absl::StatusOr<Query> ParseQuery(absl::string_view raw_query) {
  Query query;
  for (absl::string_view pair : absl::StrSplit(raw_query, '&')) {
    if (pair.empty()) continue;
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    absl::StatusOr<std::string> key = Unescape(parts.first, Plus::kIsSpace);
    absl::StatusOr<std::string> value = Unescape(parts.second, Plus::kIsSpace);
    if (!key.ok()) return key.status();
    if (!value.ok()) return value.status();
    query.emplace_back(*std::move(key), *std::move(value));
  }
  return query;
}

std::string EncodeQuery(const Query& query) {
  Query sorted = query;
  std::stable_sort(
      sorted.begin(), sorted.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  auto escape = [](absl::string_view text) {
    std::string out = Escape(text, " ");
    std::replace(out.begin(), out.end(), ' ', '+');
    return out;
  };
  std::string out;
  for (const auto& [key, value] : sorted) {
    if (!out.empty()) out += "&";
    absl::StrAppend(&out, escape(key), "=", escape(value));
  }
  return out;
}

absl::string_view QueryValue(const Query& query, absl::string_view key) {
  for (const auto& [name, value] : query) {
    if (name == key) return value;
  }
  return "";
}

std::string PathEscape(absl::string_view segment) {
  return Escape(segment, "$&+=:@");
}

absl::StatusOr<std::string> PathUnescape(absl::string_view segment) {
  return Unescape(segment, Plus::kIsPlus);
}

absl::StatusOr<std::vector<std::string>> SplitPath(absl::string_view path) {
  std::vector<std::string> segments;
  while (absl::ConsumePrefix(&path, "/")) {
  }
  while (absl::ConsumeSuffix(&path, "/")) {
  }
  if (path.empty()) return segments;
  for (absl::string_view part : absl::StrSplit(path, '/')) {
    absl::StatusOr<std::string> segment = PathUnescape(part);
    if (!segment.ok()) return segment.status();
    segments.push_back(*std::move(segment));
  }
  return segments;
}

}  // namespace fairway::net::http
