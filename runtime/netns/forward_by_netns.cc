// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "net/relay/relay.h"
#include "runtime/netns/counters.h"
#include "runtime/netns/port_forward.h"

namespace fairway::runtime::netns {

Task<absl::Status> ForwardByNetns(PodNetns& netns, std::string name,
                                  uint16_t port, net::ByteStream& stream) {
  static const Labels& labels = *new Labels{{"dial", "netns"}};
  DialsTotal().Increment(labels);
  absl::StatusOr<std::unique_ptr<net::Socket>> socket =
      co_await netns.DialInPod(std::move(name), port);
  if (absl::IsAborted(socket.status())) {
    // It was made, and reset before anything was said.
    stream.Abort();
    co_return socket.status();
  }
  if (!socket.ok()) {
    DialFailuresTotal().Increment(labels);
    co_return socket.status();
  }
  absl::Status relayed = co_await net::Relay(stream, **socket);
  if (relayed.ok()) co_return relayed;
  co_return absl::AbortedError(relayed.message());
}

}  // namespace fairway::runtime::netns
