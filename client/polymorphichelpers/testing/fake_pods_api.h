// SPDX-License-Identifier: Apache-2.0
// The part of an API server that tells of pods, in memory, with the faults that
// a test asks for.
#ifndef CLIENT_POLYMORPHICHELPERS_TESTING_FAKE_PODS_API_H_
#define CLIENT_POLYMORPHICHELPERS_TESTING_FAKE_PODS_API_H_

#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "api/object.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "client/rest/rest_client.h"
#include "net/http/message.h"

namespace fairway::polymorphichelpers {

// A pod of that name in the namespace "ns" that runs, on a node, with a
// container that declares the port "http", 8080.
api::Pod RunningPod(const std::string& name, const std::string& uid = "u1");

// Lists and watches give every pod, whatever their selectors are; `log` has
// them.
//
// Threads:  on `executor`.
// Lifetime: outlives its clients and what they read.
class FakePodsApi {
 public:
  explicit FakePodsApi(Executor executor);

  std::unique_ptr<rest::RESTClient> NewClient();

  // Stores the pod with the next version, and tells the watches.
  void Put(api::Pod pod);
  void Delete(const std::string& name);
  // Other objects, by path.
  std::map<std::string, std::string> objects;

  // What each request ends with, instead of an answer.
  absl::Status down;
  // The verbs ("get", "list", "watch") that get a 403.
  std::set<std::string> forbidden;
  // Watches from a version below get a 410: as an event, or at once.
  int oldest = 0;
  bool gone_as_event = false;

  // Ends the open watches: in good order, or as by a reset.
  void EndWatches();
  void BreakWatches();
  // Sends a line to the open watches.
  void Send(const std::string& type, const std::string& object);

  // Every request: "get pods/x", "list labelSelector=app=web",
  // "watch resourceVersion=5" (and the selector).
  std::vector<std::string> log;
  // Waits until `log` has so many lines.
  Task<absl::Status> WaitForRequests(size_t count);
  size_t watches() const { return watches_.size(); }

 private:
  class Client;
  class WatchBody;
  struct Feed;

  net::http::Response Answer(const net::http::Request& request);
  net::http::Response AnswerWatch(const std::string& version);

  Executor executor_;
  int version_ = 10;
  std::map<std::string, api::Pod> pods_;
  // Of each version since the first, what happened.
  std::map<int, std::string> history_;
  std::list<Feed*> watches_;
  Condition asked_;
};

}  // namespace fairway::polymorphichelpers

#endif  // CLIENT_POLYMORPHICHELPERS_TESTING_FAKE_PODS_API_H_
