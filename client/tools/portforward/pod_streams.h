// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/portforward/portforward.go (v0.20.2): how
// handleConnection gets its streams
#ifndef CLIENT_TOOLS_PORTFORWARD_POD_STREAMS_H_
#define CLIENT_TOOLS_PORTFORWARD_POD_STREAMS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"
#include "httpstream/httpstream.h"

namespace fairway::portforward {

// The two streams of one forwarded connection.
struct StreamPair {
  std::unique_ptr<httpstream::Stream> error;  // of which we write nothing
  std::unique_ptr<httpstream::Stream> data;
};

// Asks for both at once, the error stream first, as servers expect it that
// pair streams without a request's number. They can be used at once; see
// Connection::StartStream. `ports` is for the words of an error: "8080 -> 80".
// Errors: of Connection::StartStream, with what could not be made.
absl::StatusOr<StreamPair> StartStreams(httpstream::Connection& session,
                                        uint16_t remote_port,
                                        uint64_t request_id,
                                        absl::string_view ports);

// Returns when the peer has taken both. `pair` must outlive the Task.
// Errors: of Stream::WaitReplied, with what could not be made.
Task<absl::Status> WaitAccepted(StreamPair& pair, std::string ports);

}  // namespace fairway::portforward

#endif  // CLIENT_TOOLS_PORTFORWARD_POD_STREAMS_H_
