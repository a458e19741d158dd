// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/audit and pkg/apis/audit/v1/types.go (v0.20.2)
// What was asked, by whom, and how it ended: level Metadata.
#ifndef APISERVER_AUDIT_AUDIT_H_
#define APISERVER_AUDIT_AUDIT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "apiserver/authentication/authenticator.h"

namespace fairway::apiserver::audit {

inline constexpr absl::string_view kStageResponseStarted = "ResponseStarted";
inline constexpr absl::string_view kStageResponseComplete = "ResponseComplete";

struct Event {
  std::string audit_id;
  std::string request_uri;
  std::string verb;
  authentication::UserInfo user;
  std::string source_ip;
  std::string user_agent;
  // objectRef; without a resource it is left out.
  std::string resource;
  std::string subresource;
  std::string ns;
  std::string name;
  std::string api_group;
  std::string api_version;
  std::vector<int> ports;  // annotation "fairway.dev/ports"
  absl::Time received;
  int response_code = 0;
};

// One line of JSON, without its end.
std::string EventJson(const Event& event, absl::string_view stage,
                      absl::Time now);

// Threads:  any one; the lines are written by a thread of its own.
class Sink {
 public:
  virtual ~Sink() = default;
  // Never waits. While the disk is too slow, lines are dropped and counted.
  virtual void Write(std::string line) = 0;
};

// Appends to the file at `path`; "-" is stdout. Errors: kInvalidArgument,
// naming it.
absl::StatusOr<std::unique_ptr<Sink>> OpenLog(const std::string& path);

}  // namespace fairway::apiserver::audit

#endif  // APISERVER_AUDIT_AUDIT_H_
