// SPDX-License-Identifier: Apache-2.0
#include "net/grpc/wire.h"

#include <algorithm>
#include <cstdint>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fairway::net::grpc {
namespace {

constexpr size_t kPrefixBytes = 5;
constexpr size_t kReadBytes = 16 * 1024;
constexpr int64_t kMaxTimeoutValue = 99999999;

struct Unit {
  char letter;
  absl::Duration duration;
};

const Unit kUnits[] = {
    {'n', absl::Nanoseconds(1)},  {'u', absl::Microseconds(1)},
    {'m', absl::Milliseconds(1)}, {'S', absl::Seconds(1)},
    {'M', absl::Minutes(1)},      {'H', absl::Hours(1)}};

// The length that a whole prefix announces. Errors: as ReadMessage.
absl::StatusOr<size_t> ParsePrefix(absl::string_view prefix, size_t max_bytes) {
  size_t size = 0;
  for (char c : prefix.substr(1)) {
    size = size << 8 | static_cast<unsigned char>(c);
  }
  if (size > max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("grpc: received message larger than max (", size, " vs. ",
                     max_bytes, ")"));
  }
  if (prefix[0] != 0) {
    return absl::UnimplementedError(
        "grpc: compressed messages are not supported");
  }
  return size;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = absl::ascii_tolower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

std::string MessagePrefix(size_t size) {
  std::string prefix(kPrefixBytes, '\0');
  for (size_t i = kPrefixBytes - 1; i > 0; --i, size >>= 8) {
    prefix[i] = static_cast<char>(size & 0xff);
  }
  return prefix;
}

Task<absl::Status> WriteMessage(http2::Stream& stream,
                                absl::string_view message) {
  const std::string prefix = MessagePrefix(message.size());
  absl::Status written = co_await stream.Write(prefix);
  if (!written.ok()) co_return written;
  written = co_await stream.Write(message);
  co_return written;
}

Task<absl::StatusOr<std::optional<std::string>>> ReadMessage(
    http2::Stream& stream, size_t max_bytes) {
  std::unique_ptr<char[]> buf(new char[kReadBytes]);
  std::string prefix;
  std::optional<std::string> message;
  size_t want = 0;
  while (true) {
    absl::StatusOr<size_t> n =
        co_await stream.Read(absl::MakeSpan(buf.get(), kReadBytes));
    if (!n.ok()) co_return n.status();
    if (*n == 0) break;
    absl::string_view bytes(buf.get(), *n);
    if (!message.has_value()) {
      const size_t part = std::min(bytes.size(), kPrefixBytes - prefix.size());
      prefix.append(bytes.data(), part);
      bytes.remove_prefix(part);
      if (prefix.size() < kPrefixBytes) continue;
      absl::StatusOr<size_t> size = ParsePrefix(prefix, max_bytes);
      if (!size.ok()) co_return size.status();
      want = *size;
      message.emplace();
    }
    // Grown as it comes: a prefix alone costs nothing.
    if (message->size() + bytes.size() > want) {
      co_return absl::InternalError("grpc: more than one message");
    }
    message->append(bytes.data(), bytes.size());
  }
  if (message.has_value() ? message->size() < want : !prefix.empty()) {
    co_return absl::InternalError("unexpected EOF");
  }
  co_return message;
}

std::string FormatTimeout(absl::Duration timeout) {
  if (timeout == absl::InfiniteDuration()) return "";
  if (timeout <= absl::ZeroDuration()) return "0n";
  for (const Unit& unit : kUnits) {
    const int64_t value = absl::Ceil(timeout, unit.duration) / unit.duration;
    if (value <= kMaxTimeoutValue) {
      return absl::StrCat(value, std::string(1, unit.letter));
    }
  }
  return absl::StrCat(kMaxTimeoutValue, "H");
}

absl::StatusOr<absl::Duration> ParseTimeout(absl::string_view text) {
  const absl::Status malformed = absl::InvalidArgumentError(
      absl::StrCat("malformed grpc-timeout: \"", text, "\""));
  if (text.size() < 2 || text.size() > 9) return malformed;
  const absl::string_view digits = text.substr(0, text.size() - 1);
  int64_t value = 0;
  if (!std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(digits, &value)) {
    return malformed;
  }
  for (const Unit& unit : kUnits) {
    if (unit.letter == text.back()) return value * unit.duration;
  }
  return malformed;
}

std::string PercentEncode(absl::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (char c : text) {
    if (c >= ' ' && c <= '~' && c != '%') {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 0xf];
  }
  return encoded;
}

std::string PercentDecode(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        decoded += static_cast<char>(high << 4 | low);
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  return decoded;
}

http2::Fields StatusFields(const absl::Status& status) {
  http2::Fields fields = {
      {"grpc-status", absl::StrCat(static_cast<int>(status.code()))}};
  if (!status.message().empty()) {
    fields.emplace_back("grpc-message", PercentEncode(status.message()));
  }
  return fields;
}

bool FindStatus(const http2::Fields& fields, absl::Status& status) {
  const absl::string_view text = http2::FieldValue(fields, "grpc-status");
  if (text.empty()) return false;
  int code = 0;
  if (!absl::SimpleAtoi(text, &code) || code < 0 ||
      code > static_cast<int>(absl::StatusCode::kUnauthenticated)) {
    code = static_cast<int>(absl::StatusCode::kUnknown);
  }
  status =
      absl::Status(static_cast<absl::StatusCode>(code),
                   PercentDecode(http2::FieldValue(fields, "grpc-message")));
  return true;
}

absl::StatusCode CodeFromHttpStatus(absl::string_view http_status) {
  if (http_status == "400") return absl::StatusCode::kInternal;
  if (http_status == "401") return absl::StatusCode::kUnauthenticated;
  if (http_status == "403") return absl::StatusCode::kPermissionDenied;
  if (http_status == "404") return absl::StatusCode::kUnimplemented;
  if (http_status == "429" || http_status == "502" || http_status == "503" ||
      http_status == "504") {
    return absl::StatusCode::kUnavailable;
  }
  return absl::StatusCode::kUnknown;
}

absl::StatusCode CodeFromReset(uint32_t reset_code) {
  constexpr uint32_t kInadequateSecurity = 0xc;
  switch (reset_code) {
    case http2::kRefusedStream:
      return absl::StatusCode::kUnavailable;
    case http2::kCancel:
      return absl::StatusCode::kCancelled;
    case http2::kEnhanceYourCalm:
      return absl::StatusCode::kResourceExhausted;
    case kInadequateSecurity:
      return absl::StatusCode::kPermissionDenied;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace fairway::net::grpc
