// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/streaming/portforward/httpstream.go (v1.20.2)
// Makes pairs of the streams of one connection, and forwards each pair.
#ifndef KUBELET_CRI_STREAMING_PORTFORWARD_HTTPSTREAM_H_
#define KUBELET_CRI_STREAMING_PORTFORWARD_HTTPSTREAM_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "httpstream/httpstream.h"
#include "kubelet/cri/streaming/portforward/portforward.h"

namespace fairway::kubelet::cri::streaming::portforward {

// Pairs of which only one stream has come; more are refused.
inline constexpr size_t kMaxPendingPairs = 1000;

// Whether a stream's headers are those of port-forward.
// Errors: kInvalidArgument, in upstream's words.
absl::Status HttpStreamReceived(const httpstream::Stream& stream);

// The error and the data stream of one forwarded connection.
class HttpStreamPair {
 public:
  HttpStreamPair(Executor executor, std::string request_id)
      : changed_(executor), request_id_(std::move(request_id)) {}

  // Whether both streams are there now. Errors: kAlreadyExists "error stream
  // already assigned" or "data stream already assigned".
  absl::StatusOr<bool> Add(std::unique_ptr<httpstream::Stream> stream);

  bool complete() const { return data_ != nullptr && error_ != nullptr; }
  // Returns once complete(). Errors: kCancelled.
  Task<absl::Status> WaitComplete();

  // Writes `text` to the error stream, if there is one; only the first text.
  Task<absl::Status> PrintError(std::string text);

  const std::string& request_id() const { return request_id_; }
  httpstream::Stream* data_stream() { return data_.get(); }
  httpstream::Stream* error_stream() { return error_.get(); }

 private:
  Condition changed_;
  const std::string request_id_;
  std::unique_ptr<httpstream::Stream> data_;
  std::unique_ptr<httpstream::Stream> error_;
  bool error_printed_ = false;
};

using HttpStreamPairPtr = std::shared_ptr<HttpStreamPair>;

// Threads:  on the connection's executor.
// Lifetime: must outlive the connection; Run() joins its tasks.
class HttpStreamHandler {
 public:
  HttpStreamHandler(Executor executor, PortForwarder& forwarder,
                    ServeOptions options);

  // For NewStreamHandler. Errors: of HttpStreamReceived(); kResourceExhausted
  // at kMaxPendingPairs.
  absl::Status StreamReceived(std::unique_ptr<httpstream::Stream> stream);

  // Returns when `connection` is closed and no stream is served any more.
  // Cancel: the connection is dropped.
  Task<absl::Status> Run(httpstream::Connection& connection);

  struct PairAndWhetherCreated {
    HttpStreamPairPtr pair;
    bool created;
  };
  PairAndWhetherCreated GetStreamPair(const std::string& request_id);
  bool HasStreamPair(const std::string& request_id) const;
  void RemoveStreamPair(const HttpStreamPairPtr& pair);

  // The stream's requestID header; or, for clients that send none, the number
  // of the error stream that it belongs to.
  static std::string RequestId(const httpstream::Stream& stream);

 private:
  Task<absl::Status> MonitorStreamPair(HttpStreamPairPtr pair);
  Task<absl::Status> PortForward(HttpStreamPairPtr pair);

  const Executor executor_;
  PortForwarder& forwarder_;
  const ServeOptions options_;
  absl::flat_hash_map<std::string, HttpStreamPairPtr> stream_pairs_;
  TaskGroup tasks_;
};

}  // namespace fairway::kubelet::cri::streaming::portforward

#endif  // KUBELET_CRI_STREAMING_PORTFORWARD_HTTPSTREAM_H_
