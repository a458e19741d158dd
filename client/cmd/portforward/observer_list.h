// SPDX-License-Identifier: Apache-2.0
#ifndef CLIENT_CMD_PORTFORWARD_OBSERVER_LIST_H_
#define CLIENT_CMD_PORTFORWARD_OBSERVER_LIST_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "client/tools/portforward/observer.h"

namespace fairway::cmd {

// Tells each of several observers, in their order; they outlive it.
class ObserverList final : public portforward::Observer {
 public:
  void Add(portforward::Observer* observer) { observers_.push_back(observer); }

  void Listening(const portforward::LocalEnd& local) override {
    for (auto* o : observers_) o->Listening(local);
  }
  void ListenFailed(absl::string_view message) override {
    for (auto* o : observers_) o->ListenFailed(message);
  }
  void Connected(const portforward::TargetPod& pod) override {
    for (auto* o : observers_) o->Connected(pod);
  }
  void Reconnecting(const portforward::TargetPod& pod,
                    absl::string_view reason) override {
    for (auto* o : observers_) o->Reconnecting(pod, reason);
  }
  void Accepted(const portforward::ConnectionInfo& connection) override {
    for (auto* o : observers_) o->Accepted(connection);
  }
  void Closed(const portforward::ConnectionInfo& connection,
              const portforward::ConnectionSummary& summary) override {
    for (auto* o : observers_) o->Closed(connection, summary);
  }
  void Error(absl::string_view file, int line,
             absl::string_view message) override {
    for (auto* o : observers_) o->Error(file, line, message);
  }

 private:
  std::vector<portforward::Observer*> observers_;
};

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_PORTFORWARD_OBSERVER_LIST_H_
