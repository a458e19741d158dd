// SPDX-License-Identifier: Apache-2.0
// A session's inside: the streams, their turns on the transport, and the rules
// by which a connection opens, lives and ends.
//
//   multiplexer.cc          its life, and what streams ask of it
//   multiplexer_reader.cc   frames that arrive
//   multiplexer_writer.cc   frames that leave
//   multiplexer_room.cc     windows, and what may lie unread
//   multiplexer_alive.cc    pings and the idle timeout
//
// Three tasks run, and each keeps the Multiplexer alive: the reader parses and
// answers at once, never waiting for a stream unless the peer keeps no windows;
// the writer gathers control frames first, then DATA of the streams in turn,
// into one Write of the transport; the third sends pings. Every call is O(1) in
// the number of streams but for SETTINGS, the first GOAWAY, a stall's notice
// and the session's end.
//
// What came in one read is parsed whole. Then the readers of its streams run,
// and take their bytes from where they lie, before the next read; what they
// write meanwhile leaves, with the answers, in one batch.
//
// Threads:  on `executor` only.
// Lifetime: shared by the Connection, the stream handles and the tasks. The
//           tasks end soon after the session has ended.
#ifndef HTTPSTREAM_SPDY_MULTIPLEXER_H_
#define HTTPSTREAM_SPDY_MULTIPLEXER_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "httpstream/spdy/framer.h"
#include "httpstream/spdy/receive_budget.h"
#include "httpstream/spdy/session_options.h"
#include "httpstream/spdy/stall_notice.h"
#include "httpstream/spdy/stream_state.h"
#include "httpstream/spdy/window_estimator.h"
#include "net/http/headers.h"
#include "net/io/byte_stream.h"

namespace fairway::httpstream::spdy {

enum class Role { kClient, kServer };

class Multiplexer : public std::enable_shared_from_this<Multiplexer> {
 public:
  // Gives a new stream of the peer to its owner, who answers for it: OK accepts
  // it.
  using Acceptor = std::function<absl::Status(StreamPtr)>;

  Multiplexer(Executor executor, std::unique_ptr<net::ByteStream> transport,
              Role role, SessionOptions options, Acceptor acceptor);

  void Start();

  // What httpstream::Connection says of them.
  absl::StatusOr<StreamPtr> StartStream(net::http::Headers headers);
  Task<absl::Status> Close();
  void Abort();
  Task<absl::Status> WaitClosed();
  void SetIdleTimeout(absl::Duration timeout);
  Task<absl::StatusOr<bool>> KeepsStreamsApart();
  void Drain();
  absl::optional<absl::Duration> RoundTripTime() const { return round_trip_; }

  // What Stream and ByteStream say of them, for one stream.
  Task<absl::Status> WaitReplied(StreamPtr stream);
  Task<absl::StatusOr<size_t>> Read(StreamPtr stream, absl::Span<char> buf);
  Task<absl::Status> WaitReadable(StreamPtr stream);
  Task<absl::Status> WaitBroken(StreamPtr stream);
  Task<absl::Status> Write(StreamPtr stream,
                           absl::Span<const absl::string_view> pieces);
  absl::Status CloseWrite(const StreamPtr& stream);
  void CloseStream(const StreamPtr& stream);
  void ResetStream(const StreamPtr& stream, RstStatus status);
  // The handle died.
  void ReleaseStream(const StreamPtr& stream);

 private:
  using Clock = std::chrono::steady_clock;

  // Whether both ends keep windows. While it is undecided, the windows that
  // every SPDY/3.1 connection begins with hold.
  enum class Windows { kUndecided, kAgreed, kNone };

  // One Write of the transport; kept to be filled again.
  struct Batch {
    std::string control;
    std::vector<std::array<char, kFrameHeadBytes>> heads;
    std::vector<absl::string_view> pieces;
    std::vector<StreamPtr> streams;
    size_t payload_bytes = 0;

    void Clear();
  };

  // What log lines call the session.
  const std::string& name() const { return stall_.session(); }

  // --- multiplexer.cc
  StreamPtr AddStream(uint32_t id, net::http::Headers headers);
  // Takes the stream out of the session if it has ended.
  void RemoveIfEnded(const StreamPtr& stream);
  // Ends it both ways and wakes who waits on it; sends nothing.
  void DropStream(const StreamPtr& stream);
  // For a stream whose peer broke a rule: RST, and kAborted for its user.
  void AbortStream(const StreamPtr& stream, RstStatus status);
  absl::Status WriteState(const StreamState& stream) const;
  // The session is over; the first reason counts.
  void End(absl::Status reason);
  // `error`, or OK if nothing was lost with the transport.
  absl::Status ReasonOfLoss(absl::Status error) const;
  // Ends it once what was sent has arrived, or `close_timeout` later.
  Task<absl::Status> EndInGoodOrder(absl::Status reason);
  Task<absl::Status> SayFarewell();
  void CloseIfDone();

  // --- multiplexer_reader.cc
  Task<absl::Status> RunReader();
  Task<absl::Status> ReadFrames();
  // Tells the peer why, if it breaks the protocol.
  Task<absl::Status> EndByError(absl::Status error);
  // Handles what `input` holds. Returns early, with the reason in `wait_`, when
  // handling cannot go on at once.
  absl::Status HandleFrames(absl::string_view* input);
  absl::Status Handle(Frame frame);
  // Has the stream's reader woken by the next HandOver().
  void Touch(const StreamPtr& stream);
  // Lets the readers of touched streams run, and keeps what they leave.
  Task<absl::Status> HandOver();
  absl::Status OnSynStream(SynStreamFrame frame);
  void Accept(const StreamPtr& stream);
  void OnSynReply(const SynReplyFrame& frame);
  void NoteAccepted(const StreamPtr& stream);
  void OnHeaders(const HeadersFrame& frame);
  absl::Status OnData(const DataPiece& piece);
  void OnFin(const StreamPtr& stream);
  void OnRstStream(const RstStreamFrame& frame);
  absl::Status OnSettings(const SettingsFrame& frame);
  void OnPing(const PingFrame& frame);
  void OnGoAway(const GoAwayFrame& frame);
  absl::Status OnWindowUpdate(const WindowUpdateFrame& frame);
  void AgreeOnWindows();
  void DoWithoutWindows();
  StreamPtr FindStream(uint32_t id) const;
  bool IsOwnNumber(uint32_t id) const;
  bool WasOpened(uint32_t id) const;

  // --- multiplexer_room.cc
  // DATA came: takes it off the session's window.
  absl::Status ChargeSessionWindow(int64_t bytes);
  // Gives the session's window back: whole, or, while too much lies unread,
  // only for what is read; `taken_bytes` were read now.
  void ReturnSessionWindow(int64_t taken_bytes);
  // The user is done with so many received bytes.
  void GiveBackWindow(const StreamPtr& stream, size_t bytes);
  void OnProbeAnswered();
  // Whether as much lies unread as a session, or the process, may hold.
  bool IsOverfull() const;
  // Whether DATA of the stream may be taken in; once it had to wait, only when
  // there is room for more than a little.
  enum class Waited { kNo, kYes };
  bool HasRoomFor(uint32_t stream_id, Waited waited) const;
  Task<absl::Status> WaitForRoom(uint32_t stream_id);
  Task<absl::Status> WaitForWriter();
  // While reading waits nothing else would tell that the transport broke.
  Task<absl::Status> WatchTransport();
  void BeginStall(uint32_t stream_id);
  Task<absl::Status> WatchStall();
  void TellOfStall();

  // --- multiplexer_alive.cc
  Task<absl::Status> KeepAlive();
  bool PeerCanBeHeard() const;
  void HearPeer();
  Task<absl::Status> WatchIdle(absl::Duration timeout);
  void NoteActivity() { last_activity_ = Clock::now(); }

  // --- multiplexer_writer.cc
  Task<absl::Status> RunWriter();
  bool Gather();
  // Adds the stream's next frame to the batch.
  void GatherFrame(const StreamPtr& stream, size_t payload_bytes);
  size_t TurnBytes(const StreamState& stream) const;
  void TakePayload(StreamState& stream, size_t bytes);
  void FinishBatch();
  StreamState* NextInTurn() const;
  bool SessionMaySend() const;
  bool HasSomethingToSend(const StreamState& stream) const;
  int64_t SendAllowance(const StreamState& stream) const;
  // Queues the stream for its turn, if it has something to send.
  void MakeReady(StreamState& stream);
  static void Dequeue(StreamState& stream);
  void FailPendingWrites();
  void SendRst(uint32_t stream_id, RstStatus status);
  void SendSettings();
  uint32_t SendPing();
  // While input is handled the writer has to wait for the rest of the answers.
  void WakeWriter();
  bool IsFlushed() const;
  Task<absl::Status> Flush();

  const Executor executor_;
  const std::unique_ptr<net::ByteStream> transport_;
  const Role role_;
  const SessionOptions options_;
  const Acceptor acceptor_;
  TaskGroup tasks_;
  TaskGroup idle_watch_;

  ReceiveBudget budget_;  // outlives all streams
  absl::flat_hash_map<uint32_t, StreamPtr> streams_;
  uint32_t next_stream_id_;
  uint32_t last_peer_stream_id_ = 0;

  Windows windows_ = Windows::kUndecided;
  Condition windows_decided_;
  int64_t peer_initial_window_bytes_ = kInitialWindowBytes;
  int64_t send_window_bytes_ = kInitialWindowBytes;
  int64_t receive_window_bytes_ = kInitialWindowBytes;
  int64_t taken_bytes_ = 0;  // read while too much lay unread, not given back
  WindowEstimator estimator_;

  FrameParser parser_;
  enum class Wait { kNo, kForRoom, kForWriter };
  Wait wait_ = Wait::kNo;
  DataPiece held_;         // waits for room
  bool handling_ = false;  // input, until it was handed over
  std::vector<StreamPtr> touched_;
  Condition handed_over_;
  bool reading_waits_ = false;
  Condition room_;
  StallNotice stall_;
  uint32_t stalled_stream_id_ = 0;  // 0: what waits, waits for any
  bool watching_stall_ = false;

  FrameWriter frame_writer_;
  std::string control_;       // frames that wait for the writer
  size_t answers_bytes_ = 0;  // of them, what the peer made us say
  StreamQueue ready_;
  StreamQueue blocked_;  // by the session's window
  Batch batch_;
  bool writing_ = false;
  bool write_failed_ = false;
  Condition writer_has_work_;
  Condition flushed_;

  // Unanswered pings, by what they are for; 0: none.
  uint32_t next_ping_id_;
  uint32_t windows_ping_id_ = 0;
  uint32_t probe_ping_id_ = 0;
  uint32_t farewell_ping_id_ = 0;
  uint32_t last_ping_id_ = 0;  // the last of all, for the round trip's time
  Clock::time_point last_ping_sent_;
  absl::optional<absl::Duration> round_trip_;

  Clock::time_point last_heard_ = Clock::now();
  std::optional<Clock::time_point> asked_;  // first ping since last_heard_
  Clock::time_point last_activity_ = Clock::now();
  bool peer_spoke_ = false;
  bool peer_goes_away_ = false;  // GOAWAY came
  bool peer_closed_ = false;     // the transport's FIN came
  Condition farewell_moved_;     // an answer to a ping, or peer_closed_
  bool all_arrived_ = false;     // the peer has said so
  bool closing_ = false;         // no new streams
  bool draining_ = false;        // no new streams; close after the last
  bool transport_closed_ = false;
  bool ended_ = false;
  absl::Status end_reason_;
  Condition ended_condition_;
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_MULTIPLEXER_H_
