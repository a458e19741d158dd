// SPDX-License-Identifier: Apache-2.0
// One end of a stream in a scenario: does what its plan says, and holds what it
// hears against what the other end said.
#ifndef HTTPSTREAM_SPDY_TESTING_STREAM_END_H_
#define HTTPSTREAM_SPDY_TESTING_STREAM_END_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "httpstream/httpstream.h"
#include "httpstream/spdy/testing/pauses.h"
#include "httpstream/spdy/testing/random.h"
#include "httpstream/spdy/testing/scenario.h"

namespace fairway::httpstream::spdy {

// What all ends of a run share.
struct Stage {
  Stage(Executor e, uint64_t seed)
      : executor(e), random(seed), pauses(e, &random), phase_changed(e) {}

  // Waits until `phase` has begun. Errors: kCancelled.
  Task<absl::Status> WaitPhase(int wanted);
  void Complain(absl::string_view who, absl::string_view what);

  const Executor executor;
  Random random;
  Pauses pauses;
  int phase = 1;
  Condition phase_changed;
  std::vector<std::string> complaints;
  // Somebody closed, aborted or cut the session: streams may end by it.
  bool session_disturbed = false;
  // What the run has seen happen.
  size_t fins = 0;
  size_t aborts = 0;
  size_t losses = 0;
  size_t bytes = 0;
};

class StreamEnd {
 public:
  StreamEnd(Stage* stage, const EndPlan* plan, std::string name)
      : stage_(stage), plan_(plan), name_(std::move(name)) {}

  void set_peer(const StreamEnd* peer) { peer_ = peer; }

  // Lives the stream's whole life.
  Task<absl::Status> Run(std::unique_ptr<Stream> stream);
  // There will be no stream, or none any more.
  void GiveUp() { resets_ = done_ = true; }

  bool started() const { return id_ != 0; }
  bool done() const { return done_; }
  bool resets() const { return resets_; }
  // Whether a WaitBroken() has not returned yet, which both FINs would excuse.
  bool waits_broken() const {
    return plan_->waits_broken && started() && !done_ && !fin_said_ &&
           !broken_told_;
  }
  // Whether it does not know of the other end's reset.
  bool misses_reset() const {
    return waits_broken() && peer_->started() && peer_->resets_ &&
           (peer_->said_reset_ || peer_->done_);
  }
  // Whether what arrives for it lies unread until it reads.
  bool hears() const { return started() && !done_ && !resets_ && !closes_; }
  uint32_t id() const { return id_; }
  size_t received_bytes() const { return received_; }
  std::string ToString() const;

 private:
  Task<absl::Status> Write();
  Task<absl::Status> WriteSome();
  Task<absl::Status> EndWriting();
  Task<absl::Status> Read();
  // Once; true when there is more to read.
  Task<bool> ReadSome();
  Task<bool> StopReading();
  Task<absl::Status> Interrupt();
  void Reset();
  Task<absl::Status> WaitBroken();
  Task<absl::Status> MayPause();
  void NoteMainTaskEnded();
  void OnFin();
  void CheckError(absl::string_view call, const absl::Status& status);
  void Complain(absl::string_view what) { stage_->Complain(name_, what); }

  Stage* const stage_;
  const EndPlan* const plan_;
  const std::string name_;
  const StreamEnd* peer_ = nullptr;

  std::unique_ptr<Stream> stream_;
  std::unique_ptr<TaskGroup> tasks_;
  uint32_t id_ = 0;
  int main_tasks_ = 0;
  size_t written_ = 0;    // Write() returned OK for
  size_t attempted_ = 0;  // Write() was called for
  size_t received_ = 0;
  size_t read_limit_ = 0;
  bool fin_said_ = false;
  bool fin_heard_ = false;
  bool broken_told_ = false;
  bool resets_ = false;      // Reset(), Abort(), or dropped without both FINs
  bool said_reset_ = false;  // Reset() or Abort() was called
  bool closes_ = false;
  bool done_ = false;
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_TESTING_STREAM_END_H_
