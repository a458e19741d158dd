// SPDX-License-Identifier: Apache-2.0
// What a forwarder tells of what it does.
#ifndef CLIENT_TOOLS_PORTFORWARD_OBSERVER_H_
#define CLIENT_TOOLS_PORTFORWARD_OBSERVER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/tools/portforward/target.h"

namespace fairway::portforward {

// A local end that listens.
struct LocalEnd {
  std::string address;       // "127.0.0.1", "::1"; empty for a Unix socket
  uint16_t port = 0;         // never 0 once it listens
  std::string unix_path;     // of a Unix socket; else empty
  uint16_t remote_port = 0;  // of the pod that is connected first
  std::string pod;           // its name

  // As messages name it: "8080", "unix:/run/db.sock".
  std::string Name() const {
    return unix_path.empty() ? absl::StrCat(port)
                             : absl::StrCat("unix:", unix_path);
  }
};

struct ConnectionInfo {
  uint64_t id = 0;  // counts up within a forwarder
  const LocalEnd* local = nullptr;
};

// How a connection ended.
struct ConnectionSummary {
  std::string pod;              // where it went; empty if nowhere
  uint64_t sent_bytes = 0;      // to the pod
  uint64_t received_bytes = 0;  // from the pod
  absl::Duration duration;
  std::string error;  // as its line for a person says it; empty: in good order
  // Where that was noted, for a log.
  absl::string_view error_file;
  int error_line = 0;
  // It broke with the way to its pod, which Reconnecting() tells of, or with
  // others right before it, whose error says the same.
  bool cut_off = false;
};

// Is called as things happen, between two steps of the data path: no call may
// wait, and none may call the forwarder.
//
// Threads:  on the forwarder's executor.
// Lifetime: outlives the forwarder.
class Observer {
 public:
  virtual ~Observer() = default;

  virtual void Listening(const LocalEnd& local) = 0;
  // One port of several cannot be listened on. `message` is the whole line.
  virtual void ListenFailed(absl::string_view message) = 0;
  // A way to `pod` was made: the first one, or after Reconnecting(), be that of
  // another pod.
  virtual void Connected(const TargetPod& pod) = 0;
  // The way to the pod is lost; `reason` says why in a few words. Called once
  // for each loss, however long it takes to make it again.
  virtual void Reconnecting(const TargetPod& pod, absl::string_view reason) = 0;
  virtual void Accepted(const ConnectionInfo& connection) = 0;
  virtual void Closed(const ConnectionInfo& connection,
                      const ConnectionSummary& summary) = 0;
  // What failed beside a connection's own end, from the line `line` of `file`.
  virtual void Error(absl::string_view file, int line,
                     absl::string_view message) = 0;
};

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_OBSERVER_H_
