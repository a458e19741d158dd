// SPDX-License-Identifier: Apache-2.0
#include "httpstream/wsstream/tunnel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "net/io/testing/byte_stream_suite.h"
#include "net/io/testing/transports.h"

namespace fairway::httpstream::wsstream {
namespace {

using net::StreamPair;
using net::websocket::Role;

// `a` is the client's end.
Task<absl::StatusOr<StreamPair>> AddTunnel(StreamPair transport) {
  Executor executor = co_await kThisExecutor;
  StreamPair pair;
  pair.a =
      NewTunnel(executor, std::move(transport.a), TunnelOptions(Role::kClient));
  pair.b =
      NewTunnel(executor, std::move(transport.b), TunnelOptions(Role::kServer));
  co_return pair;
}

Task<absl::StatusOr<StreamPair>> MakeTunnelOverPipe() {
  absl::StatusOr<StreamPair> transport = co_await net::MakePipePair();
  if (!transport.ok()) co_return transport;
  absl::StatusOr<StreamPair> pair = co_await AddTunnel(*std::move(transport));
  co_return pair;
}

Task<absl::StatusOr<StreamPair>> MakeTunnelOverTls() {
  absl::StatusOr<StreamPair> transport = co_await net::MakeTlsOverTcpPair();
  if (!transport.ok()) co_return transport;
  absl::StatusOr<StreamPair> pair = co_await AddTunnel(*std::move(transport));
  co_return pair;
}

}  // namespace
}  // namespace fairway::httpstream::wsstream

namespace fairway::net {
namespace {

using httpstream::wsstream::MakeTunnelOverPipe;
using httpstream::wsstream::MakeTunnelOverTls;

INSTANTIATE_TEST_SUITE_P(TunnelOverPipe, ByteStreamSuite,
                         BothWays({"TunnelOverPipe", MakeTunnelOverPipe,
                                   ResetKind::kSeen, HalfClose::kNo}),
                         TransportName);
INSTANTIATE_TEST_SUITE_P(TunnelOverTls, ByteStreamSuite,
                         BothWays({"TunnelOverTls", MakeTunnelOverTls,
                                   ResetKind::kSeen, HalfClose::kNo}),
                         TransportName);

}  // namespace
}  // namespace fairway::net
