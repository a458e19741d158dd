// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/portforward.go (v0.20.2): how
// handleConnection gets its streams
#include "client/tools/portforward/pod_streams.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/task/task_group.h"
#include "net/http/headers.h"

namespace fairway::portforward {
namespace {

using httpstream::Stream;
using net::http::Headers;

// What both streams are to be.
struct Wanted {
  httpstream::Connection& session;
  const uint16_t remote_port;
  const uint64_t request_id;
  const std::string ports;
};

// Makes `stream`, or says what could not be made.
Task<absl::Status> CreateStream(const Wanted& wanted, absl::string_view type,
                                absl::string_view name,
                                std::unique_ptr<Stream>* stream) {
  Headers headers;
  headers.Set(httpstream::kStreamType, type);
  headers.Set(httpstream::kPortHeader, absl::StrCat(wanted.remote_port));
  headers.Set(httpstream::kPortForwardRequestIDHeader,
              absl::StrCat(wanted.request_id));
  absl::StatusOr<std::unique_ptr<Stream>> made =
      co_await wanted.session.CreateStream(std::move(headers));
  if (!made.ok()) {
    co_return absl::Status(
        made.status().code(),
        absl::StrCat("error creating ", name, " stream for port ", wanted.ports,
                     ": ", made.status().message()));
  }
  *stream = *std::move(made);
  if (type == httpstream::kStreamTypeError) {
    // We write nothing there. The server may have said what it has to say by
    // now, and have reset it: that is the reader's to find.
    absl::Status closed = co_await (*stream)->CloseWrite();
    closed.IgnoreError();
  }
  co_return absl::OkStatus();
}

}  // namespace

Task<absl::StatusOr<StreamPair>> CreateStreams(httpstream::Connection& session,
                                               uint16_t remote_port,
                                               uint64_t request_id,
                                               std::string ports) {
  Executor executor = co_await kThisExecutor;
  const Wanted wanted = {session, remote_port, request_id, std::move(ports)};
  StreamPair pair;
  TaskGroup tasks(executor);
  tasks.SpawnOrCancelAll([&wanted, &pair]() {
    return CreateStream(wanted, httpstream::kStreamTypeError, "error",
                        &pair.error);
  });
  tasks.SpawnOrCancelAll([&wanted, &pair]() {
    return CreateStream(wanted, httpstream::kStreamTypeData, "forwarding",
                        &pair.data);
  });
  absl::Status joined = co_await tasks.Join();
  if (joined.ok()) co_return pair;
  if (pair.error != nullptr) pair.error->Reset();
  if (pair.data != nullptr) pair.data->Reset();
  co_return joined;
}

}  // namespace fairway::portforward
