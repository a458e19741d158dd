// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/cache/reflector.go (v0.20.2): what of
// ListAndWatch a client of few pods needs
// Pods as they come and go, told by an API server that may be away meanwhile.
#ifndef CLIENT_POLYMORPHICHELPERS_POD_WATCH_H_
#define CLIENT_POLYMORPHICHELPERS_POD_WATCH_H_

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "api/object.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "client/rest/rest_client.h"

namespace fairway::polymorphichelpers {

// Which pods: the one of a name, or those of a label selector ("" is all).
struct PodQuery {
  std::string namespace_;
  std::string name;
  std::string label_selector;
};

struct PodWatchTimes {
  // After a failure the server is asked again first_pause later, then twice
  // that and so on: up to early_pause while the trouble is younger than
  // `early`, up to late_pause after it; less up to a quarter, by chance.
  absl::Duration first_pause = absl::Milliseconds(100);
  absl::Duration early_pause = absl::Milliseconds(500);
  absl::Duration late_pause = absl::Seconds(5);
  absl::Duration early = absl::Seconds(30);
  // How long an answer may take, in early trouble and later: over a path that
  // comes back the first packets of an old request go out late.
  absl::Duration early_attempt = absl::Seconds(5);
  absl::Duration late_attempt = absl::Seconds(30);
  // Where a watch is refused: how often the pods are asked for instead, and
  // when a watch is tried again.
  absl::Duration poll_period = absl::Seconds(2);
  absl::Duration poll_for = absl::Minutes(1);
  // How long the server says no before that is believed: one that starts
  // refuses what it does not know yet.
  absl::Duration refused_for = absl::Seconds(10);
  // After how much silence a watch is made anew; servers send a bookmark each
  // minute.
  absl::Duration silence = absl::Seconds(150);
  // Doubt() counts if nothing was heard for so long, and once in so long: ways
  // to many pods may be lost together.
  absl::Duration doubt_after = absl::Seconds(5);
  absl::Duration doubt_pause = absl::Milliseconds(500);
};

struct PodChange {
  enum class Kind {
    kAll,   // `pods` are all there are
    kPut,   // one is new or changed
    kGone,  // one is no more
  };
  Kind kind = Kind::kAll;
  std::vector<api::Pod> pods;
};

// Threads:  on `executor`; one call of List or Next at a time.
// Lifetime: its calls end before it does; `client` outlives it.
// Cancel:   honoured by every call; Next() may be called again.
class PodWatch {
 public:
  PodWatch(Executor executor, rest::RESTClient* client, PodQuery query,
           PodWatchTimes times = {});

  // Asks once, as long as the client's requests may take. Next() then tells
  // what changed since. Errors: of RESTClient::List.
  Task<absl::StatusOr<std::vector<api::Pod>>> List();

  // Next() tells what changed since this version of the pod.
  void ResumeFrom(std::string resource_version);

  // Waits for a change, however long that takes; it begins with all of them if
  // there was no List() or ResumeFrom(). While the server is away it tries
  // again; where the user may not watch it asks every poll_period, and for the
  // pod itself where the user may not list.
  // Errors: kPermissionDenied, in the server's words; kCancelled.
  Task<absl::StatusOr<PodChange>> Next();

  // Somebody has reason to think that what is known is old: Next() asks again
  // instead of waiting for the end of a connection that may be dead, or for
  // that of a pause.
  void Doubt();

 private:
  rest::Resource Pods() const;
  Task<absl::StatusOr<std::vector<api::Pod>>> ListOnce();
  Task<absl::StatusOr<std::vector<api::Pod>>> GetOnce();
  Task<absl::Status> AfterFailedList(absl::Status failure);
  Task<absl::Status> StartWatch();
  // Nothing when the event is none of a pod, or the watch is over.
  Task<absl::StatusOr<absl::optional<PodChange>>> NextEvent();
  Task<absl::Status> AfterWatch(absl::Status end);
  absl::optional<PodChange> ChangeOf(const api::WatchEvent& event);
  Task<absl::Status> Pause();
  bool InEarlyTrouble() const;
  absl::Duration AttemptTimeout() const;

  const Executor executor_;
  rest::RESTClient* const client_;
  const PodQuery query_;
  const PodWatchTimes times_;
  std::minstd_rand random_{std::random_device()()};

  // Where a watch goes on, if `resumable_`; else the pods are listed first.
  std::string version_;
  bool resumable_ = false;
  std::unique_ptr<rest::Watcher> watcher_;
  absl::Time watching_since_;
  bool get_instead_of_list_ = false;
  absl::Time poll_until_ = absl::InfinitePast();
  absl::Time refused_since_ = absl::InfiniteFuture();
  int failures_ = 0;  // since a watch held
  absl::Time trouble_since_;
  absl::Time heard_ = absl::InfinitePast();
  bool doubted_ = false;
  absl::Time doubted_at_ = absl::InfinitePast();
  Condition wake_;
};

}  // namespace fairway::polymorphichelpers

#endif  // CLIENT_POLYMORPHICHELPERS_POD_WATCH_H_
