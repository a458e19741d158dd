// SPDX-License-Identifier: Apache-2.0
// A connection and what is at its other end, for tests.
#ifndef NET_WEBSOCKET_TESTING_PEER_H_
#define NET_WEBSOCKET_TESTING_PEER_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/task/testing/run_test.h"
#include "net/io/pipe.h"
#include "net/websocket/connection.h"
#include "net/websocket/decoder.h"

namespace fairway::net::websocket {

inline ConnectionOptions OptionsOf(Role role) {
  ConnectionOptions options;
  options.role = role;
  options.close_timeout = absl::Milliseconds(200);
  return options;
}

// A peer that is played by hand: it writes frames, and logs those that come,
// "T:text." "B:3 bytes." "ping(x)" "close(1000,why)", then "fin" or "[CODE]".
class Peer {
 public:
  // `role`: the peer's own.
  Peer(Role role, std::unique_ptr<ByteStream> stream)
      : role_(role), stream_(std::move(stream)), decoder_(role) {}

  Task<absl::Status> Send(Opcode opcode, std::string payload, bool fin = true) {
    FrameHead head;
    head.opcode = opcode;
    head.fin = fin;
    head.payload_bytes = payload.size();
    if (role_ == Role::kClient) head.mask = RandomMaskKey();
    std::string frame;
    AppendFrameHead(head, &frame);
    const size_t start = frame.size();
    frame += payload;
    if (head.mask) Mask(*head.mask, 0, payload, frame.data() + start);
    absl::Status written = co_await WriteAll(*stream_, frame);
    co_return written;
  }

  Task<absl::Status> SendClose(uint16_t code, std::string reason) {
    std::string frame;
    AppendCloseFrame(role_, {code, reason}, &frame);
    absl::Status written = co_await WriteAll(*stream_, frame);
    co_return written;
  }

  // Reads until the log ends with `end`, or nothing more comes.
  Task<std::string> ReadUntil(std::string end) {
    std::vector<char> buf(10'000);
    while (!absl::EndsWith(log_, end)) {
      absl::StatusOr<size_t> n = co_await stream_->Read(absl::MakeSpan(buf));
      if (!n.ok()) {
        co_return absl::StrCat(
            log_, "[", absl::StatusCodeToString(n.status().code()), "]");
      }
      if (*n == 0) co_return log_ + "fin";
      Log(absl::MakeSpan(buf).first(*n));
    }
    co_return std::exchange(log_, "");
  }

  ByteStream& stream() { return *stream_; }

 private:
  void Log(absl::Span<char> bytes) {
    while (true) {
      absl::StatusOr<std::optional<Event>> event = decoder_.Next(&bytes);
      if (!event.ok()) log_ += "error";
      if (!event.ok() || !event->has_value()) return;
      const std::string payload((*event)->payload);
      switch ((*event)->type) {
        case Event::Type::kData:
          message_ += payload;
          if (!(*event)->end_of_message) break;
          absl::StrAppend(&log_,
                          (*event)->opcode == Opcode::kText
                              ? absl::StrCat("T:", message_)
                              : absl::StrCat("B:", message_.size(), " bytes"),
                          ".");
          message_.clear();
          break;
        case Event::Type::kPing:
          absl::StrAppend(&log_, "ping(", payload, ")");
          break;
        case Event::Type::kPong:
          absl::StrAppend(&log_, "pong(", payload, ")");
          break;
        case Event::Type::kClose:
          absl::StrAppend(&log_, "close(", (*event)->close_code, ",", payload,
                          ")");
          break;
      }
    }
  }

  const Role role_;
  const std::unique_ptr<ByteStream> stream_;
  Decoder decoder_;
  std::string message_;
  std::string log_;
};

struct Ends {
  std::unique_ptr<Connection> ours;
  std::unique_ptr<Peer> peer;
};

inline Ends MakeEnds(Executor executor, ConnectionOptions options,
                     size_t pipe_bytes = kDefaultPipeBytes) {
  auto [a, b] = MakePipe(executor, pipe_bytes);
  Ends ends;
  ends.ours = std::make_unique<Connection>(executor, std::move(a), options);
  ends.peer = std::make_unique<Peer>(
      options.role == Role::kClient ? Role::kServer : Role::kClient,
      std::move(b));
  return ends;
}

inline Task<absl::Status> Write(Connection& connection, Opcode opcode,
                                std::string payload) {
  const absl::string_view piece = payload;
  absl::Status written =
      co_await connection.Write(opcode, absl::MakeSpan(&piece, 1));
  co_return written;
}

// One message, "T:text" or "B:bytes"; "close", or an error's text.
inline Task<std::string> ReadMessage(Connection& connection,
                                     size_t buf_bytes = 1000) {
  std::string message;
  std::vector<char> buf(buf_bytes);
  while (true) {
    absl::StatusOr<Connection::Piece> piece =
        co_await connection.Read(absl::MakeSpan(buf));
    if (!piece.ok()) co_return message + piece.status().ToString();
    if (piece->opcode == Opcode::kClose) co_return message + "close";
    if (message.empty()) {
      message = piece->opcode == Opcode::kText ? "T:" : "B:";
    }
    message.append(buf.data(), piece->bytes);
    if (piece->end_of_message) co_return message;
  }
}

// Both roles, for what is the same in both.
inline void ForBothRoles(
    std::function<Task<absl::Status>(Executor, ConnectionOptions)> body) {
  for (Role role : {Role::kClient, Role::kServer}) {
    SCOPED_TRACE(role == Role::kClient ? "client" : "server");
    RunTest([&](Executor executor) { return body(executor, OptionsOf(role)); });
  }
}

}  // namespace fairway::net::websocket

#endif  // NET_WEBSOCKET_TESTING_PEER_H_
