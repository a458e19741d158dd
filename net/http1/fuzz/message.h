// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets of requests and of responses share.
#ifndef NET_HTTP1_FUZZ_MESSAGE_H_
#define NET_HTTP1_FUZZ_MESSAGE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bazel/fuzz/fuzz_input.h"
#include "net/http/headers.h"
#include "net/http1/message_parser.h"

namespace fairway::net::http1 {

inline std::string DescribeFields(const http::Headers& headers) {
  fuzz::Require(headers.size() <= kMaxHeaderFields, "fields are bounded");
  std::string out;
  for (const auto& [name, value] : headers) {
    fuzz::Require(http::IsValidHeader(name, value),
                  "a field that was taken may be sent on");
    absl::StrAppend(&out, name, ": ", value, "\n");
  }
  return out;
}

// The body, from bytes as they come. Mirrors BodyReader, without waiting.
class BodyText {
 public:
  explicit BodyText(MessageParser& parser) : parser_(parser) {}

  void Feed(absl::string_view bytes) {
    absl::StrAppend(&buffered_, bytes);
    while (status_.ok() && !parser_.done()) {
      char out[29];
      absl::StatusOr<MessageParser::Progress> progress =
          parser_.ParseBody(buffered_, absl::MakeSpan(out));
      status_ = progress.status();
      if (!status_.ok()) return;
      fuzz::Require(progress->consumed <= buffered_.size(), "no more is taken");
      fuzz::Require(progress->produced <= sizeof(out), "no more is given");
      text_.append(out, progress->produced);
      buffered_.erase(0, progress->consumed);
      if (progress->consumed == 0 && progress->produced == 0) return;
    }
  }

  // The body and how it ended, when no bytes follow; then what was not its.
  std::string End() {
    if (status_.ok()) status_ = parser_.Finish();
    return absl::StrCat(text_, "\n", status_.ToString(), "\n",
                        status_.ok() ? buffered_ : "");
  }

 private:
  MessageParser& parser_;
  std::string buffered_;
  std::string text_;
  absl::Status status_;
};

}  // namespace fairway::net::http1

#endif  // NET_HTTP1_FUZZ_MESSAGE_H_
