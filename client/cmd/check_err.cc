// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/util/helpers.go (v0.20.2)
#include "client/cmd/check_err.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "api/errors.h"
#include "client/rest/kubeconfig.h"
#include "client/rest/rest_client.h"

namespace fairway::cmd {
namespace {

constexpr absl::string_view kContextNotFound =
    "context was not found for specified context: ";

std::string ConfigurationMessage(const std::vector<std::string>& faults) {
  if (faults.size() > 1) {
    std::string lines = "Error in configuration: \n";
    for (const std::string& fault : faults) {
      absl::StrAppend(&lines, "* ", fault, "\n");
    }
    return lines;
  }
  return absl::StrCat(absl::StartsWith(faults[0], kContextNotFound)
                          ? "Error in configuration: "
                          : "error: ",
                      faults[0], "\n");
}

std::string UrlErrorMessage(const rest::UrlError& error) {
  // Upstream, too, has only the words to go by.
  if (absl::StrContains(error.cause, "connection refused")) {
    return absl::StrCat("The connection to the server ", error.host,
                        " was refused - did you specify the right host or "
                        "port?\n");
  }
  return absl::StrCat("Unable to connect to the server: ", error.cause, "\n");
}

std::string ApiErrorMessage(const api::ApiStatus& status) {
  if (status.reason == "Unauthorized") {
    return absl::StrCat("error: You must be logged in to the server (",
                        status.message, ")\n");
  }
  if (status.reason == "Invalid") {
    return absl::StrCat("The ", status.message, "\n");
  }
  if (status.reason.empty()) {
    return absl::StrCat("Error from server: ", status.message, "\n");
  }
  return absl::StrCat("Error from server (", status.reason,
                      "): ", status.message, "\n");
}

}  // namespace

std::string ErrorMessage(const absl::Status& status) {
  if (status.ok()) return "";
  const std::vector<std::string> faults = rest::ConfigurationFaults(status);
  if (!faults.empty()) return ConfigurationMessage(faults);
  const std::vector<std::string> errors = rest::AggregatedErrors(status);
  if (!errors.empty()) return absl::StrCat(absl::StrJoin(errors, "\n"), "\n");
  if (const auto error = rest::UrlErrorOf(status); error.has_value()) {
    return UrlErrorMessage(*error);
  }
  if (api::IsApiStatus(status)) {
    return ApiErrorMessage(api::StatusOfError(status));
  }
  const absl::string_view prefix =
      absl::StartsWith(status.message(), "error: ") ? "" : "error: ";
  return absl::StrCat(prefix, status.message(), "\n");
}

int CheckErr(const absl::Status& status, std::ostream& err_out) {
  if (status.ok()) return 0;
  err_out << ErrorMessage(status) << std::flush;
  return kDefaultErrorExitCode;
}

absl::Status UsageError(absl::string_view command, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(
      message, "\nSee 'kubectl ", command, " -h' for help and examples"));
}

absl::Status AddSource(absl::string_view verb, absl::string_view source,
                       const absl::Status& status) {
  if (status.ok() || rest::UrlErrorOf(status).has_value()) return status;
  const std::string before =
      absl::StrCat("error when ", verb, " \"", source, "\": ");
  if (!api::IsApiStatus(status)) {
    return absl::Status(status.code(), absl::StrCat(before, status.message()));
  }
  api::ApiStatus error = api::StatusOfError(status);
  // Told as "The Pod "x" is invalid: ..." wherever it comes from.
  if (error.reason == "Invalid") return status;
  error.message = before + error.message;
  return api::ErrorFromStatus(error);
}

}  // namespace fairway::cmd
