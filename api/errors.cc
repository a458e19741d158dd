// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apimachinery/pkg/api/errors/errors.go (v0.20.2)
#include "api/errors.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status/http_status.h"

namespace fairway::api {
namespace {

constexpr absl::string_view kPayloadUrl = "fairway/meta.v1.Status";

// Go's %q for the names that pass validation.
std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

absl::Status Make(int code, absl::string_view reason, std::string message) {
  return ErrorFromStatus({code, std::string(reason), std::move(message)});
}

// 409 is two things, and 410 and 422 have no code of their own.
absl::StatusCode CodeOf(const ApiStatus& api_status) {
  if (api_status.reason == "Conflict") return absl::StatusCode::kAborted;
  if (api_status.code == 410) return absl::StatusCode::kOutOfRange;
  const absl::StatusCode code = CodeFromHttpStatus(api_status.code);
  return code == absl::StatusCode::kOk ? absl::StatusCode::kUnknown : code;
}

absl::string_view ReasonOf(int code) {
  switch (code) {
    case 400:
      return "BadRequest";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 409:
      return "Conflict";
    case 429:
      return "TooManyRequests";
    case 503:
      return "ServiceUnavailable";
    case 504:
      return "Timeout";
    default:
      return "InternalError";
  }
}

}  // namespace

absl::Status NewNotFound(absl::string_view resource, absl::string_view name) {
  return Make(404, "NotFound",
              absl::StrCat(resource, " ", Quoted(name), " not found"));
}

absl::Status NewAlreadyExists(absl::string_view resource,
                              absl::string_view name) {
  return Make(409, "AlreadyExists",
              absl::StrCat(resource, " ", Quoted(name), " already exists"));
}

absl::Status NewConflict(absl::string_view resource, absl::string_view name,
                         absl::string_view why) {
  return Make(409, "Conflict",
              absl::StrCat("Operation cannot be fulfilled on ", resource, " ",
                           Quoted(name), ": ", why));
}

absl::Status NewBadRequest(absl::string_view message) {
  return Make(400, "BadRequest", std::string(message));
}

absl::Status NewUnauthorized(absl::string_view message) {
  return Make(401, "Unauthorized",
              message.empty() ? "not authorized" : std::string(message));
}

absl::Status NewForbidden(absl::string_view resource, absl::string_view name,
                          absl::string_view why) {
  std::string message;
  if (resource.empty()) {
    message = absl::StrCat("forbidden: ", why);
  } else if (name.empty()) {
    message = absl::StrCat(resource, " is forbidden: ", why);
  } else {
    message = absl::StrCat(resource, " ", Quoted(name), " is forbidden: ", why);
  }
  return Make(403, "Forbidden", std::move(message));
}

absl::Status NewInvalid(absl::string_view kind, absl::string_view name,
                        absl::string_view why) {
  return Make(422, "Invalid",
              absl::StrCat(kind, " ", Quoted(name), " is invalid: ", why));
}

absl::Status NewMethodNotSupported(absl::string_view resource,
                                   absl::string_view action) {
  return Make(405, "MethodNotAllowed",
              absl::StrCat(action, " is not supported on resources of kind ",
                           Quoted(resource)));
}

absl::Status NewInternalError(absl::string_view why) {
  return Make(500, "InternalError",
              absl::StrCat("Internal error occurred: ", why));
}

absl::Status NewServiceUnavailable(absl::string_view why) {
  return Make(503, "ServiceUnavailable", std::string(why));
}

absl::Status NewGone(absl::string_view why) {
  return Make(410, "Expired", std::string(why));
}

bool IsApiStatus(const absl::Status& status) {
  return status.GetPayload(kPayloadUrl).has_value();
}

ApiStatus StatusOfError(const absl::Status& status) {
  if (auto payload = status.GetPayload(kPayloadUrl); payload.has_value()) {
    absl::StatusOr<ApiStatus> kept = StatusFromJson(std::string(*payload));
    if (kept.ok()) return *std::move(kept);
  }
  ApiStatus made;
  made.code = HttpStatusFromCode(status.code());
  if (status.ok()) return made;
  made.reason = std::string(ReasonOf(made.code));
  if (status.code() == absl::StatusCode::kAlreadyExists) {
    made.reason = "AlreadyExists";
  }
  made.message = std::string(status.message());
  return made;
}

absl::Status ErrorFromStatus(const ApiStatus& api_status) {
  absl::Status status(CodeOf(api_status), api_status.message);
  status.SetPayload(kPayloadUrl, absl::Cord(ToJson(api_status)));
  return status;
}

}  // namespace fairway::api
