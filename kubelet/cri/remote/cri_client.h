// SPDX-License-Identifier: Apache-2.0
// One CRI service at the other end of a gRPC channel, in the newest version of
// the API that it speaks.
#ifndef KUBELET_CRI_REMOTE_CRI_CLIENT_H_
#define KUBELET_CRI_REMOTE_CRI_CLIENT_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "net/grpc/grpc.h"

namespace fairway::kubelet::cri {

// Threads: on the executor of its channel.
class CriClient {
 public:
  // `service` is "RuntimeService" or "ImageService". `probe_method` is a method
  // of it that every runtime has, and that an empty request does not make do
  // anything.
  CriClient(std::unique_ptr<net::grpc::Channel> channel, std::string service,
            std::string probe_method, absl::Duration probe_timeout)
      : channel_(std::move(channel)),
        service_(std::move(service)),
        probe_method_(std::move(probe_method)),
        probe_timeout_(probe_timeout) {}

  // Errors: as Channel::Call; kUnimplemented when the peer speaks no version.
  template <typename Response, typename Request>
  Task<absl::StatusOr<Response>> Call(std::string method, Request request,
                                      absl::Duration timeout) {
    absl::Status determined = co_await DetermineApiVersion();
    if (!determined.ok()) co_return determined;
    std::string path = Path(version_, method);
    absl::StatusOr<Response> response = co_await channel_->Call<Response>(
        std::move(path), std::move(request), timeout);
    co_return response;
  }

  // "v1", "v1alpha2", or empty before the first call.
  const std::string& api_version() const { return version_; }

 private:
  // Mirrors: remoteRuntimeService.determineAPIVersion (of later releases): the
  // version that is found first is used for good.
  Task<absl::Status> DetermineApiVersion();
  std::string Path(absl::string_view version, absl::string_view method) const {
    return absl::StrCat("/runtime.", version, ".", service_, "/", method);
  }

  const std::unique_ptr<net::grpc::Channel> channel_;
  const std::string service_;
  const std::string probe_method_;
  const absl::Duration probe_timeout_;
  std::string version_;
};

}  // namespace fairway::kubelet::cri

#endif  // KUBELET_CRI_REMOTE_CRI_CLIENT_H_
