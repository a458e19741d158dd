// SPDX-License-Identifier: Apache-2.0
// What tests over several transports share.
#ifndef NET_IO_TESTING_TRANSPORT_H_
#define NET_IO_TESTING_TRANSPORT_H_

#include <gtest/gtest.h>

#include <cstddef>
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

// Whether one direction can end while the other lives on. Without it CloseWrite
// asks the peer to end its own direction too.
enum class HalfClose { kYes, kNo };

struct Transport {
  std::string name;
  std::function<Task<absl::StatusOr<StreamPair>>()> make;
  ResetKind reset = ResetKind::kSeen;
  HalfClose half_close = HalfClose::kYes;
};

inline void PrintTo(const Transport& transport, std::ostream* out) {
  *out << transport.name;
}

inline std::string TransportName(
    const ::testing::TestParamInfo<Transport>& info) {
  return info.param.name;
}

// Reads until FIN.
Task<absl::StatusOr<std::string>> ReadAll(ByteStream& stream);

// Reads until what came ends with `end`, or until FIN if that is empty. An
// error ends it too, and stands behind what came: "bytes[ABORTED]".
Task<std::string> ReadUntil(ByteStream& stream, std::string end);

// `count` bytes that look random and are the same for the same `seed`.
std::string SomeBytes(size_t count, unsigned seed);

}  // namespace fairway::net

#endif  // NET_IO_TESTING_TRANSPORT_H_
