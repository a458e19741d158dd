// SPDX-License-Identifier: Apache-2.0
// What the text on a connection's error stream says of its pod.
#ifndef CLIENT_TOOLS_PORTFORWARD_ERROR_TEXT_H_
#define CLIENT_TOOLS_PORTFORWARD_ERROR_TEXT_H_

#include "absl/strings/string_view.h"

namespace fairway::portforward {

// Whether the text says that what was to be reached is not there, so that
// nobody was. Others may come of a connection that was made, as socat's do.
bool IsOfAnotherSandbox(absl::string_view text);

// Whether it says that nobody listens at the port, as the runtimes put it:
// nobody was reached.
bool IsRefusal(absl::string_view text);

// Whether it is about this connection alone: it was refused, or broke after it
// was made. All else may mean that the pod is not there any more ("container
// not running", "not found"), which a session does not tell.
bool IsOfTheConnection(absl::string_view text);

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_ERROR_TEXT_H_
