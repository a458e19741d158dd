// SPDX-License-Identifier: Apache-2.0
// Mirrors: debuggingRoundTripper of k8s.io/client-go/transport/
// round_trippers.go (v0.20.2)
#include "client/rest/debugging_round_tripper.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/log/klog_line.h"

namespace fairway::rest {
namespace {

using net::http::Headers;
using net::http::Request;
using net::http::Response;
using net::http::RoundTripper;

// Where 1.20.2 says it.
constexpr absl::string_view kJustUrlLine = "round_trippers.go:422";
constexpr absl::string_view kCurlLine = "round_trippers.go:425";
constexpr absl::string_view kRequestHeadersLine = "round_trippers.go:429";
constexpr absl::string_view kRequestHeaderLine = "round_trippers.go:433";
constexpr absl::string_view kUrlTimingLine = "round_trippers.go:445";
constexpr absl::string_view kResponseStatusLine = "round_trippers.go:448";
constexpr absl::string_view kResponseHeadersLine = "round_trippers.go:451";
constexpr absl::string_view kResponseHeaderLine = "round_trippers.go:454";
constexpr absl::string_view kBodyLine = "request.go:1107";

constexpr size_t kHexRow = 16;

void Log(const RequestLog& log, absl::string_view where,
         absl::string_view message) {
  log.write(KlogLine('I', where, message, absl::Now()));
}

void LogHeaders(const RequestLog& log, absl::string_view where,
                const Headers& headers) {
  for (const auto& [name, value] : headers) {
    Log(log, where, absl::StrCat("    ", name, ": ", MaskValue(name, value)));
  }
}

// In double quotes, as Go's %q has it.
std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

// A URL without the password in it.
std::string Shown(net::http::Url url) {
  if (!url.password.empty()) url.password = "xxxxx";
  return url.ToString();
}

std::string ToCurl(const Request& request) {
  std::string headers;
  for (const auto& [name, value] : request.headers) {
    absl::StrAppend(&headers, " -H ",
                    Quoted(absl::StrCat(name, ": ", MaskValue(name, value))));
  }
  return absl::StrCat("curl -k -v -X", request.method, " ", headers, " '",
                      Shown(request.url), "'");
}

class DebuggingRoundTripper final : public RoundTripper {
 public:
  DebuggingRoundTripper(RequestLog log, std::unique_ptr<RoundTripper> rt)
      : log_(std::move(log)), rt_(std::move(rt)) {}

  Task<absl::StatusOr<Response>> RoundTrip(Request request) override {
    const std::string what =
        absl::StrCat(request.method, " ", Shown(request.url));
    LogRequest(request, what);
    const absl::Time start = absl::Now();
    absl::StatusOr<Response> response =
        co_await rt_->RoundTrip(std::move(request));
    LogResponse(response, what, absl::Now() - start);
    co_return response;
  }

  Task<absl::Status> CloseIdleConnections() override {
    return rt_->CloseIdleConnections();
  }

 private:
  bool curl() const { return log_.verbosity >= 9; }

  void LogRequest(const Request& request, const std::string& what) const {
    if (curl()) {
      Log(log_, kCurlLine, ToCurl(request));
    } else if (log_.verbosity >= 7) {
      Log(log_, kJustUrlLine, what);
      Log(log_, kRequestHeadersLine, "Request Headers:");
      LogHeaders(log_, kRequestHeaderLine, request.headers);
    }
  }

  void LogResponse(const absl::StatusOr<Response>& response,
                   const std::string& what, absl::Duration duration) const {
    std::string status;
    if (response.ok()) {
      status = absl::StrCat(response->status);
      if (!response->reason.empty()) {
        absl::StrAppend(&status, " ", response->reason);
      }
    }
    const std::string timed = absl::StrCat(
        status, " in ", absl::ToInt64Milliseconds(duration), " milliseconds");
    if (curl() || log_.verbosity == 6) {
      Log(log_, kUrlTimingLine, absl::StrCat(what, " ", timed));
    } else {
      Log(log_, kResponseStatusLine, absl::StrCat("Response Status: ", timed));
    }
    if (log_.verbosity < 8) return;
    Log(log_, kResponseHeadersLine, "Response Headers:");
    if (response.ok()) {
      LogHeaders(log_, kResponseHeaderLine, response->headers);
    }
  }

  const RequestLog log_;
  const std::unique_ptr<RoundTripper> rt_;
};

// Mirrors: encoding/hex.Dump.
std::string HexDump(absl::string_view bytes) {
  std::string dump;
  for (size_t at = 0; at < bytes.size(); at += kHexRow) {
    const absl::string_view row = bytes.substr(at, kHexRow);
    absl::StrAppendFormat(&dump, "%08x", at);
    std::string text;
    for (size_t i = 0; i < kHexRow; ++i) {
      if (i % 8 == 0) dump += ' ';
      if (i >= row.size()) {
        dump += "   ";
        continue;
      }
      const unsigned char c = row[i];
      absl::StrAppendFormat(&dump, " %02x", c);
      text += absl::ascii_isprint(c) ? static_cast<char>(c) : '.';
    }
    absl::StrAppend(&dump, "  |", text, "|\n");
  }
  return dump;
}

// Mirrors: truncateBody.
std::string Truncated(int verbosity, absl::string_view body) {
  if (verbosity >= 10) return std::string(body);
  const size_t max = verbosity >= 9 ? 10240 : 1024;
  if (body.size() <= max) return std::string(body);
  return absl::StrCat(body.substr(0, max), " [truncated ", body.size() - max,
                      " chars]");
}

}  // namespace

std::string MaskValue(absl::string_view name, absl::string_view value) {
  if (!absl::EqualsIgnoreCase(name, "Authorization") || value.empty()) {
    return std::string(value);
  }
  const absl::string_view type = value.substr(0, value.find(' '));
  for (absl::string_view known : {"bearer", "basic", "negotiate"}) {
    if (!absl::EqualsIgnoreCase(type, known)) continue;
    if (value.size() <= type.size() + 1) return std::string(type);
    return absl::StrCat(type, " <masked>");
  }
  return "<masked>";
}

void LogBody(const RequestLog& log, absl::string_view prefix,
             absl::string_view body) {
  if (log.write == nullptr || log.verbosity < 8) return;
  const bool is_text = std::none_of(body.begin(), body.end(), [](char c) {
    return static_cast<unsigned char>(c) < '\n';
  });
  Log(log, kBodyLine,
      is_text ? absl::StrCat(prefix, ": ", Truncated(log.verbosity, body))
              : absl::StrCat(prefix, ":\n",
                             Truncated(log.verbosity, HexDump(body))));
}

std::unique_ptr<RoundTripper> DebugWrappers(const RequestLog& log,
                                            std::unique_ptr<RoundTripper> rt) {
  if (log.write == nullptr || log.verbosity < 6) return rt;
  return std::make_unique<DebuggingRoundTripper>(log, std::move(rt));
}

}  // namespace fairway::rest
