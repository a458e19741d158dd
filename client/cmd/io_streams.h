// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/cli-runtime/pkg/genericclioptions/io_options.go (v0.20.2)
#ifndef CLIENT_CMD_IO_STREAMS_H_
#define CLIENT_CMD_IO_STREAMS_H_

#include <istream>
#include <ostream>

namespace fairway::cmd {

// What a command reads from and writes to; they outlive it.
struct IOStreams {
  std::istream* in = nullptr;
  std::ostream* out = nullptr;
  std::ostream* err_out = nullptr;
  // The same two for what is said while bytes flow: they never wait, and drop
  // what finds no room. Null: `out` and `err_out` take it.
  std::ostream* lossy_out = nullptr;
  std::ostream* lossy_err_out = nullptr;
  // The descriptor behind `err_out` if it is a terminal, else -1; and whether
  // `out` is one.
  int err_terminal = -1;
  bool out_is_terminal = false;
};

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_IO_STREAMS_H_
