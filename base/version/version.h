// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_VERSION_VERSION_H_
#define BASE_VERSION_VERSION_H_

#include "absl/strings/string_view.h"

namespace fairway {

// Ours, as --version prints it.
inline constexpr absl::string_view kVersion = "0.1.0";
// The Kubernetes release whose API and behaviour we speak; semver's build part
// tells that it is us. What /version and nodeInfo.kubeletVersion say.
inline constexpr absl::string_view kGitVersion = "v1.20.2+fairway.0.1.0";
inline constexpr absl::string_view kMajor = "1";
inline constexpr absl::string_view kMinor = "20";

}  // namespace fairway

#endif  // BASE_VERSION_VERSION_H_
