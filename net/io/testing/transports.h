// SPDX-License-Identifier: Apache-2.0
// Connected pairs of every transport of the house, for tests that run over
// each of them.
#ifndef NET_IO_TESTING_TRANSPORTS_H_
#define NET_IO_TESTING_TRANSPORTS_H_

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "net/io/testing/transport.h"

namespace fairway::net {

Task<absl::StatusOr<StreamPair>> MakePipePair();
Task<absl::StatusOr<StreamPair>> MakeTcpPair();
Task<absl::StatusOr<StreamPair>> MakeUnixPair();
// `a` is the client's end.
Task<absl::StatusOr<StreamPair>> MakeTlsOverPipePair();
Task<absl::StatusOr<StreamPair>> MakeTlsOverTcpPair();
// The same, where both ends hand over to the faster cryptography at once, or
// the client's alone.
Task<absl::StatusOr<StreamPair>> MakeBulkTlsOverPipePair();
Task<absl::StatusOr<StreamPair>> MakeBulkTlsOverTcpPair();
Task<absl::StatusOr<StreamPair>> MakeHalfBulkTlsOverTcpPair();

}  // namespace fairway::net

#endif  // NET_IO_TESTING_TRANSPORTS_H_
