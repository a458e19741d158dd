// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/streaming/portforward/httpstream.go (v1.20.2)
// Makes pairs of the streams of one connection, and forwards each pair.
#ifndef KUBELET_CRI_STREAMING_PORTFORWARD_HTTPSTREAM_H_
#define KUBELET_CRI_STREAMING_PORTFORWARD_HTTPSTREAM_H_

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "httpstream/httpstream.h"
#include "kubelet/cri/streaming/portforward/portforward.h"

namespace fairway::kubelet::cri::streaming::portforward {

// Whether a stream's headers are those of port-forward.
// Errors: kInvalidArgument, in upstream's words.
absl::Status HttpStreamReceived(const httpstream::Stream& stream);

// The error and the data stream of one forwarded connection.
class HttpStreamPair {
 public:
  explicit HttpStreamPair(std::string request_id)
      : request_id_(std::move(request_id)) {}

  // Whether both streams are there now. Errors: kAlreadyExists "error stream
  // already assigned" or "data stream already assigned".
  absl::StatusOr<bool> Add(std::unique_ptr<httpstream::Stream> stream);

  bool complete() const { return data_ != nullptr && error_ != nullptr; }

  // Writes `text` to the error stream, if there is one; only the first text.
  Task<absl::Status> PrintError(std::string text);

  const std::string& request_id() const { return request_id_; }
  httpstream::Stream* data_stream() { return data_.get(); }
  httpstream::Stream* error_stream() { return error_.get(); }

 private:
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

  // For NewStreamHandler. Errors: of HttpStreamReceived(); kAlreadyExists;
  // kResourceExhausted when half as many pairs are incomplete as the session
  // may have streams, so that complete ones always find room.
  absl::Status StreamReceived(std::unique_ptr<httpstream::Stream> stream);

  // Returns when `connection` is closed and no stream is served any more.
  // Cancel: the connection is dropped.
  Task<absl::Status> Run(httpstream::Connection& connection);

  struct PairAndWhetherCreated {
    HttpStreamPairPtr pair;
    bool created;
  };
  PairAndWhetherCreated GetStreamPair(const std::string& request_id);
  bool HasStreamPair(absl::string_view request_id) const;
  void RemoveStreamPair(const HttpStreamPairPtr& pair);

  // The stream's requestID header; or, for clients that send none, the number
  // of the error stream that it belongs to.
  static std::string RequestId(const httpstream::Stream& stream);

 private:
  using Clock = std::chrono::steady_clock;

  // A pair of which only one stream has come.
  struct Incomplete {
    HttpStreamPairPtr pair;
    Clock::time_point deadline;
  };
  using IncompletePairs = std::list<Incomplete>;

  // One task for all pairs: each has the same time.
  Task<absl::Status> MonitorStreamPairs();
  Task<absl::Status> GiveUp(HttpStreamPairPtr pair);
  Task<absl::Status> PortForward(HttpStreamPairPtr pair);
  Task<absl::Status> DrainInTime(httpstream::Connection& connection);

  PortForwarder& forwarder_;
  const ServeOptions options_;
  IncompletePairs incomplete_;  // oldest first
  // By the pair's own request_id().
  absl::flat_hash_map<absl::string_view, IncompletePairs::iterator>
      stream_pairs_;
  bool monitoring_ = false;
  TaskGroup tasks_;
};

}  // namespace fairway::kubelet::cri::streaming::portforward

#endif  // KUBELET_CRI_STREAMING_PORTFORWARD_HTTPSTREAM_H_
