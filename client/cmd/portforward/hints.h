// SPDX-License-Identifier: Apache-2.0
// What to do about an error that a person can do something about.
#ifndef CLIENT_CMD_PORTFORWARD_HINTS_H_
#define CLIENT_CMD_PORTFORWARD_HINTS_H_

#include <functional>
#include <ostream>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/tools/portforward/observer.h"

namespace fairway::cmd {

// The hint for a line that an Observer was told, without a newline; empty if
// there is nothing to say. The line is all that is told, so that the system's
// words in it must do: "permission denied", "address already in use", "too many
// open files" (also "in system").
std::string HintFor(absl::string_view line);

// Writes the hint for what happened behind it, as a line of its own: "hint:
// ...". That for a lack of descriptors, which may be noted for every
// connection, comes at most once in kHintPause.
class HintObserver final : public portforward::Observer {
 public:
  // `err_out` outlives it; each line is flushed.
  explicit HintObserver(std::ostream* err_out,
                        std::function<absl::Time()> now = absl::Now);

  void Listening(const portforward::LocalEnd&) override {}
  void ListenFailed(absl::string_view message) override;
  void Connected(const portforward::TargetPod&) override {}
  void Reconnecting(const portforward::TargetPod& pod,
                    absl::string_view reason) override;
  void Accepted(const portforward::ConnectionInfo&) override {}
  void Closed(const portforward::ConnectionInfo& connection,
              const portforward::ConnectionSummary& summary) override;
  void Error(absl::string_view file, int line,
             absl::string_view message) override;

 private:
  void TellOfDescriptors(absl::string_view line);

  std::ostream* const err_out_;
  const std::function<absl::Time()> now_;
  absl::Time next_ = absl::InfinitePast();
};

inline constexpr absl::Duration kHintPause = absl::Minutes(1);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_HINTS_H_
