// SPDX-License-Identifier: Apache-2.0
// What one command line of port-forward asks for: one forward or several.
#ifndef CLIENT_CMD_PORTFORWARD_FORWARD_SPEC_H_
#define CLIENT_CMD_PORTFORWARD_FORWARD_SPEC_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fairway::cmd {

// One forward, as typed. What is empty is as the command line's flags say.
struct ForwardSpec {
  std::string name;    // what its lines and events bear; unique in the end
  std::string target;  // "svc/web", or a pod's bare name
  std::string namespace_;
  std::string context;
  std::vector<std::string> ports;  // one at least
  std::vector<std::string> addresses;
  std::string pods;  // "one", "each", "round-robin"
};

// "TYPE/NAME PORT... [-- TYPE/NAME PORT...]...". A first "--" with no whole
// forward before it parts nothing, as in "port-forward -- pod/x 80". None for
// no arguments.
// Errors: a usage error ("TYPE/NAME and list of ports are required for
// port-forward"; of several, the one at fault is named).
absl::StatusOr<std::vector<ForwardSpec>> ForwardsOfArgs(
    const std::vector<std::string>& args);

// Names each forward that has no name after its target; the second of one
// target is "svc/web#2". Errors: kInvalidArgument for a name that was given
// twice.
absl::Status NameForwards(std::vector<ForwardSpec>* forwards);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_FORWARD_SPEC_H_
