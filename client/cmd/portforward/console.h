// SPDX-License-Identifier: Apache-2.0
#ifndef CLIENT_CMD_PORTFORWARD_CONSOLE_H_
#define CLIENT_CMD_PORTFORWARD_CONSOLE_H_

#include <ostream>
#include <string>
#include <vector>

#include "client/cmd/io_streams.h"
#include "client/cmd/portforward/live_panel.h"

namespace fairway::cmd {

// Where the lines of all forwards go, above the panel if there is one. Whoever
// does not read them stops nobody: lines that find no room are dropped.
//
// Threads: one.
class Console {
 public:
  enum class Panel { kNone, kOnTerminal };

  // With kOnTerminal there is a panel if standard error is a terminal.
  Console(const IOStreams& streams, Panel panel);

  // Writes one line, given without its newline.
  void Out(const std::string& line);
  void Err(const std::string& line);

  bool has_panel() const { return has_panel_; }
  TerminalSize size() const { return SizeOfTerminal(err_terminal_); }
  // Only where there is a panel.
  void Paint(std::vector<std::string> lines);

 private:
  std::ostream* const out_;
  std::ostream* const err_out_;
  const int err_terminal_;
  const bool has_panel_;
  const bool out_is_terminal_;
  LivePanel panel_;
};

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_CONSOLE_H_
