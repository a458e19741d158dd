// SPDX-License-Identifier: Apache-2.0
// A Connection in memory whose other side the test plays, and a Dialer for it.
#ifndef HTTPSTREAM_TESTING_FAKE_CONNECTION_H_
#define HTTPSTREAM_TESTING_FAKE_CONNECTION_H_

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/task/condition.h"
#include "httpstream/httpstream.h"
#include "net/io/pipe.h"

namespace fairway::httpstream {

// One end of a pipe with a stream's headers.
class FakeStream final : public Stream {
 public:
  FakeStream(std::unique_ptr<net::ByteStream> end, net::http::Headers headers,
             uint32_t id, absl::Status reply = absl::OkStatus())
      : end_(std::move(end)),
        headers_(std::move(headers)),
        id_(id),
        reply_(std::move(reply)) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    return end_->Read(buf);
  }
  Task<absl::Status> WaitReadable() override { return end_->WaitReadable(); }
  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    return end_->Write(pieces);
  }
  Task<absl::Status> CloseWrite() override { return end_->CloseWrite(); }
  Task<absl::Status> Close() override { return end_->Close(); }
  void Abort() override { end_->Abort(); }
  void Reset() override { end_->Abort(); }
  Task<absl::Status> WaitReplied() override { co_return reply_; }
  const net::http::Headers& headers() const override { return headers_; }
  uint32_t identifier() const override { return id_; }

 private:
  const std::unique_ptr<net::ByteStream> end_;
  const net::http::Headers headers_;
  const uint32_t id_;
  const absl::Status reply_;
};

// What a test and the code under test share of one connection.
struct FakePeer {
  explicit FakePeer(Executor executor) : changed(executor) {}

  // The far ends of the streams that were made, oldest first.
  std::deque<std::unique_ptr<FakeStream>> streams;
  // Not OK: WaitReplied of a stream that is made returns it, and the stream is
  // reset.
  absl::Status refuse;
  // Not OK: Dial fails with it.
  absl::Status dial_error;
  bool keeps_streams_apart = true;
  // Else Close() waits for an answer that does not come.
  bool answers_close = true;
  bool lost = false;
  bool closed = false;   // by Close() or Abort()
  bool aborted = false;  // by Abort()
  bool draining = false;
  absl::optional<absl::Duration> round_trip;
  int dials = 0;
  Condition changed;

  // Ends the connection as if the network had.
  void Lose() {
    lost = true;
    for (auto& stream : streams) stream->Reset();
    changed.NotifyAll();
  }

  // The far end of the next stream.
  Task<std::unique_ptr<FakeStream>> NextStream() {
    while (streams.empty()) {
      absl::Status waited = co_await changed.Wait();
      if (!waited.ok()) co_return nullptr;
    }
    std::unique_ptr<FakeStream> stream = std::move(streams.front());
    streams.pop_front();
    co_return stream;
  }
};

class FakeConnection final : public Connection {
 public:
  FakeConnection(Executor executor, FakePeer* peer)
      : executor_(executor), peer_(peer) {}

  absl::StatusOr<std::unique_ptr<Stream>> StartStream(
      net::http::Headers headers) override {
    const uint32_t id = next_id_;
    next_id_ += 2;
    auto [near, far] = net::MakePipe(executor_);
    auto stream = std::make_unique<FakeStream>(std::move(near), headers, id,
                                               peer_->refuse);
    if (peer_->refuse.ok()) {
      peer_->streams.push_back(
          std::make_unique<FakeStream>(std::move(far), headers, id));
      peer_->changed.NotifyAll();
    }
    return stream;
  }
  Task<absl::Status> Close() override {
    while (!peer_->answers_close && !closed_) {
      absl::Status waited = co_await peer_->changed.Wait();
      if (!waited.ok()) co_return waited;
    }
    End();
    co_return absl::OkStatus();
  }
  void Abort() override {
    if (closed_) return;
    peer_->aborted = true;
    End();
  }
  Task<absl::Status> WaitClosed() override {
    while (!peer_->lost && !closed_) {
      absl::Status waited = co_await peer_->changed.Wait();
      if (!waited.ok()) co_return waited;
    }
    co_return peer_->lost ? absl::UnavailableError("lost") : absl::OkStatus();
  }
  void SetIdleTimeout(absl::Duration) override {}
  Task<absl::StatusOr<bool>> KeepsStreamsApart() override {
    co_return peer_->keeps_streams_apart;
  }
  void Drain() override { peer_->draining = true; }
  absl::optional<absl::Duration> RoundTripTime() const override {
    return peer_->round_trip;
  }

 private:
  void End() {
    closed_ = true;
    peer_->closed = true;
    peer_->changed.NotifyAll();
  }

  Executor executor_;
  FakePeer* const peer_;
  uint32_t next_id_ = 1;
  bool closed_ = false;
};

// `peer` outlives the dialer and its connections.
class FakeDialer final : public Dialer {
 public:
  FakeDialer(Executor executor, FakePeer* peer)
      : executor_(executor), peer_(peer) {}

  Task<absl::StatusOr<Result>> Dial(
      std::vector<std::string> protocols) override {
    ++peer_->dials;
    if (!peer_->dial_error.ok()) co_return peer_->dial_error;
    Result result;
    result.connection = std::make_unique<FakeConnection>(executor_, peer_);
    result.protocol = protocols.empty() ? "" : protocols[0];
    co_return result;
  }

 private:
  Executor executor_;
  FakePeer* const peer_;
};

}  // namespace fairway::httpstream

#endif  // HTTPSTREAM_TESTING_FAKE_CONNECTION_H_
