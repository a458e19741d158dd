// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/portforward.go (v0.20.2): how
// handleConnection gets its streams
#include "client/tools/portforward/pod_streams.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "net/http/headers.h"

namespace fairway::portforward {
namespace {

using httpstream::Stream;
using net::http::Headers;

absl::Status Failed(const absl::Status& status, absl::string_view name,
                    absl::string_view ports) {
  return absl::Status(status.code(),
                      absl::StrCat("error creating ", name, " stream for port ",
                                   ports, ": ", status.message()));
}

constexpr absl::string_view kErrorName = "error";
constexpr absl::string_view kDataName = "forwarding";

}  // namespace

absl::StatusOr<StreamPair> StartStreams(httpstream::Connection& session,
                                        uint16_t remote_port,
                                        uint64_t request_id,
                                        absl::string_view ports) {
  Headers headers;
  headers.Set(httpstream::kStreamType, httpstream::kStreamTypeError);
  headers.Set(httpstream::kPortHeader, absl::StrCat(remote_port));
  headers.Set(httpstream::kPortForwardRequestIDHeader,
              absl::StrCat(request_id));
  absl::StatusOr<std::unique_ptr<Stream>> error = session.StartStream(headers);
  if (!error.ok()) return Failed(error.status(), kErrorName, ports);
  headers.Set(httpstream::kStreamType, httpstream::kStreamTypeData);
  absl::StatusOr<std::unique_ptr<Stream>> data =
      session.StartStream(std::move(headers));
  if (!data.ok()) return Failed(data.status(), kDataName, ports);
  StreamPair pair = {*std::move(error), *std::move(data)};
  pair.error->ForgetHeaders();
  pair.data->ForgetHeaders();
  return pair;
}

Task<absl::Status> WaitAccepted(StreamPair& pair, std::string ports) {
  absl::Status replied = co_await pair.error->WaitReplied();
  if (!replied.ok()) co_return Failed(replied, kErrorName, ports);
  replied = co_await pair.data->WaitReplied();
  if (!replied.ok()) co_return Failed(replied, kDataName, ports);
  co_return absl::OkStatus();
}

}  // namespace fairway::portforward
