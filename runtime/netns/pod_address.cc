// SPDX-License-Identifier: Apache-2.0
#include "runtime/netns/pod_address.h"

#include "absl/strings/str_cat.h"

namespace fairway::runtime::netns {
namespace {

// Each /24's first and last are left out, since programs take them for networks
// and broadcasts.
constexpr uint32_t kHosts = 254;

// FNV-1a: the same in every run.
uint32_t Hash(absl::string_view text) {
  uint32_t hash = 2166136261u;
  for (const char c : text) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  }
  return hash;
}

}  // namespace

std::string PodAddress(absl::string_view pod_uid, uint32_t attempt) {
  const uint32_t n = (Hash(pod_uid) % kPodAddresses + attempt) % kPodAddresses;
  const uint32_t network = n / kHosts;
  return absl::StrCat("198.", 18 + network / 256, ".", network % 256, ".",
                      1 + n % kHosts);
}

}  // namespace fairway::runtime::netns
