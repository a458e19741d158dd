// SPDX-License-Identifier: Apache-2.0
// Mirrors: third_party/forked/golang/expansion/expand.go (v1.20.2)
#ifndef KUBELET_KUBERUNTIME_EXPANSION_H_
#define KUBELET_KUBERUNTIME_EXPANSION_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace fairway::kubelet::kuberuntime {

// Replaces each "$(NAME)" by the value of a known variable, and "$$" by "$"; a
// reference to an unknown one stays as it is.
std::string Expand(absl::string_view text,
                   const std::map<std::string, std::string>& variables);

}  // namespace fairway::kubelet::kuberuntime

#endif  // KUBELET_KUBERUNTIME_EXPANSION_H_
