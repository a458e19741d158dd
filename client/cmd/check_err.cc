// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/util/helpers.go (v0.20.2)
#include "client/cmd/check_err.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "api/errors.h"
#include "client/rest/kubeconfig.h"
#include "client/rest/rest_client.h"

namespace fairway::cmd {
namespace {

// Of an error that is several: what is told of them.
constexpr char kLinesPayload[] = "fairway/kubectl.Lines";

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

// Mirrors: statusCausesToAggrError and MultilineError.
std::string InvalidMessage(const api::ApiStatus& status) {
  std::string message = "The request is invalid";
  if (!status.kind.empty() || !status.name.empty()) {
    message =
        absl::StrCat("The ", status.kind, " \"", status.name, "\" is invalid");
  }
  std::vector<std::string> causes;
  for (const api::ApiStatusCause& cause : status.causes) {
    std::string text = absl::StrCat(cause.field, ": ", cause.message);
    if (std::find(causes.begin(), causes.end(), text) == causes.end()) {
      causes.push_back(std::move(text));
    }
  }
  if (causes.size() == 1) absl::StrAppend(&message, ": ", causes[0]);
  if (causes.size() > 1) {
    absl::StrAppend(&message, ": \n* ", absl::StrJoin(causes, "\n* "));
  }
  return message + "\n";
}

// Mirrors: StandardErrorMessage.
std::string ApiErrorMessage(const api::ApiStatus& status) {
  if (status.reason == "Unauthorized") {
    return absl::StrCat("error: You must be logged in to the server (",
                        status.message, ")\n");
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
  if (const auto lines = status.GetPayload(kLinesPayload); lines.has_value()) {
    return std::string(*lines);
  }
  if (api::IsApiStatus(status)) {
    const api::ApiStatus error = api::StatusOfError(status);
    return error.reason == "Invalid" ? InvalidMessage(error)
                                     : ApiErrorMessage(error);
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

absl::Status NewAggregate(const std::vector<absl::Status>& errors) {
  if (errors.empty()) return absl::OkStatus();
  if (errors.size() == 1) return errors[0];
  std::string lines;
  for (const absl::Status& error : errors) {
    // One among others is told from where it came, and without "error: ".
    const bool invalid = api::IsApiStatus(error) &&
                         api::StatusOfError(error).reason == "Invalid";
    const std::string line = invalid
                                 ? ApiErrorMessage(api::StatusOfError(error))
                                 : ErrorMessage(error);
    absl::StrAppend(&lines, absl::StripPrefix(line, "error: "));
  }
  absl::Status all(errors[0].code(), "several errors");
  all.SetPayload(kLinesPayload, absl::Cord(lines));
  return all;
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
  error.message = before + error.message;
  return api::ErrorFromStatus(error);
}

}  // namespace fairway::cmd
