// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/cri/streaming/server.go (v1.20.2): the paths of
// NewServer and buildURL
#ifndef KUBELET_CRI_STREAMING_TOKEN_PATH_H_
#define KUBELET_CRI_STREAMING_TOKEN_PATH_H_

#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace fairway::kubelet::cri::streaming {

inline constexpr absl::string_view kPortForwardPath = "/portforward/";

// "PREFIX/portforward/TOKEN".
inline std::string TokenPath(absl::string_view prefix,
                             absl::string_view token) {
  return absl::StrCat(prefix, kPortForwardPath, token);
}

// The token of such a path, perhaps empty; nullopt for any other path. A token
// is taken as written: of what a client escapes none is ours.
inline std::optional<absl::string_view> TokenOfPath(absl::string_view prefix,
                                                    absl::string_view path) {
  if (!absl::ConsumePrefix(&path, prefix) ||
      !absl::ConsumePrefix(&path, kPortForwardPath) ||
      absl::StrContains(path, '/')) {
    return std::nullopt;
  }
  return path;
}

}  // namespace fairway::kubelet::cri::streaming

#endif  // KUBELET_CRI_STREAMING_TOKEN_PATH_H_
