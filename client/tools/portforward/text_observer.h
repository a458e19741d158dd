// SPDX-License-Identifier: Apache-2.0
// What kubectl port-forward writes while it forwards, line by line.
#ifndef CLIENT_TOOLS_PORTFORWARD_TEXT_OBSERVER_H_
#define CLIENT_TOOLS_PORTFORWARD_TEXT_OBSERVER_H_

#include <cstddef>
#include <ostream>

#include "absl/strings/string_view.h"
#include "client/tools/portforward/observer.h"

namespace fairway::portforward {

// Upstream's lines: "Forwarding from 127.0.0.1:8080 -> 80" and "Handling
// connection for 8080" on `out`; what failed, as HandleError() has it, on
// `err_out`. And, on `err_out`, one line when the way to a pod is lost, and one
// when there is a way again.
class TextObserver final : public Observer {
 public:
  // Both outlive it; each line is flushed.
  TextObserver(std::ostream* out, std::ostream* err_out)
      : out_(out), err_out_(err_out) {}

  void Listening(const LocalEnd& local) override;
  void ListenFailed(absl::string_view message) override;
  void Connected(const TargetPod& pod) override;
  void Reconnecting(const TargetPod& pod, absl::string_view reason) override;
  void Accepted(const ConnectionInfo& connection) override;
  void Closed(const ConnectionInfo& connection,
              const ConnectionSummary& summary) override;
  void Error(absl::string_view file, int line,
             absl::string_view message) override;

 private:
  std::ostream* const out_;
  std::ostream* const err_out_;
  size_t lost_ways_ = 0;  // told of, and of no way since
};

// Mirrors: k8s.io/apimachinery/pkg/util/runtime.HandleError. Writes `message`
// as one line of a log: "E1122 21:07:01.123456    4711 FILE:LINE] ...". What
// could move a terminal's cursor is replaced.
void HandleError(std::ostream* err_out, absl::string_view file, int line,
                 absl::string_view message);

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_TEXT_OBSERVER_H_
