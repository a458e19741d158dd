// SPDX-License-Identifier: Apache-2.0
#include "net/http1/upgrade.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/status/http_status.h"
#include "net/http1/message_parser.h"

namespace fairway::net::http1 {
namespace {

constexpr size_t kReadBytes = 4096;
constexpr int kMaxInterimResponses = 5;  // as Go's transport

void AppendFields(const http::Headers& headers, std::string& out) {
  for (const auto& [name, value] : headers) {
    if (!http::IsValidHeader(name, value)) continue;
    absl::StrAppend(&out, name, ": ", value, "\r\n");
  }
  out += "\r\n";
}

bool IsInterim(int status) { return status < 200 && status != 101; }

}  // namespace

std::string SerializeRequestHead(absl::string_view method,
                                 absl::string_view target,
                                 const http::Headers& headers) {
  std::string out = absl::StrCat(method, " ", target, " HTTP/1.1\r\n");
  AppendFields(headers, out);
  return out;
}

std::string SerializeResponseHead(int status, const http::Headers& headers) {
  absl::string_view reason = HttpReasonPhrase(status);
  std::string out = absl::StrCat("HTTP/1.1 ", status, " ");
  if (reason.empty()) {
    absl::StrAppend(&out, "status code ", status, "\r\n");
  } else {
    absl::StrAppend(&out, reason, "\r\n");
  }
  AppendFields(headers, out);
  return out;
}

Task<absl::StatusOr<ResponseHead>> ReadResponseHead(ByteStream& stream,
                                                    size_t max_bytes) {
  std::string bytes;
  size_t searched = 0;
  int interim = 0;
  while (true) {
    absl::StatusOr<size_t> end = FindHeadEnd(bytes, max_bytes, searched);
    if (!end.ok()) {
      co_return absl::InvalidArgumentError(end.status().message());
    }
    if (*end == 0) {
      const size_t size = bytes.size();
      bytes.resize(size + kReadBytes);
      absl::StatusOr<size_t> n =
          co_await stream.Read(absl::MakeSpan(&bytes[size], kReadBytes));
      if (!n.ok()) co_return n.status();
      bytes.resize(size + *n);
      if (*n == 0) {
        co_return absl::UnavailableError("unexpected EOF");
      }
      continue;
    }
    MessageParser parser(MessageParser::Kind::kResponse);
    absl::Status parsed =
        parser.ParseHead(absl::string_view(bytes).substr(0, *end));
    if (!parsed.ok()) {
      co_return absl::InvalidArgumentError(
          absl::StrCat("malformed HTTP response: ", parsed.message()));
    }
    if (IsInterim(parser.status())) {
      if (++interim > kMaxInterimResponses) {
        co_return absl::InvalidArgumentError("too many 1xx responses");
      }
      bytes.erase(0, *end);
      searched = 0;
      continue;
    }
    ResponseHead head;
    head.status = parser.status();
    head.reason = parser.reason();
    head.headers = std::move(parser.headers());
    head.raw = bytes.substr(0, *end);
    head.rest = bytes.substr(*end);
    co_return head;
  }
}

}  // namespace fairway::net::http1
