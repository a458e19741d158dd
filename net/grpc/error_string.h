// SPDX-License-Identifier: Apache-2.0
#ifndef NET_GRPC_ERROR_STRING_H_
#define NET_GRPC_ERROR_STRING_H_

#include <string>

#include "absl/status/status.h"

namespace fairway::net::grpc {

// What grpc-go prints for the error of a call, and Kubernetes' components hand
// on to users: "rpc error: code = NotFound desc = pod does not exist".
std::string ErrorString(const absl::Status& status);

}  // namespace fairway::net::grpc

#endif  // NET_GRPC_ERROR_STRING_H_
