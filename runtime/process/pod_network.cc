// SPDX-License-Identifier: Apache-2.0
#include "runtime/process/pod_network.h"

#include <glog/logging.h>

#include <cstdint>
#include <utility>

#include "runtime/netns/pod_address.h"

namespace fairway::runtime::process {

using netns::PodNetns;

Task<absl::Status> PodNetwork::Start() {
  absl::StatusOr<std::unique_ptr<PodNetns>> host = co_await PodNetns::Own();
  if (!host.ok()) co_return host.status();
  host_ = *std::move(host);
  absl::StatusOr<std::unique_ptr<PodNetns>> probe =
      co_await PodNetns::Create("");
  if (!probe.ok()) {
    shared_because_ = std::string(probe.status().message());
    LOG(WARNING) << "Network namespaces are not permitted here ("
                 << shared_because_
                 << "): all pods share the host's network, and their ports "
                    "must differ";
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<PodPlace>> PodNetwork::PlaceAlone(std::string pod_uid) {
  if (!shared_because_.empty()) co_return PlaceOnHost();
  std::string ip = ChooseAddress(pod_uid);
  taken_.insert(ip);
  absl::StatusOr<std::unique_ptr<PodNetns>> made =
      co_await PodNetns::Create(ip);
  if (!made.ok()) {
    taken_.erase(ip);
    co_return made.status();
  }
  co_return PodPlace{*std::move(made), std::move(ip)};
}

void PodNetwork::Leave(const PodPlace& place) { taken_.erase(place.ip); }

std::string PodNetwork::ChooseAddress(absl::string_view pod_uid) const {
  uint32_t attempt = 0;
  while (attempt < netns::kPodAddresses &&
         taken_.contains(netns::PodAddress(pod_uid, attempt))) {
    ++attempt;
  }
  return netns::PodAddress(pod_uid, attempt);
}

}  // namespace fairway::runtime::process
