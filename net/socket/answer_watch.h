// SPDX-License-Identifier: Apache-2.0
// Looking for an answer for a moment instead of sleeping until it comes.
//
// Most of what a short message costs is that each process on its way has been
// put to sleep and must be woken: 10 to 30 us where an idle processor is halted
// (in a virtual machine, or in a deep C-state), beside 5 us for our own work.
// So who has asked a peer that answered the question before at once goes on
// looking; as Linux's cpuidle-haltpoll does for a processor, and for as long.
// Every other process that wants the processor gets it first.
//
// Transfers, streams in one direction and peers that take longer are never
// looked for, an idle connection is not, and what is looked for in vain once is
// slept for from then on.
#ifndef NET_SOCKET_ANSWER_WATCH_H_
#define NET_SOCKET_ANSWER_WATCH_H_

#include <chrono>
#include <cstddef>

#include "base/task/task.h"

namespace fairway::net {

// What one peer does with questions: short messages, of at most kShortMessage
// bytes.
//
// Threads: not thread-safe; on the thread of the executor it is given.
// Lifetime: may end while its answer is looked for.
class AnswerWatch {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr size_t kShortMessage = 1024;
  // haltpoll's guest_halt_poll_ns.
  static constexpr std::chrono::microseconds kMoment{200};

  AnswerWatch() = default;
  ~AnswerWatch();
  AnswerWatch(const AnswerWatch&) = delete;
  AnswerWatch& operator=(const AnswerWatch&) = delete;

  // `bytes` were sent to the peer. The loop of `executor` does not sleep for a
  // moment if the answer can be expected within it.
  void NoteSent(Executor executor, size_t bytes,
                Clock::time_point now = Clock::now());

  // `bytes` came from the peer.
  void NoteReceived(size_t bytes, Clock::time_point now = Clock::now());

 private:
  bool IsAsked() const { return asked_ != Clock::time_point(); }

  Clock::time_point asked_;  // when the first question without answer was sent
  bool answers_at_once_ = false;
};

}  // namespace fairway::net

#endif  // NET_SOCKET_ANSWER_WATCH_H_
