// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_PROCESS_FIND_PROGRAM_H_
#define BASE_PROCESS_FIND_PROGRAM_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fairway {

// The program `name` ("apiserver/kube-apiserver") of this build: beside this
// process's own binary, in bazel's output tree ("../apiserver/...") or in one
// folder with it. Errors: kNotFound, naming where it was looked for.
absl::StatusOr<std::string> FindProgram(absl::string_view name);

}  // namespace fairway

#endif  // BASE_PROCESS_FIND_PROGRAM_H_
