// SPDX-License-Identifier: Apache-2.0
// The other end of a session, frame by frame: for what a session of ours never
// does.
#ifndef HTTPSTREAM_SPDY_TESTING_RAW_PEER_H_
#define HTTPSTREAM_SPDY_TESTING_RAW_PEER_H_

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/task/deadline.h"
#include "base/task/task.h"
#include "httpstream/spdy/framer.h"
#include "net/io/byte_stream.h"

namespace fairway::httpstream::spdy {

class RawPeer {
 public:
  explicit RawPeer(std::unique_ptr<net::ByteStream> transport)
      : transport_(std::move(transport)) {}

  RawPeer& SynStream(uint32_t id, net::http::Headers headers = {}) {
    SynStreamFrame frame;
    frame.stream_id = id;
    frame.headers = std::move(headers);
    return Note(writer_.AppendSynStream(frame, &out_));
  }
  RawPeer& SynReply(uint32_t id) {
    SynReplyFrame frame;
    frame.stream_id = id;
    return Note(writer_.AppendSynReply(frame, &out_));
  }
  RawPeer& Data(uint32_t id, absl::string_view payload, Fin fin = Fin::kNo) {
    const auto head = DataHead(id, payload.size(), fin);
    out_.append(head.data(), head.size());
    out_.append(payload.data(), payload.size());
    return *this;
  }
  RawPeer& Rst(uint32_t id, RstStatus status) {
    AppendRstStream({id, status}, &out_);
    return *this;
  }
  RawPeer& Ping(uint32_t id) {
    AppendPing({id}, &out_);
    return *this;
  }
  RawPeer& GoAway(uint32_t last_good) {
    AppendGoAway({last_good, GoAwayStatus::kOk}, &out_);
    return *this;
  }
  RawPeer& Settings(uint32_t window) {
    SettingsFrame frame;
    frame.settings.push_back({0, kSettingInitialWindowSize, window});
    AppendSettings(frame, &out_);
    return *this;
  }
  RawPeer& WindowUpdate(uint32_t id, uint32_t delta) {
    AppendWindowUpdate({id, delta}, &out_);
    return *this;
  }
  RawPeer& Bytes(absl::string_view bytes) {
    out_.append(bytes.data(), bytes.size());
    return *this;
  }

  // Sends what the calls above made.
  Task<absl::Status> Send() {
    std::string out = std::exchange(out_, "");
    absl::Status status = error_;
    if (status.ok()) status = co_await net::WriteAll(*transport_, out);
    co_return status;
  }

  // The next frame, or piece of DATA; std::monostate at the transport's end.
  // A payload is valid until the next call. Errors: kDeadlineExceeded after
  // five seconds.
  Task<absl::StatusOr<Frame>> Next() {
    absl::StatusOr<Frame> frame = co_await WithDeadline<Frame>(
        absl::Seconds(5), "frame",
        [this]() -> Task<absl::StatusOr<Frame>> { return ReadFrame(); });
    co_return frame;
  }

  // As Next(), for a frame of type F, or kFailedPrecondition.
  template <typename F>
  Task<absl::StatusOr<F>> Expect() {
    absl::StatusOr<Frame> frame = co_await Next();
    if (!frame.ok()) co_return frame.status();
    if (auto* wanted = std::get_if<F>(&*frame)) co_return std::move(*wanted);
    co_return absl::FailedPreconditionError(
        absl::StrCat("another frame, number ", frame->index()));
  }

  net::ByteStream& transport() { return *transport_; }

 private:
  RawPeer& Note(absl::Status status) {
    if (error_.ok()) error_ = std::move(status);
    return *this;
  }

  Task<absl::StatusOr<Frame>> ReadFrame() {
    while (true) {
      absl::StatusOr<Frame> frame = parser_.Next(&input_);
      if (!frame.ok() || !std::holds_alternative<std::monostate>(*frame)) {
        co_return frame;
      }
      absl::StatusOr<size_t> n =
          co_await transport_->Read(absl::MakeSpan(buffer_));
      if (!n.ok()) co_return n.status();
      if (*n == 0) co_return Frame();
      input_ = absl::string_view(buffer_, *n);
    }
  }

  std::unique_ptr<net::ByteStream> transport_;
  FrameWriter writer_;
  FrameParser parser_;
  std::string out_;
  absl::Status error_;
  char buffer_[16 * 1024];
  absl::string_view input_;
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_TESTING_RAW_PEER_H_
