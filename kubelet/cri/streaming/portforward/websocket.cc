// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/streaming/portforward/websocket.h"

#include <glog/logging.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status/co_status.h"
#include "base/task/condition.h"
#include "base/task/deadline.h"
#include "base/task/task_group.h"
#include "httpstream/wsstream/channels.h"
#include "net/io/byte_stream.h"

namespace fairway::kubelet::cri::streaming::portforward {
namespace {

using httpstream::wsstream::ChannelCodec;
using httpstream::wsstream::ChannelConnection;
using httpstream::wsstream::ChannelProtocol;
using httpstream::wsstream::ChannelType;

// After the pod's end no more than this is waited for what the client still
// sends, which has no way to end it; as long as upstream's socat waits.
constexpr absl::Duration kAfterPod = absl::Milliseconds(500);
// After the client's end: for what it sent to reach the pods.
constexpr absl::Duration kAfterClient = absl::Seconds(5);
// A client that does not read its error channel is not waited for.
constexpr absl::Duration kPrintErrorTimeout = absl::Seconds(10);

// A data channel that ends, for its reader, a moment after the pod's end.
class DataChannel final : public net::ByteStream {
 public:
  DataChannel(Executor executor, std::unique_ptr<net::ByteStream> channel)
      : channel_(std::move(channel)), pod_ended_(executor) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override {
    absl::StatusOr<size_t> n = co_await channel_->Read(buf);
    if (!n.ok() && over_) co_return size_t{0};
    co_return n;
  }
  Task<absl::Status> WaitReadable() override {
    absl::Status ready = co_await channel_->WaitReadable();
    if (!ready.ok() && over_) co_return absl::OkStatus();
    co_return ready;
  }
  Task<absl::Status> WaitBroken() override { return channel_->WaitBroken(); }
  Task<absl::Status> Write(
      absl::Span<const absl::string_view> pieces) override {
    return channel_->Write(pieces);
  }
  Task<absl::Status> CloseWrite() override {
    ended_ = true;
    pod_ended_.NotifyAll();
    return channel_->CloseWrite();
  }
  Task<absl::Status> Close() override { return channel_->Close(); }
  void Abort() override { channel_->Abort(); }

  // Runs beside the forwarding of this channel.
  Task<absl::Status> EndAfterPod() {
    while (!ended_) {
      absl::Status waited = co_await pod_ended_.Wait();
      if (!waited.ok()) co_return waited;
    }
    absl::Status slept = co_await Sleep(kAfterPod);
    if (!slept.ok()) co_return slept;
    over_ = true;
    absl::Status closed = co_await channel_->Close();
    co_return closed;
  }

 private:
  const std::unique_ptr<net::ByteStream> channel_;
  Condition pod_ended_;
  bool ended_ = false;  // the pod's direction
  bool over_ = false;   // the client's too
};

// Mirrors: websocketStreamPair.
struct WebSocketStreamPair {
  WebSocketStreamPair(Executor executor, int32_t p,
                      std::unique_ptr<net::ByteStream> d,
                      std::unique_ptr<net::ByteStream> e)
      : port(p), data(executor, std::move(d)), error(std::move(e)) {}

  const int32_t port;
  DataChannel data;
  const std::unique_ptr<net::ByteStream> error;
};

// Mirrors: websocketStreamHandler.
class WebSocketStreamHandler {
 public:
  WebSocketStreamHandler(Executor executor, PortForwarder& forwarder,
                         const ServeOptions& options, ChannelConnection& conn)
      : forwarder_(forwarder),
        options_(options),
        conn_(conn),
        forwarding_(executor) {
    for (size_t i = 0; i < options_.v4.ports.size(); ++i) {
      pairs_.push_back(std::make_unique<WebSocketStreamPair>(
          executor, options_.v4.ports[i], conn_.TakeChannel(2 * i),
          conn_.TakeChannel(2 * i + 1)));
    }
  }

  // Returns when all is over, and the connection closed.
  Task<absl::Status> Run();

 private:
  Task<absl::Status> SendPorts();
  Task<absl::Status> PortForward(WebSocketStreamPair& pair);
  Task<absl::Status> PrintError(WebSocketStreamPair& pair, std::string text);
  Task<absl::Status> WatchClient();

  PortForwarder& forwarder_;
  const ServeOptions& options_;
  ChannelConnection& conn_;
  std::vector<std::unique_ptr<WebSocketStreamPair>> pairs_;
  TaskGroup forwarding_;
};

Task<absl::Status> WebSocketStreamHandler::SendPorts() {
  for (const auto& pair : pairs_) {
    const char bytes[] = {static_cast<char>(pair->port & 0xff),
                          static_cast<char>(pair->port >> 8 & 0xff)};
    const absl::string_view port(bytes, sizeof bytes);
    absl::Status sent = co_await net::WriteAll(pair->data, port);
    FAIRWAY_CO_RETURN_IF_ERROR(sent);
    sent = co_await net::WriteAll(*pair->error, port);
    FAIRWAY_CO_RETURN_IF_ERROR(sent);
  }
  co_return absl::OkStatus();
}

Task<absl::Status> WebSocketStreamHandler::PrintError(WebSocketStreamPair& pair,
                                                      std::string text) {
  absl::Status printed =
      co_await WithDeadline(kPrintErrorTimeout, "error channel",
                            [&pair, &text]() -> Task<absl::Status> {
                              return net::WriteAll(*pair.error, text);
                            });
  co_return printed;
}

Task<absl::Status> WebSocketStreamHandler::PortForward(
    WebSocketStreamPair& pair) {
  TaskGroup watch(forwarding_.executor());
  watch.Spawn([&pair] { return pair.data.EndAfterPod(); });
  VLOG(5) << "(conn=" << &conn_ << ") invoking forwarder.PortForward for port "
          << pair.port;
  absl::Status forwarded = co_await forwarder_.PortForward(
      options_.pod_name, options_.uid, pair.port, pair.data);
  VLOG(5) << "(conn=" << &conn_
          << ") done invoking forwarder.PortForward for port " << pair.port
          << ": " << forwarded;
  watch.Cancel();
  absl::Status watched = co_await watch.Join();
  if (!watched.ok()) VLOG(5) << "data channel: " << watched;
  bool cancelled = co_await IsCancelled();
  if (!forwarded.ok() && !cancelled) {
    // Here nothing but text tells a connection that broke from one that ended.
    const std::string text = absl::StrCat(
        "error forwarding port ", pair.port, " to pod ", options_.pod_name,
        ", uid ", options_.uid, ": ", forwarded.message());
    LOG_IF(ERROR, !absl::IsAborted(forwarded)) << text;
    absl::Status printed = co_await PrintError(pair, text);
    if (!printed.ok()) VLOG(5) << "error channel: " << printed;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> WebSocketStreamHandler::WatchClient() {
  absl::Status reason = co_await conn_.WaitClosed();
  if (absl::IsCancelled(reason)) co_return reason;
  VLOG(5) << "(conn=" << &conn_ << ") closed: " << reason;
  absl::Status slept = co_await Sleep(kAfterClient);
  if (slept.ok()) forwarding_.Cancel();
  co_return slept;
}

Task<absl::Status> WebSocketStreamHandler::Run() {
  absl::Status sent = co_await SendPorts();
  if (!sent.ok()) {
    conn_.Abort();
    co_return sent;
  }
  for (const auto& pair : pairs_) {
    WebSocketStreamPair* const p = pair.get();
    forwarding_.Spawn([this, p] { return PortForward(*p); });
  }
  TaskGroup watch(forwarding_.executor());
  watch.Spawn([this] { return WatchClient(); });
  absl::Status forwarded = co_await forwarding_.Join();
  watch.Cancel();
  absl::Status watched = co_await watch.Join();
  if (!watched.ok() && !absl::IsCancelled(watched)) VLOG(5) << watched;
  bool cancelled = co_await IsCancelled();
  if (cancelled) {
    conn_.Abort();
    co_return forwarded;
  }
  absl::Status closed = co_await conn_.Close();
  co_return closed;
}

Task<absl::Status> Refuse(net::http::ResponseWriter& writer,
                          std::string message) {
  absl::Status written = co_await net::http::Respond(
      writer, 400, "text/plain; charset=utf-8", message);
  co_return written;
}

std::vector<ChannelProtocol> Protocols(size_t ports) {
  using httpstream::wsstream::kBase64ChannelWebSocketProtocol;
  using httpstream::wsstream::kChannelWebSocketProtocol;
  std::vector<ChannelProtocol> protocols = {
      {"", ChannelCodec::kBinary},
      {absl::StrCat("v4.", kChannelWebSocketProtocol), ChannelCodec::kBinary}};
  if (ports <= kMaxBase64WebSocketPorts) {
    protocols.push_back({absl::StrCat("v4.", kBase64ChannelWebSocketProtocol),
                         ChannelCodec::kBase64});
  }
  return protocols;
}

}  // namespace

Task<absl::Status> HandleWebSocketStreams(net::http::ServerRequest& request,
                                          net::http::ResponseWriter& writer,
                                          PortForwarder& forwarder,
                                          ServeOptions options) {
  const size_t ports = options.v4.ports.size();
  if (ports == 0 || ports > kMaxWebSocketPorts) {
    std::string why = "query parameter \"port\" is required";
    if (ports > 0) {
      why = absl::StrCat("query parameter \"port\": ", ports, " ports, want ",
                         kMaxWebSocketPorts, " at most");
    }
    absl::Status refused = co_await Refuse(writer, std::move(why));
    co_return refused;
  }
  std::vector<ChannelType> channels;
  for (size_t i = 0; i < ports; ++i) {
    channels.push_back(ChannelType::kReadWrite);
    channels.push_back(ChannelType::kWrite);
  }
  httpstream::wsstream::ChannelsOptions channels_options;
  channels_options.channel_buffer_bytes = options.session.receive_buffer_bytes;
  channels_options.idle_timeout = options.idle_timeout;
  channels_options.name = options.session.name;
  std::vector<ChannelProtocol> protocols = Protocols(ports);
  absl::StatusOr<std::unique_ptr<ChannelConnection>> conn =
      co_await httpstream::wsstream::OpenChannels(
          request, writer, std::move(protocols), std::move(channels),
          std::move(channels_options));
  if (!conn.ok()) {
    LOG(ERROR) << "unable to upgrade websocket connection: "
               << conn.status().message();
    co_return absl::IsCancelled(conn.status()) ? conn.status()
                                               : absl::OkStatus();
  }
  Executor executor = co_await kThisExecutor;
  WebSocketStreamHandler handler(executor, forwarder, options, **conn);
  absl::Status served = co_await handler.Run();
  if (absl::IsCancelled(served)) co_return served;
  if (!served.ok()) VLOG(5) << "port forward: " << served;
  co_return absl::OkStatus();
}

}  // namespace fairway::kubelet::cri::streaming::portforward
