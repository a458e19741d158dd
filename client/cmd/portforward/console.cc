// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/console.h"

#include <utility>

namespace fairway::cmd {

Console::Console(const IOStreams& streams, Panel panel)
    : out_(streams.lossy_out ? streams.lossy_out : streams.out),
      err_out_(streams.lossy_err_out ? streams.lossy_err_out : streams.err_out),
      err_terminal_(streams.err_terminal),
      has_panel_(panel == Panel::kOnTerminal && err_terminal_ >= 0),
      out_is_terminal_(streams.out_is_terminal),
      panel_(err_out_) {}

void Console::Out(const std::string& line) {
  if (has_panel_ && out_is_terminal_) {
    panel_.WriteAbove(out_, line, size());
  } else {
    *out_ << line << '\n' << std::flush;
  }
}

void Console::Err(const std::string& line) {
  if (has_panel_) {
    panel_.WriteAbove(err_out_, line, size());
  } else {
    *err_out_ << line << '\n' << std::flush;
  }
}

void Console::Paint(std::vector<std::string> lines) {
  panel_.Paint(std::move(lines), size());
}

}  // namespace fairway::cmd
