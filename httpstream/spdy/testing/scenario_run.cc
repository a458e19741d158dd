// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/testing/scenario_run.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/task/run_on.h"
#include "base/task/task_group.h"
#include "base/task/testing/manual_loop.h"
#include "httpstream/spdy/receive_budget.h"
#include "httpstream/spdy/session.h"
#include "httpstream/spdy/testing/stream_end.h"
#include "net/io/pipe.h"

namespace fairway::httpstream::spdy {
namespace {

using Answer = StreamPlan::Answer;

// More than any run needs: it goes round in circles then.
constexpr size_t kMostSteps = 5 * 1000 * 1000;
// A session reads 64 KiB at a time. A piece of so much may come into a buffer
// that has room for one byte, and the next may have been read before it is seen
// that there is none.
constexpr size_t kBeyondBytes = 2 * 64 * 1024;

// Whether no more streams are made, and the others end in good order.
bool Drains(SessionEvent event) {
  return event == SessionEvent::kDrainClient ||
         event == SessionEvent::kDrainServer ||
         event == SessionEvent::kDrainBoth || event == SessionEvent::kGoAway;
}

GateOptions GateOf(const Scenario& scenario, bool from_client) {
  GateOptions options;
  options.from_client = from_client;
  options.without_windows = !scenario.with_windows;
  options.ping_odds = scenario.ping_odds;
  if (from_client) options.fault = scenario.fault;
  return options;
}

// Bytes that may lie unread in `plan`'s end until it is told to go on.
size_t UnreadBytes(const EndPlan& plan, const EndPlan& peer) {
  const bool kept =
      plan.keep_handle && plan.interruption != EndPlan::Interruption::kNone;
  const size_t read = kept ? 0 : plan.read_bytes;
  return peer.payload.size() - std::min(peer.payload.size(), read);
}

// One of the two sessions, and its transport.
struct Side {
  Side(Stage* stage, const Scenario& scenario, bool is_client)
      : options(is_client ? scenario.client : scenario.server),
        sent(GateOf(scenario, is_client), &stage->random, &stage->complaints),
        received(GateOptions(), &stage->random, &unused) {
    wire.random = &stage->random;
    wire.pauses = &stage->pauses;
    wire.sent = &sent;
    wire.received = &received;
  }

  const SessionOptions options;
  FrameGate sent;
  FrameGate received;
  std::vector<std::string> unused;
  Wire wire;
  std::unique_ptr<Connection> connection;
  std::optional<absl::Status> end_reason;  // of WaitClosed()
};

class Run {
 public:
  explicit Run(const Scenario& scenario)
      : scenario_(scenario),
        stage_(loop_.executor(), scenario.seed ^ 0x5bd1e995),
        client_(&stage_, scenario, /*is_client=*/true),
        server_(&stage_, scenario, /*is_client=*/false),
        tasks_(loop_.executor()) {}

  Outcome Execute();

 private:
  void Start();
  void StartTasks();
  absl::Status OnNewStream(std::unique_ptr<Stream> stream);
  Task<absl::Status> OpenStream(size_t number);
  void CheckRefusal(size_t number, const absl::Status& status);
  void CheckHeaders(size_t number, const Stream& stream);
  Task<absl::Status> DisturbSession();
  Task<absl::Status> CloseSession(Side& side);
  Task<absl::Status> WatchEnd(Side& side);
  Task<absl::Status> AskWhetherApart(Side& side);
  void RunUntilQuiet();
  void EnterPhase(int phase);
  void CheckBuffers();
  void CheckBuffersOf(const Side& side, const std::vector<StreamEnd>& ends);
  bool StallsAreHarmless() const;
  void CheckTidings();
  void CheckOthersAreDone();
  void CheckStreamsAreDone();
  void SayFarewell();
  void CheckEnd();
  void TearDown();
  void Complain(absl::string_view what) { stage_.Complain("run", what); }
  bool Destroys() const {
    return scenario_.event == SessionEvent::kDestroyClient ||
           scenario_.event == SessionEvent::kDestroyServer;
  }

  const Scenario& scenario_;
  ManualLoop loop_;
  Stage stage_;
  Side client_;
  Side server_;
  std::vector<StreamEnd> near_;
  std::vector<StreamEnd> far_;
  TaskGroup tasks_;
  size_t steps_ = 0;
  size_t calls_that_last_ = 0;  // CreateStream, Close, KeepsStreamsApart
  size_t common_streams_ = 0;
};

Outcome Run::Execute() {
  Start();
  RunUntilQuiet();
  CheckTidings();
  CheckOthersAreDone();
  EnterPhase(2);
  EnterPhase(3);
  CheckStreamsAreDone();
  if (stage_.complaints.empty()) {
    SayFarewell();
    RunUntilQuiet();
    CheckEnd();
  }
  TearDown();
  Outcome outcome;
  outcome.faults = std::move(stage_.complaints);
  outcome.steps = steps_;
  outcome.streams = common_streams_;
  outcome.fins = stage_.fins;
  outcome.aborts = stage_.aborts;
  outcome.losses = stage_.losses;
  outcome.bytes = stage_.bytes;
  return outcome;
}

void Run::Start() {
  auto [a, b] = net::MakePipe(loop_.executor(), scenario_.pipe_bytes);
  client_.connection = NewClientConnection(
      loop_.executor(),
      NewRoughTransport(std::move(a), scenario_.roughness, &client_.wire),
      client_.options);
  server_.connection = NewServerConnection(
      loop_.executor(),
      NewRoughTransport(std::move(b), scenario_.roughness, &server_.wire),
      server_.options, [this](std::unique_ptr<Stream> stream) {
        return OnNewStream(std::move(stream));
      });
  if (scenario_.idle_timeout) {
    client_.connection->SetIdleTimeout(absl::Hours(1));
    server_.connection->SetIdleTimeout(absl::Hours(1));
  }
  const size_t count = scenario_.streams.size();
  near_.reserve(count);
  far_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const StreamPlan& plan = scenario_.streams[i];
    near_.emplace_back(&stage_, &plan.near, absl::StrCat("near ", i));
    far_.emplace_back(&stage_, &plan.far, absl::StrCat("far ", i));
    near_[i].set_peer(&far_[i]);
    far_[i].set_peer(&near_[i]);
  }
  StartTasks();
}

void Run::StartTasks() {
  for (size_t i = 0; i < near_.size(); ++i) {
    tasks_.Spawn([this, i] { return OpenStream(i); });
  }
  if (scenario_.event != SessionEvent::kNone) {
    tasks_.Spawn([this] { return DisturbSession(); });
  }
  // A connection must not die with a call of its own under way.
  if (Destroys()) return;
  for (Side* side : {&client_, &server_}) {
    tasks_.Spawn([this, side] { return WatchEnd(*side); });
    tasks_.Spawn([this, side] { return AskWhetherApart(*side); });
  }
}

absl::Status Run::OnNewStream(std::unique_ptr<Stream> stream) {
  size_t number = 0;
  if (!absl::SimpleAtoi(stream->headers().Get("number"), &number) ||
      number >= far_.size() || far_[number].started()) {
    Complain("a stream that nobody made");
    return absl::InvalidArgumentError("number");
  }
  CheckHeaders(number, *stream);
  StreamEnd& end = far_[number];
  switch (scenario_.streams[number].answer) {
    case Answer::kAccept:
      break;
    case Answer::kRefuse:
      end.GiveUp();
      return absl::ResourceExhaustedError("refused");
    case Answer::kInvalid:
      end.GiveUp();
      return absl::InvalidArgumentError("invalid");
    case Answer::kDrop:
      end.GiveUp();
      return absl::OkStatus();
    case Answer::kReset:
      end.GiveUp();
      stream->Reset();
      return absl::OkStatus();
  }
  ++common_streams_;
  auto shared = std::make_shared<std::unique_ptr<Stream>>(std::move(stream));
  tasks_.Spawn([&end, shared] { return end.Run(std::move(*shared)); });
  return absl::OkStatus();
}

Task<absl::Status> Run::OpenStream(size_t number) {
  const StreamPlan& plan = scenario_.streams[number];
  absl::Status status = co_await stage_.pauses.Pause(plan.start_pauses);
  if (client_.connection == nullptr) {
    near_[number].GiveUp();
    co_return status;
  }
  ++calls_that_last_;
  net::http::Headers headers = plan.headers;
  absl::StatusOr<std::unique_ptr<Stream>> stream =
      co_await client_.connection->CreateStream(std::move(headers));
  --calls_that_last_;
  if (!stream.ok()) {
    near_[number].GiveUp();
    CheckRefusal(number, stream.status());
    co_return stream.status();
  }
  if (plan.answer != Answer::kAccept) Complain("a refused stream is there");
  CheckHeaders(number, **stream);
  status = co_await near_[number].Run(*std::move(stream));
  co_return status;
}

void Run::CheckRefusal(size_t number, const absl::Status& status) {
  const bool going = stage_.session_disturbed || Drains(scenario_.event);
  const size_t count = scenario_.streams.size();
  bool has_reason = false;
  if (absl::IsAborted(status)) {
    has_reason =
        going || far_[number].resets() || server_.options.max_streams < count;
  } else if (absl::IsUnavailable(status)) {
    has_reason = going;
  } else if (absl::IsResourceExhausted(status)) {
    has_reason = client_.options.max_streams < count ||
                 client_.options.max_stream_id < 2 * count;
  }
  if (!has_reason) {
    Complain(absl::StrCat("create stream ", number, ": ", status.ToString()));
  }
}

void Run::CheckHeaders(size_t number, const Stream& stream) {
  const net::http::Headers& wanted = scenario_.streams[number].headers;
  bool same = stream.headers().size() == wanted.size();
  for (const auto& [name, value] : wanted) {
    same = same && stream.headers().Get(name) == value;
  }
  if (!same) Complain(absl::StrCat("other headers, stream ", number));
}

Task<absl::Status> Run::DisturbSession() {
  absl::Status status = co_await stage_.pauses.Pause(scenario_.event_pauses);
  if (!status.ok()) co_return status;
  const SessionEvent event = scenario_.event;
  stage_.session_disturbed = !Drains(event);
  switch (event) {
    case SessionEvent::kNone:
      break;
    case SessionEvent::kDrainClient:
      client_.connection->Drain();
      break;
    case SessionEvent::kDrainServer:
      server_.connection->Drain();
      break;
    case SessionEvent::kDrainBoth:
      client_.connection->Drain();
      server_.connection->Drain();
      break;
    case SessionEvent::kGoAway:
      server_.sent.AddGoAway();
      break;
    case SessionEvent::kCloseClient:
      status = co_await CloseSession(client_);
      break;
    case SessionEvent::kCloseServer:
      status = co_await CloseSession(server_);
      break;
    case SessionEvent::kCloseBoth:
      tasks_.Spawn([this] { return CloseSession(server_); });
      status = co_await CloseSession(client_);
      break;
    case SessionEvent::kAbortClient:
      client_.connection->Abort();
      break;
    case SessionEvent::kAbortServer:
      server_.connection->Abort();
      break;
    case SessionEvent::kCutTransport:
      if (client_.wire.transport != nullptr) client_.wire.transport->Abort();
      break;
    case SessionEvent::kDestroyClient:
      client_.connection = nullptr;
      break;
    case SessionEvent::kDestroyServer:
      server_.connection = nullptr;
      break;
  }
  co_return status;
}

Task<absl::Status> Run::CloseSession(Side& side) {
  ++calls_that_last_;
  absl::Status closed = co_await side.connection->Close();
  --calls_that_last_;
  if (!closed.ok()) Complain(absl::StrCat("close: ", closed.ToString()));
  co_return closed;
}

Task<absl::Status> Run::WatchEnd(Side& side) {
  absl::Status reason = co_await side.connection->WaitClosed();
  side.end_reason = reason;
  co_return absl::OkStatus();
}

Task<absl::Status> Run::AskWhetherApart(Side& side) {
  absl::StatusOr<bool> apart = co_await side.connection->KeepsStreamsApart();
  const bool ended = stage_.session_disturbed || side.end_reason.has_value() ||
                     stage_.phase > 3 || Drains(scenario_.event);
  if (!apart.ok() ? !ended : *apart != scenario_.with_windows) {
    Complain(absl::StrCat("keeps streams apart: ", apart.status().ToString()));
  }
  co_return absl::OkStatus();
}

void Run::RunUntilQuiet() {
  while (steps_ < kMostSteps) {
    ++steps_;
    if (stage_.random.OneIn(scenario_.release_odds)) {
      stage_.pauses.ReleaseOne();
    }
    if (loop_.RunOne()) continue;
    CheckBuffers();
    if (!stage_.pauses.ReleaseOne()) return;
  }
  Complain("goes round in circles");
}

void Run::EnterPhase(int phase) {
  stage_.phase = phase;
  stage_.phase_changed.NotifyAll();
  RunUntilQuiet();
}

void Run::CheckBuffers() {
  CheckBuffersOf(client_, near_);
  CheckBuffersOf(server_, far_);
}

void Run::CheckBuffersOf(const Side& side, const std::vector<StreamEnd>& ends) {
  const SessionOptions& options = side.options;
  const size_t window = static_cast<size_t>(
      std::max({options.stream_window_bytes, options.max_stream_window_bytes,
                kInitialWindowBytes}));
  const size_t session_window = std::max<size_t>(
      2 * window, static_cast<size_t>(options.session_window_bytes));
  const size_t most = scenario_.with_windows
                          ? window
                          : options.receive_buffer_bytes + kBeyondBytes;
  const size_t most_of_all =
      options.session_buffer_bytes +
      (scenario_.with_windows ? session_window : kBeyondBytes);
  size_t all = 0;
  for (const StreamEnd& end : ends) {
    if (!end.hears()) continue;
    const size_t held =
        side.received.PayloadOf(end.id()) - end.received_bytes();
    all += held;
    if (held > most) {
      Complain(absl::StrCat(held, " bytes lie unread: ", end.ToString()));
    }
  }
  if (all > most_of_all) Complain(absl::StrCat(all, " bytes lie unread"));
}

bool Run::StallsAreHarmless() const {
  size_t near_unread = 0;
  size_t far_unread = 0;
  for (const StreamPlan& plan : scenario_.streams) {
    const size_t near = UnreadBytes(plan.near, plan.far);
    const size_t far = UnreadBytes(plan.far, plan.near);
    if (!scenario_.with_windows &&
        (near > client_.options.receive_buffer_bytes / 2 ||
         far > server_.options.receive_buffer_bytes / 2)) {
      return false;
    }
    near_unread += near;
    far_unread += far;
  }
  return near_unread <= client_.options.session_buffer_bytes / 2 &&
         far_unread <= server_.options.session_buffer_bytes / 2 &&
         near_unread + far_unread <=
             std::min(client_.options.process_buffer_bytes,
                      server_.options.process_buffer_bytes) /
                 2;
}

// Whoever does not read is told of an end all the same.
void Run::CheckTidings() {
  const bool resets_are_heard =
      !stage_.session_disturbed && StallsAreHarmless();
  for (const Side* side : {&client_, &server_}) {
    const bool ended = side->end_reason.has_value();
    for (const StreamEnd& end : side == &client_ ? near_ : far_) {
      if (ended && end.waits_broken()) {
        Complain(absl::StrCat("does not know the end: ", end.ToString()));
      }
      if (resets_are_heard && end.misses_reset()) {
        Complain(absl::StrCat("does not know of a reset: ", end.ToString()));
      }
    }
  }
}

// Streams that nobody reads, or that have not ended, must not hold up those
// that are read.
void Run::CheckOthersAreDone() {
  if (stage_.session_disturbed || !StallsAreHarmless()) return;
  for (size_t i = 0; i < near_.size(); ++i) {
    const StreamPlan& plan = scenario_.streams[i];
    if (plan.near.IsStill() || plan.far.IsStill()) continue;
    for (const StreamEnd* end : {&near_[i], &far_[i]}) {
      if (end->started() && !end->done()) {
        Complain(absl::StrCat("held up: ", end->ToString()));
      }
    }
  }
}

void Run::CheckStreamsAreDone() {
  for (const std::vector<StreamEnd>* ends : {&near_, &far_}) {
    for (const StreamEnd& end : *ends) {
      if (end.started() && !end.done()) {
        Complain(absl::StrCat("hangs: ", end.ToString()));
      }
    }
  }
  if (calls_that_last_ > 0) Complain("hangs: a call of the connection");
}

void Run::SayFarewell() {
  stage_.phase = 4;
  // A server that said nothing more did not say GOAWAY.
  const bool drained =
      Drains(scenario_.event) && (scenario_.event != SessionEvent::kGoAway ||
                                  server_.sent.added_go_away());
  if (drained &&
      !(client_.end_reason.has_value() && server_.end_reason.has_value())) {
    Complain("hangs: a drained session");
  }
  if (Destroys() || drained) return;
  using Farewell = Scenario::Farewell;
  if (scenario_.farewell != Farewell::kServer) {
    tasks_.Spawn([this] { return CloseSession(client_); });
  }
  if (scenario_.farewell != Farewell::kClient) {
    tasks_.Spawn([this] { return CloseSession(server_); });
  }
}

void Run::CheckEnd() {
  if (calls_that_last_ > 0) Complain("hangs: Close()");
  for (Side* side : {&client_, &server_}) {
    const char* name = side == &client_ ? "client" : "server";
    if (!side->end_reason.has_value()) {
      if (!Destroys()) Complain(absl::StrCat("hangs: the ", name));
    } else if (!side->end_reason->ok() && !stage_.session_disturbed &&
               !(Drains(scenario_.event) && common_streams_ == 0)) {
      Complain(absl::StrCat(name, ": ", side->end_reason->ToString()));
    }
  }
}

void Run::TearDown() {
  const bool failed = !stage_.complaints.empty();
  // Sessions are called on their loop only.
  Post(loop_.executor(), [this, failed] {
    for (Side* side : {&client_, &server_}) {
      if (side->connection != nullptr) side->connection->Abort();
    }
    if (failed) tasks_.Cancel();
  });
  RunUntilQuiet();
  if (!failed && tasks_.running() > 0) Complain("a task is left");
  Post(loop_.executor(), [this] {
    client_.connection = nullptr;
    server_.connection = nullptr;
  });
  RunUntilQuiet();
  if (failed) return;
  if (client_.wire.transport != nullptr || server_.wire.transport != nullptr) {
    Complain("a session outlives its end");
  }
  if (!loop_.IsEmpty()) Complain("somebody still waits on the loop");
  if (ReceiveBudget::process_bytes() != 0) Complain("unread bytes are left");
}

}  // namespace

void Outcome::Add(const Outcome& other) {
  faults.insert(faults.end(), other.faults.begin(), other.faults.end());
  steps += other.steps;
  streams += other.streams;
  fins += other.fins;
  aborts += other.aborts;
  losses += other.losses;
  bytes += other.bytes;
}

Outcome RunScenario(const Scenario& scenario) {
  return Run(scenario).Execute();
}

}  // namespace fairway::httpstream::spdy
