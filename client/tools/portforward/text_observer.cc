// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/text_observer.h"

#include <unistd.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "net/socket/socket.h"

namespace fairway::portforward {
namespace {

// `text` in one line that moves no cursor.
std::string OneLine(absl::string_view text) {
  std::string line(absl::StripAsciiWhitespace(text));
  for (char& c : line) {
    if (c == '\n' || c == '\t') {
      c = ' ';
    } else if (absl::ascii_iscntrl(c)) {
      c = '?';
    }
  }
  return line;
}

void PrintLine(std::ostream* out, std::string line) {
  line += '\n';
  // At once: whoever reads our output waits for it.
  *out << line << std::flush;
}

}  // namespace

void HandleError(std::ostream* err_out, absl::string_view file, int line,
                 absl::string_view message) {
  PrintLine(err_out,
            absl::StrCat("E",
                         absl::FormatTime("%m%d %H:%M:%E6S", absl::Now(),
                                          absl::LocalTimeZone()),
                         absl::StrFormat(" %7d ", getpid()), file, ":", line,
                         "] ", OneLine(message)));
}

void TextObserver::Listening(const LocalEnd& local) {
  const std::string from =
      local.unix_path.empty()
          ? net::JoinHostPort(local.address, absl::StrCat(local.port))
          : local.Name();
  PrintLine(out_,
            absl::StrCat("Forwarding from ", from, " -> ", local.remote_port));
}

void TextObserver::ListenFailed(absl::string_view message) {
  PrintLine(err_out_, std::string(message));
}

void TextObserver::Connected(const TargetPod& pod) {
  if (lost_ways_ == 0) return;
  --lost_ways_;
  PrintLine(err_out_, absl::StrCat("connected to pod/", OneLine(pod.name)));
}

void TextObserver::Reconnecting(const TargetPod& pod,
                                absl::string_view reason) {
  ++lost_ways_;
  PrintLine(err_out_, absl::StrCat("lost connection to pod/", OneLine(pod.name),
                                   ": ", OneLine(reason), "; reconnecting"));
}

void TextObserver::Accepted(const ConnectionInfo& connection) {
  PrintLine(out_,
            absl::StrCat("Handling connection for ", connection.local->Name()));
}

void TextObserver::Closed(const ConnectionInfo&,
                          const ConnectionSummary& summary) {
  if (summary.error.empty() || summary.cut_off) return;
  HandleError(err_out_, summary.error_file, summary.error_line, summary.error);
}

void TextObserver::Error(absl::string_view file, int line,
                         absl::string_view message) {
  HandleError(err_out_, file, line, message);
}

}  // namespace fairway::portforward
