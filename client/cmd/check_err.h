// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/util/helpers.go (v0.20.2)
#ifndef CLIENT_CMD_CHECK_ERR_H_
#define CLIENT_CMD_CHECK_ERR_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fairway::cmd {

inline constexpr int kDefaultErrorExitCode = 1;

// What a person is told of `status`, with a newline at its end; empty if OK.
std::string ErrorMessage(const absl::Status& status);

// Writes that to `err_out`; the exit code. Mirrors: CheckErr.
int CheckErr(const absl::Status& status, std::ostream& err_out);

// Mirrors: utilerrors.NewAggregate, as CheckErr tells it: OK for no error, the
// error itself for one, else all of them, a line each. All are failures.
absl::Status NewAggregate(const std::vector<absl::Status>& errors);

// Mirrors: UsageErrorf. `message` and where help is to be had.
absl::Status UsageError(absl::string_view command, absl::string_view message);

// Mirrors: AddSourceToErr. `status` with "error when creating "FILE": " before
// its message; it stays an error of the API if it was one.
absl::Status AddSource(absl::string_view verb, absl::string_view source,
                       const absl::Status& status);

}  // namespace fairway::cmd

#endif  // CLIENT_CMD_CHECK_ERR_H_
