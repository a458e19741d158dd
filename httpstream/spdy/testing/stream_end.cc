// SPDX-License-Identifier: Apache-2.0
#include "httpstream/spdy/testing/stream_end.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fairway::httpstream::spdy {

using Interruption = EndPlan::Interruption;
using WriteEnd = EndPlan::WriteEnd;

namespace {

constexpr size_t kMostComplaints = 20;

}  // namespace

Task<absl::Status> Stage::WaitPhase(int wanted) {
  while (phase < wanted) {
    absl::Status waited = co_await phase_changed.Wait();
    if (!waited.ok()) co_return waited;
  }
  co_return absl::OkStatus();
}

void Stage::Complain(absl::string_view who, absl::string_view what) {
  if (complaints.size() < kMostComplaints) {
    complaints.push_back(absl::StrCat(who, ": ", what));
  }
}

Task<absl::Status> StreamEnd::Run(std::unique_ptr<Stream> stream) {
  stream_ = std::move(stream);
  id_ = stream_->identifier();
  read_limit_ = plan_->read_bytes;
  tasks_ = std::make_unique<TaskGroup>(stage_->executor);
  main_tasks_ = 2;
  if (plan_->waits_broken) tasks_->Spawn([this] { return WaitBroken(); });
  tasks_->Spawn([this] { return Write(); });
  tasks_->Spawn([this] { return Read(); });
  if (plan_->interruption != Interruption::kNone) {
    tasks_->Spawn([this] { return Interrupt(); });
  }
  absl::Status joined = co_await tasks_->Join();
  joined.IgnoreError();
  if (plan_->keep_handle) {
    absl::Status waited = co_await stage_->WaitPhase(3);
    waited.IgnoreError();
  }
  const bool dropped = plan_->interruption == Interruption::kCancelAndDrop ||
                       plan_->write_end == WriteEnd::kDropLater;
  if (plan_->close_handle && !dropped) {
    fin_said_ = fin_said_ || !resets_;
    closes_ = true;
    absl::Status closed = co_await stream_->Close();
    if (!closed.ok()) Complain(absl::StrCat("close: ", closed.ToString()));
  }
  if (!closes_ && !(fin_said_ && fin_heard_)) resets_ = true;
  stream_ = nullptr;
  done_ = true;
  co_return absl::OkStatus();
}

void StreamEnd::NoteMainTaskEnded() {
  // The others have nobody to work for then.
  if (--main_tasks_ == 0) tasks_->Cancel();
}

Task<absl::Status> StreamEnd::MayPause() {
  absl::Status status;
  if (plan_->pause_odds > 0 && stage_->random.OneIn(plan_->pause_odds)) {
    const size_t count = stage_->random.Sized(8);
    status = co_await stage_->pauses.Pause(count);
  }
  co_return status;
}

Task<absl::Status> StreamEnd::Write() {
  absl::Status status;
  while (status.ok() && written_ < plan_->payload.size()) {
    status = co_await WriteSome();
  }
  if (status.ok()) status = co_await EndWriting();
  NoteMainTaskEnded();
  co_return status;
}

Task<absl::Status> StreamEnd::WriteSome() {
  absl::Status status = co_await MayPause();
  if (!status.ok()) co_return status;
  const absl::string_view payload = plan_->payload;
  const size_t size = std::min(stage_->random.Sized(plan_->most_write_bytes),
                               payload.size() - written_);
  const absl::string_view bytes = payload.substr(written_, size);
  const size_t cut = stage_->random.Below(size + 1);
  const std::vector<absl::string_view> pieces = {bytes.substr(0, cut),
                                                 bytes.substr(cut)};
  attempted_ += size;
  status = co_await stream_->Write(pieces);
  if (status.ok()) {
    written_ += size;
  } else {
    CheckError("write", status);
  }
  co_return status;
}

Task<absl::Status> StreamEnd::EndWriting() {
  absl::Status status = co_await MayPause();
  if (!status.ok()) co_return status;
  const WriteEnd how = plan_->write_end;
  if (how == WriteEnd::kCloseWriteLater || how == WriteEnd::kDropLater) {
    status = co_await stage_->WaitPhase(3);
    if (!status.ok()) co_return status;
  }
  switch (how) {
    case WriteEnd::kCloseWrite:
    case WriteEnd::kCloseWriteLater: {
      fin_said_ = true;
      status = co_await stream_->CloseWrite();
      if (!status.ok()) {
        fin_said_ = false;
        CheckError("close write", status);
      }
      break;
    }
    case WriteEnd::kClose:
      fin_said_ = fin_said_ || !resets_;
      closes_ = true;
      status = co_await stream_->Close();
      if (!status.ok()) CheckError("close", status);
      break;
    case WriteEnd::kReset:
      Reset();
      break;
    case WriteEnd::kDropLater:
      resets_ = true;
      tasks_->Cancel();
      break;
  }
  co_return status;
}

Task<absl::Status> StreamEnd::Read() {
  bool more = true;
  while (more) more = co_await ReadSome();
  NoteMainTaskEnded();
  co_return absl::OkStatus();
}

Task<bool> StreamEnd::StopReading() {
  absl::Status waited = co_await stage_->WaitPhase(2);
  if (!waited.ok()) co_return false;
  if (plan_->unread == EndPlan::Unread::kResetLater) {
    Reset();
    co_return false;
  }
  read_limit_ = SIZE_MAX;
  co_return true;
}

Task<bool> StreamEnd::ReadSome() {
  if (received_ >= read_limit_) {
    const bool goes_on = co_await StopReading();
    if (!goes_on) co_return false;
  }
  absl::Status status = co_await MayPause();
  if (!status.ok()) co_return false;
  if (stage_->random.OneIn(4)) {
    status = co_await stream_->WaitReadable();
    if (!status.ok()) {
      CheckError("wait readable", status);
      co_return false;
    }
  }
  const size_t most = std::min(stage_->random.Sized(plan_->most_read_bytes),
                               read_limit_ - received_);
  std::string buffer(most, '\0');
  absl::StatusOr<size_t> n = co_await stream_->Read(absl::MakeSpan(buffer));
  if (!n.ok()) {
    CheckError("read", n.status());
    co_return false;
  }
  if (*n == 0) {
    OnFin();
    co_return false;
  }
  const std::string& payload = peer_->plan_->payload;
  if (received_ + *n > peer_->attempted_) {
    Complain(absl::StrCat("hears ", received_ + *n, " bytes of ",
                          peer_->attempted_));
    co_return false;
  }
  if (payload.compare(received_, *n, buffer, 0, *n) != 0) {
    Complain(absl::StrCat("hears other bytes at ", received_));
    co_return false;
  }
  received_ += *n;
  stage_->bytes += *n;
  co_return true;
}

void StreamEnd::OnFin() {
  ++stage_->fins;
  fin_heard_ = true;
  if (!peer_->fin_said_) Complain("hears a FIN that was not said");
  if (received_ != peer_->attempted_) {
    Complain(absl::StrCat("hears the FIN after ", received_, " bytes of ",
                          peer_->attempted_));
  }
}

Task<absl::Status> StreamEnd::Interrupt() {
  absl::Status status =
      co_await stage_->pauses.Pause(plan_->interruption_pauses);
  if (!status.ok()) co_return status;
  resets_ = true;
  if (plan_->interruption != Interruption::kReset) tasks_->Cancel();
  if (plan_->interruption != Interruption::kCancelAndDrop) Reset();
  co_return absl::OkStatus();
}

void StreamEnd::Reset() {
  resets_ = said_reset_ = true;
  stream_->Reset();
}

Task<absl::Status> StreamEnd::WaitBroken() {
  absl::Status broken = co_await stream_->WaitBroken();
  broken_told_ = true;
  const bool cancelled = main_tasks_ == 0 || resets_;
  if (!(cancelled && absl::IsCancelled(broken))) {
    CheckError("wait broken", broken);
  }
  co_return broken;
}

void StreamEnd::CheckError(absl::string_view call, const absl::Status& status) {
  bool has_reason = false;
  if (absl::IsAborted(status)) {
    ++stage_->aborts;
    has_reason = peer_->resets_ || stage_->session_disturbed;
  } else if (absl::IsCancelled(status)) {
    has_reason = resets_ || closes_ || stage_->session_disturbed;
  } else if (absl::IsUnavailable(status)) {
    ++stage_->losses;
    has_reason = stage_->session_disturbed;
  }
  if (!has_reason) Complain(absl::StrCat(call, ": ", status.ToString()));
}

std::string StreamEnd::ToString() const {
  return absl::StrCat(name_, ", stream ", id_, ", wrote ", written_, " of ",
                      attempted_, " of ", plan_->payload.size(),
                      fin_said_ ? " and FIN" : "", ", heard ", received_,
                      fin_heard_ ? " and FIN" : "", resets_ ? ", reset" : "",
                      closes_ ? ", closed" : "", done_ ? ", done" : "");
}

}  // namespace fairway::httpstream::spdy
