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
#include <memory>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "net/io/byte_stream.h"

namespace fairway::net {

struct StreamPair {
  std::unique_ptr<ByteStream> a;
  std::unique_ptr<ByteStream> b;
};

// Whether the peer of an aborted stream gets to know that it was no FIN.
enum class ResetKind { kSeen, kLooksLikeFin };

struct Transport {
  std::string name;
  std::function<Task<absl::StatusOr<StreamPair>>()> make;
  ResetKind reset = ResetKind::kSeen;
};

inline void PrintTo(const Transport& transport, std::ostream* out) {
  *out << transport.name;
}

inline std::string TransportName(
    const ::testing::TestParamInfo<Transport>& info) {
  return info.param.name;
}

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
};

// Reads until FIN.
Task<absl::StatusOr<std::string>> ReadAll(ByteStream& stream);

// `count` bytes that look random and are the same for the same `seed`.
std::string SomeBytes(size_t count, unsigned seed);

}  // namespace fairway::net

#endif  // NET_IO_TESTING_BYTE_STREAM_SUITE_H_
