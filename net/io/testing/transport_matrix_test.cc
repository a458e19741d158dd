// SPDX-License-Identifier: Apache-2.0
// ByteStreamSuite over every transport of the house.
#include "net/io/testing/byte_stream_suite.h"
#include "net/io/testing/transports.h"

namespace fairway::net {
namespace {

INSTANTIATE_TEST_SUITE_P(Pipe, ByteStreamSuite,
                         BothWays({"Pipe", MakePipePair}), TransportName);
INSTANTIATE_TEST_SUITE_P(Tcp, ByteStreamSuite, BothWays({"Tcp", MakeTcpPair}),
                         TransportName);
INSTANTIATE_TEST_SUITE_P(Unix, ByteStreamSuite,
                         BothWays({"Unix", MakeUnixPair,
                                   ResetKind::kLooksLikeFin}),
                         TransportName);
INSTANTIATE_TEST_SUITE_P(TlsOverPipe, ByteStreamSuite,
                         BothWays({"TlsOverPipe", MakeTlsOverPipePair}),
                         TransportName);
INSTANTIATE_TEST_SUITE_P(TlsOverTcp, ByteStreamSuite,
                         BothWays({"TlsOverTcp", MakeTlsOverTcpPair}),
                         TransportName);
INSTANTIATE_TEST_SUITE_P(BulkTlsOverPipe, ByteStreamSuite,
                         BothWays({"BulkTlsOverPipe", MakeBulkTlsOverPipePair}),
                         TransportName);
INSTANTIATE_TEST_SUITE_P(BulkTlsOverTcp, ByteStreamSuite,
                         BothWays({"BulkTlsOverTcp", MakeBulkTlsOverTcpPair}),
                         TransportName);
INSTANTIATE_TEST_SUITE_P(HalfBulkTlsOverTcp, ByteStreamSuite,
                         BothWays({"HalfBulkTlsOverTcp",
                                   MakeHalfBulkTlsOverTcpPair}),
                         TransportName);

}  // namespace
}  // namespace fairway::net
