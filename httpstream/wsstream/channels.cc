// SPDX-License-Identifier: Apache-2.0
#include "httpstream/wsstream/channels.h"

#include <glog/logging.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/metrics/metrics.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "net/io/buffer_pool.h"
#include "net/io/pipe.h"
#include "net/websocket/frame.h"
#include "net/websocket/upgrade.h"

namespace fairway::httpstream::wsstream {
namespace {

using net::ByteStream;
using net::websocket::CloseStatus;
using net::websocket::Connection;
using net::websocket::Opcode;

// One message; upstream sends what its caller's buffer held, 32 KiB.
constexpr size_t kMaxMessageBytes = 32 * 1024;

constexpr absl::string_view kPlainText = "text/plain; charset=utf-8";

// Most stalls are shorter.
constexpr absl::Duration kStallNotice = absl::Seconds(1);

bool IsRead(ChannelType type) {
  return type == ChannelType::kRead || type == ChannelType::kReadWrite;
}

bool IsWritten(ChannelType type) {
  return type == ChannelType::kWrite || type == ChannelType::kReadWrite;
}

Counter& Stalls() {
  static auto* counter =
      new Counter("fairway_channel_stalls_total",
                  "Times that a WebSocket's channels waited for the reader of "
                  "one of them.");
  return *counter;
}

absl::Status ReasonOfClose(const CloseStatus& close) {
  switch (close.code) {
    case net::websocket::kCloseNormal:
    case net::websocket::kCloseGoingAway:
    case net::websocket::kCloseNoStatus:
      return absl::OkStatus();
    default:
      return absl::UnavailableError(net::websocket::CloseErrorText(close));
  }
}

// The options of the WebSocket, whose server this is.
net::websocket::ConnectionOptions ServerOptions(
    net::websocket::ConnectionOptions options) {
  options.role = net::websocket::Role::kServer;
  return options;
}

}  // namespace

// One task takes the messages apart and puts what they carry into a pipe for
// each channel. Whoever writes to a channel makes a message of it, which a task
// of the connection sends: so a writer that gives up leaves no half of one.
//
// The tasks and the streams keep it alive.
class ChannelConnection::State : public std::enable_shared_from_this<State> {
 public:
  struct Channel {
    Channel(Executor executor, ChannelType t) : type(t), sent(executor) {}

    const ChannelType type;
    std::unique_ptr<ByteStream> in;   // what came is written to it
    std::unique_ptr<ByteStream> out;  // and read from it; null once taken
    size_t unread_bytes = 0;
    bool sending = false;
    absl::Status send_status;
    Condition sent;
  };

  State(Executor executor, std::unique_ptr<ByteStream> transport,
        ChannelCodec codec, const std::vector<ChannelType>& channels,
        ChannelsOptions options);

  void Start();
  Task<absl::Status> Close(absl::Status reason);
  void Abort();
  Task<absl::Status> WaitClosed();

  Channel& channel(size_t number) { return *channels_[number]; }
  bool ended() const { return ended_; }
  // What a stream is told at its end; OK: the client closed the connection.
  absl::Status StreamEnd() const {
    if (end_.ok() && own_reason_) {
      return absl::CancelledError("channel: connection closed");
    }
    return end_;
  }

  // Sends `pieces` as messages of a channel.
  Task<absl::Status> Write(size_t number,
                           absl::Span<const absl::string_view> pieces);
  Task<absl::Status> WaitBroken() { return connection_.WaitBroken(); }

 private:
  using Clock = std::chrono::steady_clock;

  Task<absl::Status> RunReader();
  Task<absl::Status> ReadMessages();
  Task<absl::Status> HandlePiece(Connection::Piece piece,
                                 absl::string_view payload);
  Task<absl::Status> Deliver(size_t number, absl::string_view bytes);
  Task<absl::Status> WaitAndDeliver(size_t number, absl::string_view bytes);
  Task<absl::Status> TellOfStall(size_t number);
  Task<absl::Status> WatchConnection();
  Task<absl::Status> SendMessage(size_t number,
                                 absl::Span<const absl::string_view> pieces);
  Task<absl::Status> Send(size_t number, absl::string_view message);
  static Task<absl::Status> WaitSent(Channel& channel);
  Task<absl::Status> WatchIdle();

  const Executor executor_;
  const ChannelCodec codec_;
  const ChannelsOptions options_;
  Connection connection_;
  ChannelDecoder decoder_;
  std::string scratch_;
  std::vector<std::unique_ptr<Channel>> channels_;
  TaskGroup tasks_;
  TaskGroup idle_watch_;
  Clock::time_point last_activity_ = Clock::now();

  absl::Status broken_;  // noticed while a channel was not read
  std::optional<absl::Status> own_reason_;  // we end it, and why
  bool ended_ = false;
  absl::Status end_;
  Condition ended_condition_;
};

// The server's end of a channel.
class ChannelConnection::ChannelStream final : public ByteStream {
 public:
  ChannelStream(std::shared_ptr<State> state, size_t number)
      : state_(std::move(state)),
        number_(number),
        in_(std::move(state_->channel(number).out)) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    absl::StatusOr<size_t> n = co_await in_->Read(buf);
    if (!n.ok()) co_return n;
    channel().unread_bytes -= *n;
    if (*n == 0 && IsRead(channel().type) && !state_->StreamEnd().ok()) {
      co_return state_->StreamEnd();
    }
    co_return n;
  }
  Task<absl::Status> WaitReadable() override { return in_->WaitReadable(); }
  Task<absl::Status> WaitBroken() override { return state_->WaitBroken(); }
  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    if (closed_) co_return absl::CancelledError("channel: closed");
    if (write_closed_) {
      co_return absl::FailedPreconditionError("channel: closed for writing");
    }
    if (!IsWritten(channel().type)) co_return absl::OkStatus();
    absl::Status written = co_await state_->Write(number_, pieces);
    co_return written;
  }
  Task<absl::Status> CloseWrite() override {
    write_closed_ = true;
    co_return absl::OkStatus();
  }
  Task<absl::Status> Close() override {
    closed_ = true;
    return in_->Close();
  }
  void Abort() override {
    closed_ = true;
    in_->Abort();
  }

 private:
  State::Channel& channel() { return state_->channel(number_); }

  const std::shared_ptr<State> state_;
  const size_t number_;
  const std::unique_ptr<ByteStream> in_;
  bool write_closed_ = false;
  bool closed_ = false;
};

ChannelConnection::State::State(Executor executor,
                                std::unique_ptr<ByteStream> transport,
                                ChannelCodec codec,
                                const std::vector<ChannelType>& channels,
                                ChannelsOptions options)
    : executor_(executor),
      codec_(codec),
      options_(std::move(options)),
      connection_(executor, std::move(transport),
                  ServerOptions(options_.websocket)),
      decoder_(codec),
      tasks_(executor),
      idle_watch_(executor),
      ended_condition_(executor) {
  for (ChannelType type : channels) {
    auto channel = std::make_unique<Channel>(executor, type);
    std::tie(channel->in, channel->out) =
        net::MakePipe(executor, options_.channel_buffer_bytes);
    channels_.push_back(std::move(channel));
  }
}

void ChannelConnection::State::Start() {
  auto self = shared_from_this();
  tasks_.Spawn([self] { return self->RunReader(); });
  if (options_.idle_timeout > absl::ZeroDuration()) {
    idle_watch_.Spawn([self] { return self->WatchIdle(); });
  }
}

// --- what comes

Task<absl::Status> ChannelConnection::State::RunReader() {
  // Those that are not read are at their end from the start.
  for (const auto& channel : channels_) {
    if (IsRead(channel->type)) continue;
    absl::Status closed = co_await channel->in->CloseWrite();
    if (!closed.ok()) co_return closed;
  }
  absl::Status reason = co_await ReadMessages();
  if (own_reason_) reason = *own_reason_;
  VLOG(5) << options_.name << ": channels end: " << reason;
  ended_ = true;
  end_ = reason;
  for (const auto& channel : channels_) {
    absl::Status closed = co_await channel->in->CloseWrite();
    if (!closed.ok()) VLOG(5) << options_.name << ": " << closed;
  }
  idle_watch_.Cancel();
  ended_condition_.NotifyAll();
  co_return reason;
}

Task<absl::Status> ChannelConnection::State::ReadMessages() {
  while (true) {
    absl::Status ready = co_await connection_.WaitReadable();
    if (!ready.ok()) co_return ready;
    net::PooledBuffer buffer(net::BufferSize::kSmall);
    while (connection_.readable()) {
      absl::StatusOr<Connection::Piece> piece =
          co_await connection_.Read(buffer.span());
      if (!piece.ok()) co_return piece.status();
      if (piece->opcode == Opcode::kClose) {
        co_return ReasonOfClose(*connection_.peer_close());
      }
      absl::Status handled = co_await HandlePiece(
          *piece, absl::string_view(buffer.data(), piece->bytes));
      if (!handled.ok()) co_return handled;
    }
  }
}

Task<absl::Status> ChannelConnection::State::HandlePiece(
    Connection::Piece piece, absl::string_view payload) {
  last_activity_ = Clock::now();
  absl::StatusOr<ChannelDecoder::Piece> decoded =
      decoder_.Feed(payload, piece.end_of_message, &scratch_);
  if (!decoded.ok()) {
    const CloseStatus close = {net::websocket::kCloseInvalidPayload, ""};
    absl::Status told = co_await connection_.SendClose(close);
    if (!told.ok()) VLOG(5) << options_.name << ": " << told;
    co_return decoded.status();
  }
  if (!decoded->has_channel || decoded->bytes.empty()) {
    co_return absl::OkStatus();
  }
  const size_t number = decoded->channel;
  if (number >= channels_.size()) {
    VLOG(6) << options_.name << ": no channel " << number;
    co_return absl::OkStatus();
  }
  if (!IsRead(channels_[number]->type)) co_return absl::OkStatus();
  absl::Status delivered = co_await Deliver(number, decoded->bytes);
  co_return delivered;
}

Task<absl::Status> ChannelConnection::State::Deliver(size_t number,
                                                     absl::string_view bytes) {
  Channel& channel = *channels_[number];
  const bool fits =
      channel.unread_bytes + bytes.size() <= options_.channel_buffer_bytes;
  channel.unread_bytes += bytes.size();
  absl::Status written;
  if (fits) {
    written = co_await net::WriteAll(*channel.in, bytes);
  } else {
    written = co_await WaitAndDeliver(number, bytes);
  }
  // One that the server is done with takes no more, and nobody minds.
  if (absl::IsUnavailable(written) || absl::IsAborted(written)) {
    written = absl::OkStatus();
  }
  co_return broken_.ok() ? written : broken_;
}

Task<absl::Status> ChannelConnection::State::WaitAndDeliver(
    size_t number, absl::string_view bytes) {
  TaskGroup group(executor_);
  absl::Status written = absl::CancelledError("channel: not read");
  group.Spawn([this, number] { return TellOfStall(number); });
  group.SpawnOrCancelAll([this] { return WatchConnection(); });
  // Last, since what it ends must have begun.
  group.Spawn([this, number, bytes, &group, &written]() -> Task<absl::Status> {
    absl::Status status = broken_;
    if (status.ok()) {
      status = co_await net::WriteAll(*channels_[number]->in, bytes);
    }
    written = status;
    group.Cancel();
    co_return status;
  });
  absl::Status joined = co_await group.Join();
  if (!joined.ok()) VLOG(6) << options_.name << ": " << joined;
  co_return written;
}

Task<absl::Status> ChannelConnection::State::TellOfStall(size_t number) {
  absl::Status slept = co_await Sleep(kStallNotice);
  if (!slept.ok()) co_return slept;
  LOG(WARNING) << options_.name << ": channel " << number
               << " is not read: " << options_.channel_buffer_bytes
               << " bytes lie here; the WebSocket waits for its reader";
  Stalls().Increment({{"connection", options_.name}});
  co_return absl::OkStatus();
}

Task<absl::Status> ChannelConnection::State::WatchConnection() {
  absl::Status broken = co_await connection_.WaitBroken();
  const bool cancelled = co_await IsCancelled();
  if (!cancelled) broken_ = broken;
  co_return broken;
}

// --- what goes

Task<absl::Status> ChannelConnection::State::Write(
    size_t number, absl::Span<const absl::string_view> pieces) {
  std::vector<absl::string_view> some;
  size_t some_bytes = 0;
  for (absl::string_view piece : pieces) {
    while (!piece.empty()) {
      some.push_back(piece.substr(0, kMaxMessageBytes - some_bytes));
      some_bytes += some.back().size();
      piece.remove_prefix(some.back().size());
      if (some_bytes < kMaxMessageBytes) continue;
      absl::Status sent = co_await SendMessage(number, some);
      if (!sent.ok()) co_return sent;
      some.clear();
      some_bytes = 0;
    }
  }
  if (some.empty()) co_return absl::OkStatus();
  absl::Status sent = co_await SendMessage(number, some);
  co_return sent;
}

Task<absl::Status> ChannelConnection::State::SendMessage(
    size_t number, absl::Span<const absl::string_view> pieces) {
  Channel& channel = *channels_[number];
  absl::Status waited = co_await WaitSent(channel);
  if (!waited.ok()) co_return waited;
  std::string message;
  AppendChannelMessage(codec_, static_cast<uint8_t>(number), pieces, &message);
  channel.sending = true;
  auto self = shared_from_this();
  std::function<Task<absl::Status>()> send = [self, number,
                                              message = std::move(message)] {
    return self->Send(number, message);
  };
  tasks_.Spawn(std::move(send));
  waited = co_await WaitSent(channel);
  if (!waited.ok()) co_return waited;
  co_return channel.send_status;
}

Task<absl::Status> ChannelConnection::State::Send(size_t number,
                                                  absl::string_view message) {
  last_activity_ = Clock::now();
  absl::Status sent =
      co_await connection_.Write(OpcodeOf(codec_), absl::MakeSpan(&message, 1));
  Channel& channel = *channels_[number];
  channel.send_status = sent;
  channel.sending = false;
  channel.sent.NotifyAll();
  co_return sent;
}

Task<absl::Status> ChannelConnection::State::WaitSent(Channel& channel) {
  while (channel.sending) {
    absl::Status waited = co_await channel.sent.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

// --- life

Task<absl::Status> ChannelConnection::State::WatchIdle() {
  while (true) {
    const auto idle = absl::FromChrono(Clock::now() - last_activity_);
    if (idle >= options_.idle_timeout) break;
    absl::Status slept = co_await Sleep(options_.idle_timeout - idle);
    if (!slept.ok()) co_return slept;
  }
  auto self = shared_from_this();
  tasks_.Spawn([self] {
    return self->Close(absl::DeadlineExceededError(absl::StrCat(
        "idle for ", absl::FormatDuration(self->options_.idle_timeout))));
  });
  co_return absl::OkStatus();
}

Task<absl::Status> ChannelConnection::State::Close(absl::Status reason) {
  if (!ended_ && !own_reason_) own_reason_ = std::move(reason);
  absl::Status closed = co_await connection_.Close(CloseStatus());
  if (!closed.ok()) co_return closed;
  absl::Status reader = co_await WaitClosed();
  (void)reader;  // is the reason, which whoever waits for it is told
  co_return absl::OkStatus();
}

void ChannelConnection::State::Abort() {
  if (!ended_ && !own_reason_) {
    own_reason_ = absl::CancelledError("channels: aborted");
  }
  connection_.Abort();
}

Task<absl::Status> ChannelConnection::State::WaitClosed() {
  while (!ended_) {
    absl::Status waited = co_await ended_condition_.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return end_;
}

// --- the connection

ChannelConnection::ChannelConnection(Executor executor,
                                     std::unique_ptr<ByteStream> transport,
                                     ChannelCodec codec,
                                     std::vector<ChannelType> channels,
                                     ChannelsOptions options)
    : state_(std::make_shared<State>(executor, std::move(transport), codec,
                                     channels, std::move(options))) {
  state_->Start();
}

ChannelConnection::~ChannelConnection() {
  if (!state_->ended()) state_->Abort();
}

std::unique_ptr<ByteStream> ChannelConnection::TakeChannel(size_t number) {
  return std::make_unique<ChannelStream>(state_, number);
}

Task<absl::Status> ChannelConnection::Close() {
  return state_->Close(absl::OkStatus());
}

void ChannelConnection::Abort() { state_->Abort(); }

Task<absl::Status> ChannelConnection::WaitClosed() {
  return state_->WaitClosed();
}

Task<absl::StatusOr<std::unique_ptr<ChannelConnection>>> OpenChannels(
    net::http::ServerRequest& request, net::http::ResponseWriter& writer,
    std::vector<ChannelProtocol> protocols, std::vector<ChannelType> channels,
    ChannelsOptions options) {
  if (channels.size() > kMaxChannels) {
    absl::Status error = absl::InvalidArgumentError(absl::StrCat(
        channels.size(), " channels: want at most ", kMaxChannels));
    const std::string body = absl::StrCat(error.message(), "\n");
    absl::Status refused =
        co_await net::http::Respond(writer, 400, kPlainText, body);
    co_return refused.ok() ? error : refused;
  }
  std::vector<std::string> names;
  for (const ChannelProtocol& protocol : protocols) {
    names.push_back(protocol.name);
  }
  absl::StatusOr<net::websocket::Upgraded> upgraded =
      co_await net::websocket::UpgradeResponse(request, writer, names);
  if (!upgraded.ok()) co_return upgraded.status();
  const auto chosen = std::find(names.begin(), names.end(), upgraded->protocol);
  const ChannelCodec codec = protocols[chosen - names.begin()].codec;
  Executor executor = co_await kThisExecutor;
  co_return std::make_unique<ChannelConnection>(
      executor, std::move(upgraded->transport), codec, std::move(channels),
      std::move(options));
}

}  // namespace fairway::httpstream::wsstream
