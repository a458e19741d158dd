// SPDX-License-Identifier: Apache-2.0
#include "httpstream/wsstream/tunnel.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "net/websocket/frame.h"

namespace fairway::httpstream::wsstream {
namespace {

using net::websocket::CloseStatus;
using net::websocket::Connection;
using net::websocket::Opcode;

// What ByteStream knows of errors: a peer that breaks the protocol is lost.
absl::Status ToStreamError(absl::Status status) {
  if (absl::IsInvalidArgument(status) || absl::IsOutOfRange(status)) {
    return absl::UnavailableError(status.message());
  }
  return status;
}

class Tunnel final : public net::ByteStream {
 public:
  Tunnel(Executor executor, std::unique_ptr<net::ByteStream> transport,
         net::websocket::ConnectionOptions options)
      : connection_(executor, std::move(transport), options) {}

  Task<absl::StatusOr<size_t>> Read(absl::Span<char> buf) override;
  Task<absl::Status> WaitReadable() override;
  bool readable() const override { return connection_.readable(); }
  Task<absl::Status> WaitBroken() override;
  Task<absl::Status> Write(absl::Span<const absl::string_view> pieces) override;
  Task<absl::Status> CloseWrite() override {
    return connection_.SendClose(CloseStatus());
  }
  Task<absl::Status> Close() override {
    return connection_.Close(CloseStatus());
  }
  void Abort() override { connection_.Abort(); }

 private:
  Connection connection_;
};

Task<absl::StatusOr<size_t>> Tunnel::Read(absl::Span<char> buf) {
  absl::StatusOr<size_t> n = co_await connection_.ReadBytes(buf);
  if (!n.ok()) co_return ToStreamError(n.status());
  if (*n > 0) co_return n;
  const CloseStatus& close = *connection_.peer_close();
  if (close.code != net::websocket::kCloseNormal &&
      close.code != net::websocket::kCloseNoStatus) {
    co_return absl::UnavailableError(net::websocket::CloseErrorText(close));
  }
  co_return 0;
}

Task<absl::Status> Tunnel::WaitReadable() {
  absl::Status status = co_await connection_.WaitReadable();
  co_return ToStreamError(status);
}

Task<absl::Status> Tunnel::WaitBroken() {
  absl::Status status = co_await connection_.WaitBroken();
  co_return ToStreamError(status);
}

Task<absl::Status> Tunnel::Write(absl::Span<const absl::string_view> pieces) {
  std::vector<absl::string_view> message;
  size_t message_bytes = 0;
  for (absl::string_view piece : pieces) {
    while (!piece.empty()) {
      const size_t room = kMaxTunnelMessageBytes - message_bytes;
      message.push_back(piece.substr(0, room));
      message_bytes += message.back().size();
      piece.remove_prefix(message.back().size());
      if (message_bytes < kMaxTunnelMessageBytes) continue;
      absl::Status written =
          co_await connection_.Write(Opcode::kBinary, message);
      if (!written.ok()) co_return ToStreamError(written);
      message.clear();
      message_bytes = 0;
    }
  }
  if (message.empty()) co_return absl::OkStatus();
  absl::Status written = co_await connection_.Write(Opcode::kBinary, message);
  co_return ToStreamError(written);
}

}  // namespace

net::websocket::ConnectionOptions TunnelOptions(net::websocket::Role role) {
  net::websocket::ConnectionOptions options;
  options.role = role;
  return options;
}

std::unique_ptr<net::ByteStream> NewTunnel(
    Executor executor, std::unique_ptr<net::ByteStream> transport,
    net::websocket::ConnectionOptions options) {
  return std::make_unique<Tunnel>(executor, std::move(transport), options);
}

}  // namespace fairway::httpstream::wsstream
