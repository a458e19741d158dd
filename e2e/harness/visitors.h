// SPDX-License-Identifier: Apache-2.0
// Connections to pods that witness (pod_server's `witness`), each with a tag of
// its own, so that it can be told afterwards at which pod every byte arrived.
#ifndef E2E_HARNESS_VISITORS_H_
#define E2E_HARNESS_VISITORS_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "e2e/harness/process.h"

namespace fairway::e2e {

// One connection.
struct Visit {
  using Time = std::chrono::steady_clock::time_point;

  std::string tag;
  std::string identity;  // of the process that answered first; empty: none
  Time opened;
  std::optional<Time> answered;  // the first byte
  std::optional<Time> ended;     // by whichever side
  // The visitor itself had all answers and ended it.
  bool whole = false;
  std::string how;    // an end that was not the visitor's: "FIN", or errno's
  std::string wrong;  // an answer that was not the one to be had
};

struct VisitorOptions {
  uint16_t port = 0;   // on 127.0.0.1
  std::string prefix;  // of the tags: two letters
  int steady = 0;      // exchange a record after another
  int bulk = 0;        // 1,024 records after another
  int fresh = 0;       // make a connection for each exchange
};

// One thread a visitor. Who loses its connection makes another at once.
class Visitors {
 public:
  explicit Visitors(const VisitorOptions& options);
  ~Visitors();
  Visitors(const Visitors&) = delete;
  Visitors& operator=(const Visitors&) = delete;

  // So many more, which have one exchange each, and then wait for the end.
  void AddIdle(int count);
  // Whether all idle ones have their answer within `timeout`.
  bool IdleAreAnswered(Seconds timeout) const;
  // Visitors end what they have under way, and those that wait are cut off.
  // All visits, in the order of their opening.
  std::vector<Visit> Stop();

 private:
  enum class Manner { kSteady, kFresh, kIdle };
  struct Visitor {
    Manner manner;
    size_t records;  // an exchange
    std::vector<Visit> visits;
    std::thread thread;
  };

  void Start(Manner manner, size_t records);
  void Run(Visitor& visitor);
  void Stay(const Visitor& visitor, Visit& visit);
  // Sends the next records and takes their answers; false at the end.
  bool Exchange(int fd, size_t records, Visit& visit, uint32_t& number);
  std::string ReceiveAnswer(int fd, size_t bytes, Visit& visit);

  const VisitorOptions options_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint32_t> tags_{0};
  int idle_ = 0;
  std::atomic<int> answered_idle_{0};
  std::vector<std::unique_ptr<Visitor>> visitors_;
};

// What the pods wrote down.
struct WitnessRecord {
  std::string host;  // the pod's name
  std::vector<std::string> tags;
  std::vector<std::string> wrongs;
};
// By identity.
std::map<std::string, WitnessRecord> ReadWitnessRecords(
    const std::string& folder);

// Everything that is wrong with where the bytes of `visits` went, a line each:
// an answer from another process than the first, a connection at two, a record
// that did not follow, a tag nobody sent, a pod whose name does not begin with
// `host`. The records are of these visits, whose tags begin with `prefix`, and
// maybe of others.
std::vector<std::string> Misled(
    const std::vector<Visit>& visits, const std::string& prefix,
    const std::string& host,
    const std::map<std::string, WitnessRecord>& records);

}  // namespace fairway::e2e

#endif  // E2E_HARNESS_VISITORS_H_
