// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/streaming/portforward/httpstream.h"

#include <glog/logging.h>

#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/process/memory_in_use.h"
#include "base/task/deadline.h"
#include "kubelet/cri/streaming/portforward/port_query.h"
#include "net/http/connection.h"

namespace fairway::kubelet::cri::streaming::portforward {
namespace {

using httpstream::kPortForwardRequestIDHeader;
using httpstream::kPortHeader;
using httpstream::kStreamType;
using httpstream::kStreamTypeData;
using httpstream::kStreamTypeError;
using httpstream::Stream;

// A client that does not read its error stream is not waited for.
constexpr absl::Duration kPrintErrorTimeout = absl::Seconds(10);

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::CHexEscape(text), "\"");
}

}  // namespace

absl::Status HttpStreamReceived(const Stream& stream) {
  const absl::string_view port_string = stream.headers().Get(kPortHeader);
  if (port_string.empty()) {
    return absl::InvalidArgumentError("\"port\" header is required");
  }
  absl::StatusOr<uint16_t> port = ParsePort(port_string);
  if (!port.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unable to parse ", Quoted(port_string),
                     " as a port: ", port.status().message()));
  }
  if (*port < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("port ", Quoted(port_string), " must be > 0"));
  }
  const absl::string_view stream_type = stream.headers().Get(kStreamType);
  if (stream_type.empty()) {
    return absl::InvalidArgumentError("\"streamType\" header is required");
  }
  if (stream_type != kStreamTypeError && stream_type != kStreamTypeData) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid stream type ", Quoted(stream_type)));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> HttpStreamPair::Add(std::unique_ptr<Stream> stream) {
  const absl::string_view type = stream->headers().Get(kStreamType);
  std::unique_ptr<Stream>& place = type == kStreamTypeError ? error_ : data_;
  if (place != nullptr) {
    return absl::AlreadyExistsError(
        absl::StrCat(type, " stream already assigned"));
  }
  place = std::move(stream);
  return complete();
}

Task<absl::Status> HttpStreamPair::PrintError(std::string text) {
  if (error_ == nullptr || error_printed_) co_return absl::OkStatus();
  error_printed_ = true;
  absl::Status written = co_await WithDeadline(
      kPrintErrorTimeout, "error stream",
      [this, &text]() -> Task<absl::Status> {
        absl::Status status = co_await net::WriteAll(*error_, text);
        co_return status;
      });
  co_return written;
}

HttpStreamHandler::HttpStreamHandler(Executor executor,
                                     PortForwarder& forwarder,
                                     ServeOptions options)
    : forwarder_(forwarder), options_(std::move(options)), tasks_(executor) {}

HttpStreamHandler::PairAndWhetherCreated HttpStreamHandler::GetStreamPair(
    const std::string& request_id) {
  auto found = stream_pairs_.find(request_id);
  const bool created = found == stream_pairs_.end();
  VLOG(5) << "(request=" << request_id << ") "
          << (created ? "creating new" : "found existing") << " stream pair";
  if (!created) return {found->second->pair, false};
  auto pair = std::make_shared<HttpStreamPair>(request_id);
  incomplete_.push_back(
      {pair, Clock::now() +
                 absl::ToChronoNanoseconds(options_.stream_creation_timeout)});
  stream_pairs_[pair->request_id()] = std::prev(incomplete_.end());
  return {std::move(pair), true};
}

bool HttpStreamHandler::HasStreamPair(absl::string_view request_id) const {
  return stream_pairs_.contains(request_id);
}

void HttpStreamHandler::RemoveStreamPair(const HttpStreamPairPtr& pair) {
  auto found = stream_pairs_.find(pair->request_id());
  if (found == stream_pairs_.end() || found->second->pair != pair) return;
  const IncompletePairs::iterator place = found->second;
  stream_pairs_.erase(found);
  incomplete_.erase(place);
}

std::string HttpStreamHandler::RequestId(const Stream& stream) {
  const absl::string_view given =
      stream.headers().Get(kPortForwardRequestIDHeader);
  if (!given.empty()) return std::string(given);
  // Old clients make the error stream first and the data stream next to it.
  // That holds as long as they make no two pairs at once.
  const int64_t id = stream.identifier();
  const bool is_data = stream.headers().Get(kStreamType) == kStreamTypeData;
  return absl::StrCat(is_data ? id - 2 : id);
}

absl::Status HttpStreamHandler::StreamReceived(std::unique_ptr<Stream> stream) {
  absl::Status valid = HttpStreamReceived(*stream);
  if (!valid.ok()) return valid;
  const std::string request_id = RequestId(*stream);
  VLOG(5) << "(request=" << request_id << ") received new stream of type "
          << stream->headers().Get(kStreamType);
  if (!HasStreamPair(request_id) &&
      stream_pairs_.size() >= options_.session.max_streams / 2) {
    return absl::ResourceExhaustedError("too many streams wait for their pair");
  }
  HttpStreamPairPtr pair = GetStreamPair(request_id).pair;
  absl::StatusOr<bool> complete = pair->Add(std::move(stream));
  if (!monitoring_) {
    monitoring_ = true;
    tasks_.Spawn([this] { return MonitorStreamPairs(); });
  }
  if (!complete.ok()) {
    const std::string message =
        absl::StrCat("error processing stream for request ", request_id, ": ",
                     complete.status().message());
    LOG(ERROR) << message;
    tasks_.Spawn([pair, message] { return pair->PrintError(message); });
    return complete.status();
  }
  if (*complete) {
    RemoveStreamPair(pair);
    tasks_.Spawn([this, pair] { return PortForward(pair); });
  }
  return absl::OkStatus();
}

Task<absl::Status> HttpStreamHandler::MonitorStreamPairs() {
  while (!incomplete_.empty()) {
    const absl::Duration left =
        absl::FromChrono(incomplete_.front().deadline - Clock::now());
    if (left > absl::ZeroDuration()) {
      absl::Status slept = co_await Sleep(left);
      if (!slept.ok()) co_return slept;
      continue;
    }
    HttpStreamPairPtr pair = incomplete_.front().pair;
    RemoveStreamPair(pair);
    tasks_.Spawn([this, pair] { return GiveUp(pair); });
  }
  monitoring_ = false;
  co_return absl::OkStatus();
}

Task<absl::Status> HttpStreamHandler::GiveUp(HttpStreamPairPtr pair) {
  const std::string message =
      absl::StrFormat("(conn=%p, request=%s) timed out waiting for streams",
                      this, pair->request_id());
  LOG(ERROR) << message;
  absl::Status printed = co_await pair->PrintError(message);
  if (!printed.ok()) VLOG(5) << "error stream: " << printed;
  if (pair->error_stream() != nullptr) {
    absl::Status closed = co_await pair->error_stream()->Close();
    if (!closed.ok()) VLOG(5) << "error stream: " << closed;
  }
  // A data stream that is left alone is reset when the pair dies.
  co_return absl::OkStatus();
}

Task<absl::Status> HttpStreamHandler::PortForward(HttpStreamPairPtr pair) {
  const MemoryInUse memory;
  Stream& data = *pair->data_stream();
  Stream& error = *pair->error_stream();
  absl::StatusOr<uint16_t> port = ParsePort(data.headers().Get(kPortHeader));
  if (!port.ok()) co_return port.status();
  data.ForgetHeaders();
  error.ForgetHeaders();

  VLOG(5) << "(request=" << pair->request_id()
          << ") invoking forwarder.PortForward for port " << *port;
  absl::Status forwarded = co_await forwarder_.PortForward(
      options_.pod_name, options_.uid, *port, data);
  VLOG(5) << "(request=" << pair->request_id()
          << ") done invoking forwarder.PortForward for port " << *port << ": "
          << forwarded;

  if (absl::IsAborted(forwarded) || absl::IsCancelled(forwarded)) {
    // The pod was reached. Any text would end the whole session of a newer
    // kubectl, so the reset itself tells.
    data.Reset();
  } else if (!forwarded.ok()) {
    const std::string message = absl::StrCat(
        "error forwarding port ", *port, " to pod ", options_.pod_name,
        ", uid ", options_.uid, ": ", forwarded.message());
    LOG(ERROR) << message;
    absl::Status printed = co_await pair->PrintError(message);
    if (!printed.ok()) VLOG(5) << "error stream: " << printed;
  }
  absl::Status closed = co_await error.Close();
  if (closed.ok()) closed = co_await data.Close();
  co_return closed;
}

// What waits for its other half waits in vain: that will be refused.
Task<absl::Status> HttpStreamHandler::DrainInTime(
    httpstream::Connection& connection) {
  absl::Status begun = co_await options_.drain->Wait();
  if (!begun.ok()) co_return begun;
  stream_pairs_.clear();
  incomplete_.clear();
  connection.Drain();
  co_return absl::OkStatus();
}

Task<absl::Status> HttpStreamHandler::Run(httpstream::Connection& connection) {
  VLOG(5) << "(conn=" << &connection << ") waiting for port forward streams";
  if (options_.drain != nullptr) {
    tasks_.Spawn([this, &connection] { return DrainInTime(connection); });
  }
  absl::Status reason = co_await connection.WaitClosed();
  VLOG(5) << "(conn=" << &connection
          << ") upgraded connection closed: " << reason;
  // Only a cancelled wait finds it open.
  connection.Abort();
  tasks_.Cancel();
  absl::Status joined = co_await tasks_.Join();
  if (!joined.ok()) VLOG(5) << "port forward: " << joined;
  stream_pairs_.clear();
  incomplete_.clear();
  co_return absl::OkStatus();
}

}  // namespace fairway::kubelet::cri::streaming::portforward
