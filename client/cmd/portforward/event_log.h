// SPDX-License-Identifier: Apache-2.0
// `kubectl port-forward -o json`: one event a line, as it happens.
//
// Every event has `time` (RFC 3339 in UTC, with milliseconds), `event` and
// `forward` (the forward's name), and:
//
// | event        | means                      | fields beside                 |
// |--------------|----------------------------|-------------------------------|
// | listening    | a local end is open        | LOCAL, pod                    |
// | connected    | there is a way to a pod    | pod, namespace, podUID        |
// | reconnecting | it is lost, and made again | pod, namespace, podUID,       |
// |              |                            | reason                        |
// | accepted     | a connection came          | connection, LOCAL             |
// | closed       | it has ended               | connection, LOCAL, pod,       |
// |              |                            | sentBytes, receivedBytes,     |
// |              |                            | durationSeconds, error if any |
// | error        | what failed beside it      | message; final if the forward |
// |              |                            | has ended by it               |
//
// LOCAL is localAddress and localPort, or unixPath; and remotePort.
// `connection` counts within a forward. `pod` of an event about a connection is
// where it went, and is missing if it went nowhere. Sent is what went to the
// pod. A line is never longer than a pipe takes at once (4096 bytes): texts are
// cut. A reader that does not read misses events; the connections never wait
// for it.
#ifndef CLIENT_CMD_PORTFORWARD_EVENT_LOG_H_
#define CLIENT_CMD_PORTFORWARD_EVENT_LOG_H_

#include <functional>
#include <ostream>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/tools/portforward/observer.h"

namespace fairway::cmd {

// The events of one forward.
class EventLog final : public portforward::Observer {
 public:
  // `out` outlives it; each line is flushed.
  EventLog(std::ostream* out, std::string forward,
           std::function<absl::Time()> now = absl::Now);

  void Listening(const portforward::LocalEnd& local) override;
  void ListenFailed(absl::string_view message) override;
  void Connected(const portforward::TargetPod& pod) override;
  void Reconnecting(const portforward::TargetPod& pod,
                    absl::string_view reason) override;
  void Accepted(const portforward::ConnectionInfo& connection) override;
  void Closed(const portforward::ConnectionInfo& connection,
              const portforward::ConnectionSummary& summary) override;
  void Error(absl::string_view file, int line,
             absl::string_view message) override;

  // The forward has ended by an error.
  void Failed(absl::string_view message);

 private:
  std::ostream* const out_;
  const std::string forward_;
  const std::function<absl::Time()> now_;
};

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_EVENT_LOG_H_
