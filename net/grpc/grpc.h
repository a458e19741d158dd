// SPDX-License-Identifier: Apache-2.0
// gRPC's unary calls over HTTP/2 on a Unix socket (or any stream): what CRI
// needs. Wire format: github.com/grpc/grpc/doc/PROTOCOL-HTTP2.md.
#ifndef NET_GRPC_GRPC_H_
#define NET_GRPC_GRPC_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "net/socket/socket.h"

namespace fairway::net::grpc {

inline constexpr size_t kMaxMessageBytes = 16 << 20;  // the kubelet's limit

// Answers one call: serialized request to serialized response. The Status's
// canonical code and message go on the wire (gRPC's codes are absl's).
using RawMethod =
    std::function<Task<absl::StatusOr<std::string>>(std::string request)>;

// Threads:  on the executor of its making, its methods too.
// Lifetime: Shutdown() before it dies.
class Server {
 public:
  virtual ~Server() = default;
  // `path` as on the wire: "/runtime.v1alpha2.RuntimeService/Version". An
  // unknown path is answered with UNIMPLEMENTED.
  virtual void AddRawMethod(std::string path, RawMethod method) = 0;
  virtual Task<absl::Status> Serve(std::unique_ptr<Listener> listener) = 0;
  virtual Task<absl::Status> Shutdown(absl::Duration grace) = 0;

  template <typename Request, typename Response>
  void AddMethod(
      std::string path,
      std::function<Task<absl::StatusOr<Response>>(Request)> method) {
    AddRawMethod(
        std::move(path),
        [method = std::move(method)](
            std::string bytes) -> Task<absl::StatusOr<std::string>> {
          Request request;
          if (!request.ParseFromString(bytes)) {
            co_return absl::InternalError("grpc: cannot parse the request");
          }
          absl::StatusOr<Response> response =
              co_await method(std::move(request));
          if (!response.ok()) co_return response.status();
          co_return response->SerializeAsString();
        });
  }
};

std::unique_ptr<Server> NewServer(Executor executor);

// A connection to a gRPC server, made at the first call and again after it was
// lost.
//
// Threads: on the executor of its making.
class Channel {
 public:
  virtual ~Channel() = default;
  // Errors: the server's status; kDeadlineExceeded after `timeout` (sent as
  // grpc-timeout too); kUnavailable when it cannot be reached.
  virtual Task<absl::StatusOr<std::string>> CallRaw(std::string path,
                                                    std::string request,
                                                    absl::Duration timeout) = 0;

  template <typename Response, typename Request>
  Task<absl::StatusOr<Response>> Call(std::string path, Request request,
                                      absl::Duration timeout) {
    absl::StatusOr<std::string> bytes =
        co_await CallRaw(std::move(path), request.SerializeAsString(), timeout);
    if (!bytes.ok()) co_return bytes.status();
    Response response;
    if (!response.ParseFromString(*bytes)) {
      co_return absl::InternalError("grpc: cannot parse the response");
    }
    co_return response;
  }
};

// `endpoint` is "unix:///path" or a path.
std::unique_ptr<Channel> NewUnixChannel(Executor executor,
                                        std::string endpoint);

}  // namespace fairway::net::grpc

#endif  // NET_GRPC_GRPC_H_
