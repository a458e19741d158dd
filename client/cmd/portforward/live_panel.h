// SPDX-License-Identifier: Apache-2.0
// Lines at the bottom of a terminal that are painted anew in their place, while
// others are written above them.
#ifndef CLIENT_CMD_PORTFORWARD_LIVE_PANEL_H_
#define CLIENT_CMD_PORTFORWARD_LIVE_PANEL_H_

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace fairway::cmd {

struct TerminalSize {
  size_t columns = 80;
  size_t rows = 24;
};

// The size of the terminal that `fd` is, 80 by 24 if it does not tell.
TerminalSize SizeOfTerminal(int fd);

// The cursor stands under the panel, and is never hidden: whatever ends the
// program leaves a terminal that can be used.
//
// Threads: one.
class LivePanel {
 public:
  // `terminal` outlives it. Each call flushes it once: a stream that drops what
  // finds no room drops all of a step or none.
  explicit LivePanel(std::ostream* terminal) : terminal_(terminal) {}

  // Paints `lines`, the first of them bold, under an empty line, over those of
  // before. Lines that the terminal has no room for are left out, and counted
  // in the last one.
  void Paint(std::vector<std::string> lines, TerminalSize size);

  // Writes `line` above the panel. `out` is a stream to the same terminal.
  void WriteAbove(std::ostream* out, const std::string& line,
                  TerminalSize size);

 private:
  std::string Erasure(TerminalSize size) const;
  std::string Painting() const;

  std::ostream* const terminal_;
  std::vector<std::string> lines_;
};

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_LIVE_PANEL_H_
