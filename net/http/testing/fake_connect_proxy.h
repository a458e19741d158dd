// SPDX-License-Identifier: Apache-2.0
// A proxy that does CONNECT, over TCP or TLS: it relays, or misbehaves as told.
//
// Threads:  on the executor of its making.
// Lifetime: Stop() before it dies.
#ifndef NET_HTTP_TESTING_FAKE_CONNECT_PROXY_H_
#define NET_HTTP_TESTING_FAKE_CONNECT_PROXY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "base/task/task.h"
#include "base/task/task_group.h"
#include "net/http/transport.h"
#include "net/http/url.h"
#include "net/socket/socket.h"
#include "net/tls/tls.h"

namespace fairway::net::http {

class FakeConnectProxy {
 public:
  struct Options {
    std::shared_ptr<const TlsServerContext> tls;  // null: plain
    // "user:password" that it asks for; empty: none.
    std::string credentials;
    // What it says to a CONNECT, in place of dialling; empty: not a word.
    absl::optional<std::string> answer;
    // Whether it closes behind that answer, or waits for the client to.
    bool then_closes = false;
  };

  FakeConnectProxy(Executor executor, Options options);

  // "http://127.0.0.1:PORT" or https, with `user` ("name:password") if any.
  Url url(absl::string_view user = "") const;
  // For DialOptions: that URL for whatever is asked.
  Proxier proxier(absl::string_view user = "") const;

  // The head of each request that came.
  const std::vector<std::string>& heads() const { return heads_; }

  Task<absl::Status> Stop();

 private:
  Task<absl::Status> Serve(std::unique_ptr<ByteStream> stream);
  // `client` outlives the Task.
  Task<absl::Status> Forward(ByteStream& client, std::string target);

  const Options options_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::string> heads_;
  TaskGroup group_;
};

}  // namespace fairway::net::http

#endif  // NET_HTTP_TESTING_FAKE_CONNECT_PROXY_H_
