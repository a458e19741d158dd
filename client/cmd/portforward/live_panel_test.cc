// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/live_panel.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace fairway::cmd {
namespace {

// The rows of a terminal that knows what the panel needs of one.
class Screen {
 public:
  explicit Screen(size_t columns) : columns_(columns) {}

  void Write(const std::string& text) {
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\x1b') {
        i = Control(text, i + 2);
      } else if (text[i] == '\n') {
        ++row_;
        column_ = 0;
      } else if (text[i] == '\r') {
        column_ = 0;
      } else {
        Put(text[i]);
      }
      if (row_ >= rows_.size()) rows_.resize(row_ + 1);
    }
  }

  const std::vector<std::string>& rows() const { return rows_; }

 private:
  size_t Control(const std::string& text, size_t i) {
    size_t number = 0;
    while (text[i] >= '0' && text[i] <= '9')
      number = number * 10 + text[i++] - '0';
    if (text[i] == 'A') row_ -= number;
    if (text[i] == 'J') {
      rows_.resize(row_ + 1);
      rows_[row_].resize(column_);
    }
    return i;
  }

  void Put(char c) {
    if (column_ == columns_) {
      ++row_;
      column_ = 0;
    }
    if (row_ >= rows_.size()) rows_.resize(row_ + 1);
    rows_[row_].resize(column_);
    rows_[row_] += c;
    ++column_;
  }

  const size_t columns_;
  size_t row_ = 0;
  size_t column_ = 0;
  std::vector<std::string> rows_ = {""};
};

using Rows = std::vector<std::string>;

// What stands on a screen after what was written to `terminal`.
Rows Shown(const std::ostringstream& terminal, size_t columns = 80) {
  Screen screen(columns);
  screen.Write(terminal.str());
  return screen.rows();
}

TEST(LivePanelTest, PaintsOverItself) {
  std::ostringstream terminal;
  LivePanel panel(&terminal);
  panel.Paint({"HEAD", "a", "b", "c"}, {});
  EXPECT_EQ(Shown(terminal), (Rows{"", "HEAD", "a", "b", "c", ""}));
  panel.Paint({"HEAD", "d"}, {});
  EXPECT_EQ(Shown(terminal), (Rows{"", "HEAD", "d", ""}));
}

TEST(LivePanelTest, LinesStayAboveIt) {
  std::ostringstream terminal;
  LivePanel panel(&terminal);
  panel.WriteAbove(&terminal, "Forwarding from 127.0.0.1:1 -> 1", {});
  panel.Paint({"HEAD", "a"}, {});
  panel.WriteAbove(&terminal, "Handling connection for 1", {});
  panel.Paint({"HEAD", "b"}, {});
  EXPECT_EQ(Shown(terminal),
            (Rows{"Forwarding from 127.0.0.1:1 -> 1",
                  "Handling connection for 1", "", "HEAD", "b", ""}));
}

TEST(LivePanelTest, AnotherStreamOfTheTerminalMayWriteAboveIt) {
  std::ostringstream terminal;
  std::ostream out(terminal.rdbuf());
  LivePanel panel(&terminal);
  panel.Paint({"HEAD", "a"}, {});
  panel.WriteAbove(&out, "line", {});
  EXPECT_EQ(Shown(terminal), (Rows{"line", "", "HEAD", "a", ""}));
}

TEST(LivePanelTest, ATerminalThatBecameNarrowerIsErasedAsItIs) {
  std::ostringstream terminal;
  LivePanel panel(&terminal);
  panel.WriteAbove(&terminal, "line", {});
  panel.Paint({"0123456789", "abc"}, {});
  panel.Paint({"HEAD", "a"}, {4, 24});
  EXPECT_EQ(Shown(terminal, 4), (Rows{"line", "", "HEAD", "a", ""}));
}

TEST(LivePanelTest, ALowTerminalShowsWhatItCan) {
  std::ostringstream terminal;
  LivePanel panel(&terminal);
  panel.Paint({"HEAD", "a", "b", "c", "d"}, {80, 5});
  EXPECT_EQ(Shown(terminal), (Rows{"", "HEAD", "a", "... 3 more", ""}));
}

TEST(SizeOfTerminalTest, WhatIsNoTerminalIsTakenForTheUsualOne) {
  const TerminalSize size = SizeOfTerminal(-1);
  EXPECT_EQ(size.columns, 80u);
  EXPECT_EQ(size.rows, 24u);
}

}  // namespace
}  // namespace fairway::cmd
