// SPDX-License-Identifier: Apache-2.0
#include "net/http1/message_head.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status/http_status.h"
#include "net/http1/message_parser.h"

namespace fairway::net::http1 {
namespace {

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

absl::StatusOr<std::optional<ResponseHead>> ResponseHeadParser::Feed(
    absl::string_view bytes) {
  bytes_.append(bytes.data(), bytes.size());
  while (true) {
    absl::StatusOr<size_t> end = FindHeadEnd(bytes_, max_bytes_, searched_);
    if (!end.ok()) return absl::InvalidArgumentError(end.status().message());
    if (*end == 0) return std::nullopt;
    MessageParser parser(MessageParser::Kind::kResponse);
    absl::Status parsed =
        parser.ParseHead(absl::string_view(bytes_).substr(0, *end));
    if (!parsed.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("malformed HTTP response: ", parsed.message()));
    }
    if (!IsInterim(parser.status())) {
      ResponseHead head;
      head.status = parser.status();
      head.reason = parser.reason();
      head.headers = std::move(parser.headers());
      head.raw = bytes_.substr(0, *end);
      head.rest = bytes_.substr(*end);
      return head;
    }
    if (++interim_ > kMaxInterimResponses) {
      return absl::InvalidArgumentError("too many 1xx responses");
    }
    bytes_.erase(0, *end);
    searched_ = 0;
  }
}

}  // namespace fairway::net::http1
