// SPDX-License-Identifier: Apache-2.0
#include "net/grpc/error_string.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fairway::net::grpc {
namespace {

// Go's names, in the order of the codes.
constexpr const char* kNames[] = {
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
};

}  // namespace

std::string ErrorString(const absl::Status& status) {
  // code() has no other values: it folds unknown ones into kUnknown.
  return absl::StrCat(
      "rpc error: code = ", kNames[static_cast<int>(status.code())],
      " desc = ", status.message());
}

}  // namespace fairway::net::grpc
