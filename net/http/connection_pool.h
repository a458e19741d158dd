// SPDX-License-Identifier: Apache-2.0
// Mirrors: idleConn of net/http.Transport (Go 1.15)
// Connections that stand idle between two requests.
#ifndef NET_HTTP_CONNECTION_POOL_H_
#define NET_HTTP_CONNECTION_POOL_H_

#include <list>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "net/http/url.h"
#include "net/http1/input.h"

namespace fairway::net::http {

// Keeps up to 4 connections a place for 90 s.
//
// Threads:  on `executor`.
// Lifetime: shared by those who take connections and, weakly, by what may give
//           one back; the destructor drops what is idle.
class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  explicit ConnectionPool(Executor executor) : tasks_(executor) {}
  ~ConnectionPool();

  // The place that a request for `url` by way of `proxy` (empty host: none)
  // leads to.
  static std::string KeyOf(const Url& url, const Url& proxy);

  // Null if none is idle. It may have died just now.
  std::shared_ptr<http1::Input> Take(const std::string& key);

  void Give(const std::string& key, std::shared_ptr<http1::Input> input);

  // Closes one that is of no use any more, in the background.
  void CloseLater(std::shared_ptr<http1::Input> input);

  // Closes those that are idle, in good order. The pool goes on.
  // Errors: kCancelled; what is left is then dropped.
  Task<absl::Status> CloseIdle();

 private:
  struct Entry {
    std::shared_ptr<http1::Input> input;
    bool taken = false;
  };

  static Task<absl::Status> WaitTakenOrEnded(const Entry& entry);

  std::map<std::string, std::list<std::shared_ptr<Entry>>> idle_;
  TaskGroup tasks_;
};

}  // namespace fairway::net::http

#endif  // NET_HTTP_CONNECTION_POOL_H_
