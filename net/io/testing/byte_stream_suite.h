// SPDX-License-Identifier: Apache-2.0
// What every ByteStream has to do, as one suite of tests. A test instantiates
// it for the streams that it makes:
//
//     INSTANTIATE_TEST_SUITE_P(Tcp, ByteStreamSuite, BothWays({"Tcp", MakeTcp,
//         ResetKind::kSeen}), TransportName);
#ifndef NET_IO_TESTING_BYTE_STREAM_SUITE_H_
#define NET_IO_TESTING_BYTE_STREAM_SUITE_H_

#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "net/io/testing/transport.h"

namespace fairway::net {

// `transport`, and the same with its ends exchanged.
inline auto BothWays(Transport transport) {
  Transport turned = transport;
  turned.name += "Turned";
  turned.make = [make = transport.make]() -> Task<absl::StatusOr<StreamPair>> {
    absl::StatusOr<StreamPair> pair = co_await make();
    if (pair.ok()) std::swap(pair->a, pair->b);
    co_return pair;
  };
  return ::testing::Values(std::move(transport), std::move(turned));
}

class ByteStreamSuite : public ::testing::TestWithParam<Transport> {
 protected:
  // Runs `body` with a fresh pair on a loop, and expects it to end well and in
  // time.
  void RunTest(std::function<Task<absl::Status>(StreamPair&)> body);

  bool reset_is_seen() const { return GetParam().reset == ResetKind::kSeen; }
  bool has_half_close() const {
    return GetParam().half_close == HalfClose::kYes;
  }
};

}  // namespace fairway::net

#endif  // NET_IO_TESTING_BYTE_STREAM_SUITE_H_
