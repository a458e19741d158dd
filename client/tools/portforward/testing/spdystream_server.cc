// SPDX-License-Identifier: Apache-2.0
#include "client/tools/portforward/testing/spdystream_server.h"

#include <utility>
#include <variant>

#include "absl/strings/numbers.h"
#include "base/status/co_status.h"
#include "httpstream/httpstream.h"

namespace fairway::portforward {

using httpstream::spdy::AppendGoAway;
using httpstream::spdy::AppendPing;
using httpstream::spdy::AppendRstStream;
using httpstream::spdy::DataPiece;
using httpstream::spdy::Fin;
using httpstream::spdy::Frame;
using httpstream::spdy::PingFrame;
using httpstream::spdy::RstStatus;
using httpstream::spdy::RstStreamFrame;
using httpstream::spdy::SynReplyFrame;
using httpstream::spdy::SynStreamFrame;

SpdystreamServer::SpdystreamServer(Executor executor,
                                   std::unique_ptr<net::ByteStream> transport)
    : executor_(executor),
      transport_(std::move(transport)),
      written_(executor),
      changed_(executor),
      tasks_(executor) {
  for (auto& worker : workers_) worker = std::make_unique<Worker>(executor);
}

Task<absl::Status> SpdystreamServer::Serve() {
  for (auto& worker : workers_) {
    Worker* raw = worker.get();
    tasks_.Spawn([this, raw]() { return Work(raw); });
  }
  absl::Status read = co_await ReadFrames();
  tasks_.Cancel();
  absl::Status joined = co_await tasks_.Join();
  joined.IgnoreError();
  transport_->Abort();
  ended_ = true;
  changed_.NotifyAll();
  co_return read;
}

void SpdystreamServer::SetHeld(bool held) {
  held_ = held;
  for (auto& worker : workers_) worker->changed.NotifyAll();
}

Task<absl::Status> SpdystreamServer::ReadFrames() {
  std::string buffer(16 * 1024, '\0');
  while (true) {
    absl::StatusOr<size_t> n =
        co_await transport_->Read(absl::MakeSpan(&buffer[0], buffer.size()));
    if (!n.ok()) co_return n.status();
    if (*n == 0) co_return absl::OkStatus();
    absl::string_view input(buffer.data(), *n);
    while (true) {
      absl::StatusOr<Frame> frame = parser_.Next(&input);
      if (!frame.ok()) co_return frame.status();
      if (std::holds_alternative<std::monostate>(*frame)) break;
      Item item;
      if (auto* syn = std::get_if<SynStreamFrame>(&*frame)) {
        item.kind = Kind::kSyn;
        item.id = syn->stream_id;
        item.headers = syn->headers;
      } else if (auto* data = std::get_if<DataPiece>(&*frame)) {
        item.kind = Kind::kData;
        item.id = data->stream_id;
        item.fin = data->fin;
        item.payload = std::string(data->payload);
      } else if (auto* ping = std::get_if<PingFrame>(&*frame)) {
        item.kind = Kind::kPing;
        item.id = ping->id;
      } else if (auto* rst = std::get_if<RstStreamFrame>(&*frame)) {
        item.kind = Kind::kRst;
        item.id = rst->stream_id;
      } else {
        continue;
      }
      absl::Status queued = co_await Enqueue(std::move(item));
      FAIRWAY_CO_RETURN_IF_ERROR(queued);
    }
  }
}

Task<absl::Status> SpdystreamServer::Enqueue(Item item) {
  const size_t number = item.kind == Kind::kPing ? turn_++ : item.id;
  Worker& worker = *workers_[number % kWorkers];
  while (worker.queue.size() >= kQueueFrames) {
    stands_still_ = true;
    changed_.NotifyAll();
    absl::Status waited = co_await worker.changed.Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  stands_still_ = false;
  worker.queue.push_back(std::move(item));
  worker.changed.NotifyAll();
  co_return absl::OkStatus();
}

Task<absl::Status> SpdystreamServer::Work(Worker* worker) {
  while (true) {
    while (worker->queue.empty() || held_) {
      absl::Status waited = co_await worker->changed.Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(waited);
    }
    Item item = std::move(worker->queue.front());
    worker->queue.pop_front();
    worker->changed.NotifyAll();
    absl::Status done;
    if (item.kind == Kind::kSyn) {
      done = co_await OnSyn(std::move(item));
    } else if (item.kind == Kind::kData) {
      done = co_await OnData(std::move(item));
    } else if (item.kind == Kind::kPing) {
      std::string pong;
      AppendPing({item.id}, &pong);
      done = co_await Send(std::move(pong));
    } else if (streams_.count(item.id) != 0) {
      // To its reader a reset looks like the end.
      streams_[item.id]->ended = true;
      streams_[item.id]->changed.NotifyAll();
    }
    FAIRWAY_CO_RETURN_IF_ERROR(done);
  }
}

Task<absl::Status> SpdystreamServer::OnSyn(Item item) {
  if (going_away_) co_return absl::OkStatus();
  auto stream = std::make_shared<Stream>(executor_);
  stream->id = item.id;
  streams_[item.id] = stream;
  last_id_ = item.id;
  SynReplyFrame reply;
  reply.stream_id = item.id;
  std::string bytes;
  FAIRWAY_CO_RETURN_IF_ERROR(writer_.AppendSynReply(reply, &bytes));
  absl::Status sent = co_await Send(std::move(bytes));
  FAIRWAY_CO_RETURN_IF_ERROR(sent);
  const std::string id(
      item.headers.Get(httpstream::kPortForwardRequestIDHeader));
  Pair& pair = pairs_[id];
  const bool is_error =
      item.headers.Get(httpstream::kStreamType) == httpstream::kStreamTypeError;
  (is_error ? pair.error : pair.data) = stream;
  if (!absl::SimpleAtoi(item.headers.Get(httpstream::kPortHeader),
                        &pair.port)) {
    co_return absl::InvalidArgumentError("no port");
  }
  if (pair.error != nullptr && pair.data != nullptr) {
    tasks_.Spawn([this, pair]() { return Run(pair); });
    pairs_.erase(id);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> SpdystreamServer::OnData(Item item) {
  auto found = streams_.find(item.id);
  if (found == streams_.end()) co_return absl::OkStatus();
  StreamPtr stream = found->second;
  if (!item.payload.empty()) {
    stream->offered = std::move(item.payload);
    stream->changed.NotifyAll();
    while (stream->offered.has_value()) {
      absl::Status waited = co_await stream->changed.Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(waited);
    }
  }
  if (item.fin) {
    stream->ended = true;
    stream->changed.NotifyAll();
  }
  co_return absl::OkStatus();
}

Task<absl::Status> SpdystreamServer::Run(Pair pair) {
  absl::Status done;
  if (pair.port == kEchoPort) {
    done = co_await Echo(pair);
  } else if (pair.port == kRefusedPort || pair.port == kGonePort) {
    const Fin fin = pair.port == kGonePort ? Fin::kYes : Fin::kNo;
    done = co_await SendData(pair.error->id, std::string(kRefusedText), fin);
    FAIRWAY_CO_RETURN_IF_ERROR(done);
    std::string end;
    if (fin == Fin::kNo) {
      AppendRstStream({pair.data->id, RstStatus::kCancel}, &end);
      AppendRstStream({pair.error->id, RstStatus::kCancel}, &end);
      done = co_await Send(std::move(end));
    } else {
      done = co_await SendData(pair.data->id, std::move(end), fin);
    }
  }
  co_return done;
}

Task<absl::Status> SpdystreamServer::Echo(Pair pair) {
  Stream& data = *pair.data;
  while (true) {
    while (!data.offered.has_value() && !data.ended) {
      absl::Status waited = co_await data.changed.Wait();
      FAIRWAY_CO_RETURN_IF_ERROR(waited);
    }
    if (!data.offered.has_value()) break;
    std::string payload = *std::move(data.offered);
    data.offered.reset();
    data.changed.NotifyAll();
    absl::Status sent =
        co_await SendData(data.id, std::move(payload), Fin::kNo);
    FAIRWAY_CO_RETURN_IF_ERROR(sent);
  }
  std::string nothing;
  absl::Status sent = co_await SendData(data.id, nothing, Fin::kYes);
  FAIRWAY_CO_RETURN_IF_ERROR(sent);
  sent = co_await SendData(pair.error->id, nothing, Fin::kYes);
  co_return sent;
}

Task<absl::Status> SpdystreamServer::GoAway() {
  going_away_ = true;
  std::string bytes;
  AppendGoAway({last_id_, httpstream::spdy::GoAwayStatus::kOk}, &bytes);
  absl::Status sent = co_await Send(std::move(bytes));
  co_return sent;
}

Task<absl::Status> SpdystreamServer::SendData(uint32_t id, std::string payload,
                                              Fin fin) {
  const auto head = httpstream::spdy::DataHead(id, payload.size(), fin);
  payload.insert(0, head.data(), head.size());
  absl::Status sent = co_await Send(std::move(payload));
  co_return sent;
}

Task<absl::Status> SpdystreamServer::Send(std::string bytes) {
  while (writing_) {
    absl::Status waited = co_await written_.Wait();
    FAIRWAY_CO_RETURN_IF_ERROR(waited);
  }
  writing_ = true;
  absl::Status sent = co_await net::WriteAll(*transport_, bytes);
  writing_ = false;
  written_.NotifyAll();
  co_return sent;
}

}  // namespace fairway::portforward
