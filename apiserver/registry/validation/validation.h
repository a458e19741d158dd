// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apimachinery/pkg/util/validation/validation.go,
// pkg/util/validation/field/errors.go, pkg/api/validation/objectmeta.go
// (v0.20.2)
#ifndef APISERVER_REGISTRY_VALIDATION_VALIDATION_H_
#define APISERVER_REGISTRY_VALIDATION_VALIDATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "apiserver/registry/rest/json_path.h"

namespace fairway::apiserver::validation {

// One fault of an object.
struct FieldError {
  std::string field;   // "spec.containers[0].name"
  std::string reason;  // "FieldValueInvalid", as StatusCause.reason has it
  std::string body;    // "Invalid value: \"A\": a lowercase RFC 1123 ..."
};
using ErrorList = std::vector<FieldError>;

FieldError Required(std::string field, absl::string_view detail);
FieldError Invalid(std::string field, const Json& value,
                   absl::string_view detail);
FieldError NotSupported(std::string field, const std::string& value,
                        const std::vector<std::string>& supported);
FieldError Duplicate(std::string field, const std::string& value);
FieldError Forbidden(std::string field, absl::string_view detail);

// NotSupported, unless `value` is one of `supported`.
void CheckOneOf(const std::string& field, const std::string& value,
                const std::vector<std::string>& supported, ErrorList* errors);

// NewInvalid of api/errors.h with upstream's text and causes. OK for no error.
// `group_kind` is "Pod", or with its group "Deployment.apps".
absl::Status InvalidIfAny(const std::string& group_kind,
                          const std::string& name, const ErrorList& errors);

// What is wrong with `value`, in upstream's words; empty if nothing is.
std::vector<std::string> IsDns1123Subdomain(const std::string& value);
std::vector<std::string> IsDns1123Label(const std::string& value);
std::vector<std::string> IsQualifiedName(const std::string& value);
std::vector<std::string> IsValidLabelValue(const std::string& value);

std::vector<std::string> IsDns1035Label(const std::string& value);
std::vector<std::string> IsValidIP(const std::string& value);
std::vector<std::string> IsValidPortNum(int64_t port);
std::vector<std::string> IsValidPortName(const std::string& value);
// Mirrors: ValidateLabels. `labels` may be null.
void ValidateLabels(const Json* labels, const std::string& field,
                    ErrorList* errors);

enum class NameKind { kSubdomain, kLabel, kDns1035Label };

// Name, namespace, labels and annotations of an object that is created.
ErrorList ValidateObjectMeta(const Json& object, bool namespaced,
                             NameKind name_kind);
// What must not change.
ErrorList ValidateObjectMetaUpdate(const Json& object, const Json& old);

}  // namespace fairway::apiserver::validation

#endif  // APISERVER_REGISTRY_VALIDATION_VALIDATION_H_
