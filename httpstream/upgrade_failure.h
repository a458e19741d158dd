// SPDX-License-Identifier: Apache-2.0
// Mirrors: UpgradeFailureError of k8s.io/apimachinery/pkg/util/httpstream/
// httpstream.go (v0.31.0)
// Answers that are no upgrade, and the errors that tell of them.
#ifndef HTTPSTREAM_UPGRADE_FAILURE_H_
#define HTTPSTREAM_UPGRADE_FAILURE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "net/http/message.h"

namespace fairway::httpstream {

// What a server answered in place of an upgrade.
struct Refusal {
  enum class Kind {
    kStatus,      // the body is a metav1.Status; `text` is its message
    kText,        // `text` is the body, without the space around it
    kUnreadable,  // `text` says so
  };
  Kind kind = Kind::kText;
  std::string text;
  // Of the answer's HTTP status; kUnavailable for one below 400.
  absl::StatusCode code = absl::StatusCode::kUnavailable;

  // An error with that code, and this message in place of `text`. Whether the
  // server's own Status stands behind it can be asked of it: see below.
  absl::Status ToStatus(absl::string_view message) const;
};

// Reads the body. One that is longer than 64 KiB, or takes longer than
// `timeout`, is unreadable.
Task<Refusal> ReadRefusal(net::http::Response& response,
                          absl::Duration timeout = absl::Seconds(60));

// Whether `status` comes of a Refusal of kind kStatus: the API server itself
// has spoken, not something on the way to it.
bool IsServerStatus(const absl::Status& status);

// "unable to upgrade streaming request: CAUSE", with the code and payloads of
// `cause`.
absl::Status UpgradeFailureError(const absl::Status& cause);
// Whether `status` is one: another way to stream may be tried.
bool IsUpgradeFailure(const absl::Status& status);

}  // namespace fairway::httpstream

#endif  // HTTPSTREAM_UPGRADE_FAILURE_H_
