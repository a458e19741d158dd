// SPDX-License-Identifier: Apache-2.0
#ifndef HTTPSTREAM_SPDY_RECEIVE_BUDGET_H_
#define HTTPSTREAM_SPDY_RECEIVE_BUDGET_H_

#include <atomic>
#include <cstddef>

namespace fairway::httpstream::spdy {

// Counts the bytes that lie unread in the buffers of a session, and in those of
// all sessions of the process.
//
// Threads:  the session's own; the process's count may be read anywhere.
// Lifetime: outlives the buffers that it counts for.
class ReceiveBudget {
 public:
  ReceiveBudget() = default;
  ReceiveBudget(const ReceiveBudget&) = delete;
  ReceiveBudget& operator=(const ReceiveBudget&) = delete;

  void Add(size_t bytes) {
    session_bytes_ += bytes;
    process_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
  void Remove(size_t bytes) {
    session_bytes_ -= bytes;
    process_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }

  size_t session_bytes() const { return session_bytes_; }
  static size_t process_bytes() {
    return process_bytes_.load(std::memory_order_relaxed);
  }

 private:
  static inline std::atomic<size_t> process_bytes_ = 0;
  size_t session_bytes_ = 0;
};

}  // namespace fairway::httpstream::spdy

#endif  // HTTPSTREAM_SPDY_RECEIVE_BUDGET_H_
