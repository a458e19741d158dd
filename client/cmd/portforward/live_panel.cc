// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/live_panel.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fairway::cmd {
namespace {

// ECMA-48's control sequences.
constexpr char kEraseBelow[] = "\x1b[J";
constexpr char kBold[] = "\x1b[1m";
constexpr char kPlain[] = "\x1b[0m";

}  // namespace

TerminalSize SizeOfTerminal(int fd) {
  TerminalSize size;
  winsize window = {};
  if (ioctl(fd, TIOCGWINSZ, &window) != 0) return size;
  if (window.ws_col > 0) size.columns = window.ws_col;
  if (window.ws_row > 0) size.rows = window.ws_row;
  return size;
}

void LivePanel::Paint(std::vector<std::string> lines, TerminalSize size) {
  // One row is the cursor's, one stays empty.
  const size_t room = std::max<size_t>(size.rows, 4) - 2;
  if (lines.size() > room) {
    const size_t hidden = lines.size() - room + 1;
    lines.resize(room);
    lines.back() = absl::StrCat("... ", hidden, " more");
  }
  const std::string erasure = Erasure(size);
  lines_ = std::move(lines);
  *terminal_ << erasure << Painting() << std::flush;
}

void LivePanel::WriteAbove(std::ostream* out, const std::string& line,
                           TerminalSize size) {
  if (out == terminal_) {
    *out << Erasure(size) << line << '\n' << Painting() << std::flush;
    return;
  }
  *terminal_ << Erasure(size) << std::flush;
  *out << line << '\n' << std::flush;
  *terminal_ << Painting() << std::flush;
}

std::string LivePanel::Erasure(TerminalSize size) const {
  if (lines_.empty()) return "";
  // A terminal that has become narrower has broken the lines.
  size_t rows = 1;
  for (const std::string& line : lines_) {
    rows +=
        std::max<size_t>(1, (line.size() + size.columns - 1) / size.columns);
  }
  return absl::StrCat("\r\x1b[", rows, "A", kEraseBelow);
}

std::string LivePanel::Painting() const {
  std::string text = lines_.empty() ? "" : "\n";
  for (size_t i = 0; i < lines_.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? kBold : "", lines_[i], i == 0 ? kPlain : "",
                    "\n");
  }
  return text;
}

}  // namespace fairway::cmd
