// SPDX-License-Identifier: Apache-2.0
// Mirrors: third_party/forked/golang/expansion/expand.go (v1.20.2)
#include "kubelet/kuberuntime/expansion.h"

#include "absl/strings/str_cat.h"

namespace fairway::kubelet::kuberuntime {

std::string Expand(absl::string_view text,
                   const std::map<std::string, std::string>& variables) {
  std::string out;
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    absl::StrAppend(&out, text.substr(0, dollar));
    if (dollar == absl::string_view::npos) break;
    text.remove_prefix(dollar);
    if (text.substr(0, 2) == "$$") {
      out += '$';
      text.remove_prefix(2);
      continue;
    }
    const size_t end =
        text.substr(0, 2) == "$(" ? text.find(')') : absl::string_view::npos;
    if (end == absl::string_view::npos) {
      out += '$';
      text.remove_prefix(1);
      continue;
    }
    auto found = variables.find(std::string(text.substr(2, end - 2)));
    absl::StrAppend(&out, found == variables.end()
                              ? text.substr(0, end + 1)
                              : absl::string_view(found->second));
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace fairway::kubelet::kuberuntime
