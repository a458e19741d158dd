// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apimachinery/pkg/api/errors/errors.go (v0.20.2)
// The API's failures in upstream's words, carried inside absl::Status.
#ifndef API_ERRORS_H_
#define API_ERRORS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "api/object.h"

namespace fairway::api {

// Each carries an ApiStatus as payload, so that code, reason and message reach
// the wire unchanged. `resource` is the plural ("pods").
absl::Status NewNotFound(absl::string_view resource, absl::string_view name);
absl::Status NewAlreadyExists(absl::string_view resource,
                              absl::string_view name);
absl::Status NewConflict(absl::string_view resource, absl::string_view name,
                         absl::string_view why);
absl::Status NewBadRequest(absl::string_view message);
absl::Status NewUnauthorized(absl::string_view message);
absl::Status NewForbidden(absl::string_view resource, absl::string_view name,
                          absl::string_view why);
absl::Status NewInvalid(absl::string_view kind, absl::string_view name,
                        absl::string_view why);
absl::Status NewMethodNotSupported(absl::string_view resource,
                                   absl::string_view action);
absl::Status NewInternalError(absl::string_view why);
absl::Status NewServiceUnavailable(absl::string_view why);
absl::Status NewGone(absl::string_view why);  // reason "Expired", 410

// Whether `status` carries an ApiStatus: whether a server's answer made it.
bool IsApiStatus(const absl::Status& status);
// The ApiStatus of any Status: its payload, or one made from its code.
ApiStatus StatusOfError(const absl::Status& status);
// The Status of an answer that was no success; keeps `api_status` as payload.
absl::Status ErrorFromStatus(const ApiStatus& api_status);

}  // namespace fairway::api

#endif  // API_ERRORS_H_
