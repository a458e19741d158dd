// SPDX-License-Identifier: Apache-2.0
#include "runtime/process/pod_network.h"

#include <glog/logging.h>

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fairway::runtime::process {

using netns::PodNetns;

namespace {

// 198.18.0.0/15 has so many addresses; each /24's first and last are left out,
// since programs take them for networks and broadcasts.
constexpr uint32_t kNetworks = 512;
constexpr uint32_t kHosts = 254;

// FNV-1a: the same in every run.
uint32_t Hash(absl::string_view text) {
  uint32_t hash = 2166136261u;
  for (const char c : text) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  }
  return hash;
}

std::string AddressNumber(uint32_t n) {
  const uint32_t network = n / kHosts % kNetworks;
  return absl::StrCat("198.", 18 + network / 256, ".", network % 256, ".",
                      1 + n % kHosts);
}

}  // namespace

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
  uint32_t n = Hash(pod_uid) % (kNetworks * kHosts);
  while (taken_.size() < kNetworks * kHosts &&
         taken_.contains(AddressNumber(n))) {
    n = (n + 1) % (kNetworks * kHosts);
  }
  return AddressNumber(n);
}

}  // namespace fairway::runtime::process
