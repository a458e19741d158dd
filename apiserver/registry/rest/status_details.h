// SPDX-License-Identifier: Apache-2.0
// Mirrors: metav1.StatusDetails of k8s.io/apimachinery/pkg/apis/meta/v1
// (v0.20.2)
// What a failure says beyond code, reason and message.
#ifndef APISERVER_REGISTRY_REST_STATUS_DETAILS_H_
#define APISERVER_REGISTRY_REST_STATUS_DETAILS_H_

#include <string>

#include "absl/status/status.h"
#include "apiserver/registry/rest/json_path.h"

namespace fairway::apiserver {

// `status` with metav1's StatusDetails: {"name","kind","causes",
// "retryAfterSeconds"}. An OK status stays as it is.
absl::Status WithDetails(absl::Status status, const Json& details);

// The beginning of those details. `kind` is a kind or a resource, as the
// failure has it; an empty group is left out.
Json DetailsOf(const std::string& name, const std::string& group,
               const std::string& kind);

// metav1.Status of a failure, with its details.
Json StatusJson(const absl::Status& status);

// metav1.Status of a success.
Json SuccessStatus(const Json& details);

// A failure whose code and reason have no constructor in api/errors.h.
absl::Status NewStatusError(int code, absl::string_view reason,
                            absl::string_view message);

}  // namespace fairway::apiserver

#endif  // APISERVER_REGISTRY_REST_STATUS_DETAILS_H_
