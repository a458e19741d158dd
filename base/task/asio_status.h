// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_TASK_ASIO_STATUS_H_
#define BASE_TASK_ASIO_STATUS_H_

#include <boost/system/error_code.hpp>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fairway {

// The Status of a failed operation; `what` names the operation and operand
// ("read", "dial 127.0.0.1:80"). Cancellation is kCancelled; a reset is
// kAborted; EOF, a broken pipe, a refused or unreachable peer are kUnavailable;
// a time-out is kDeadlineExceeded; a lack of descriptors or memory is
// kResourceExhausted; an address in use is kAlreadyExists; a lack of permission
// is kPermissionDenied; a missing file is kNotFound; the rest is kInternal.
// An `ec` of success gives OK.
absl::Status FromAsio(const boost::system::error_code& ec,
                      absl::string_view what);

// The same for a plain errno value.
absl::Status FromErrno(int error, absl::string_view what);

// The words of Go's syscall package for an errno ("connection refused"): what
// the users of Kubernetes know from its messages.
std::string GoErrorString(int error);

}  // namespace fairway

#endif  // BASE_TASK_ASIO_STATUS_H_
