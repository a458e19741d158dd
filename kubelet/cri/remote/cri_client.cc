// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri/remote/cri_client.h"

#include <glog/logging.h>

#include <string>
#include <utility>

namespace fairway::kubelet::cri {

Task<absl::Status> CriClient::DetermineApiVersion() {
  absl::Status failure;
  for (const char* version : {"v1", "v1alpha2"}) {
    if (!version_.empty()) co_return absl::OkStatus();
    // An empty message: any answer but UNIMPLEMENTED shows that the service is
    // there.
    std::string path = Path(version, probe_method_);
    absl::StatusOr<std::string> answer =
        co_await channel_->CallRaw(std::move(path), "", probe_timeout_);
    const absl::Status& status = answer.status();
    if (absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
        absl::IsCancelled(status)) {
      co_return status;
    }
    if (!absl::IsUnimplemented(status)) {
      LOG(INFO) << "Using CRI " << version << " " << service_;
      version_ = version;
      co_return absl::OkStatus();
    }
    if (failure.ok()) failure = status;
  }
  co_return failure;
}

}  // namespace fairway::kubelet::cri
