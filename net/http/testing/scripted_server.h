// SPDX-License-Identifier: Apache-2.0
// A server that says what it is told to.
//
// Threads:  on the executor of its making.
// Lifetime: Stop() before it dies.
#ifndef NET_HTTP_TESTING_SCRIPTED_SERVER_H_
#define NET_HTTP_TESTING_SCRIPTED_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/task/condition.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "net/http/url.h"
#include "net/socket/socket.h"

namespace fairway::net::http {

class ScriptedServer {
 public:
  // For the n-th head that comes on a connection, the n-th of that connection's
  // answers; "" closes it, and so does the lack of one.
  ScriptedServer(Executor executor,
                 std::vector<std::vector<std::string>> connections);

  Url UrlOf(std::string path) const;

  Task<absl::Status> Stop();

  // How the first connection's server ended, once it has.
  Task<absl::Status> Ended();

  uint16_t port = 0;
  int accepted = 0;
  std::vector<std::string> heads;  // in the order in which they came

 private:
  Task<absl::Status> Answer(Socket& socket, std::vector<std::string> answers);

  std::unique_ptr<Listener> listener_;
  std::vector<absl::Status> ended_;
  Condition changed_;
  TaskGroup group_;
};

}  // namespace fairway::net::http

#endif  // NET_HTTP_TESTING_SCRIPTED_SERVER_H_
