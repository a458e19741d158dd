// SPDX-License-Identifier: Apache-2.0
// How the views of Kubernetes' objects read a document. For .cc files only, as
// api/json.h is.
#ifndef API_DOCUMENT_H_
#define API_DOCUMENT_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "api/json.h"
#include "api/object.h"

namespace fairway::api {

// Whether a document must say its kind: items of a list do not.
enum class KindRule { kOptional, kRequired };

// Errors: kInvalidArgument "kind: want Pod, got \"Node\"".
absl::Status CheckKind(const FieldReader& document, absl::string_view want,
                       KindRule rule);

ObjectMeta ReadMeta(const FieldReader& meta);

// Parses a document of `kind` and reads it with `read`, which gives a T.
template <typename T, typename Read>
absl::StatusOr<T> FromJson(absl::string_view text, absl::string_view kind,
                           KindRule rule, Read read) {
  absl::StatusOr<nlohmann::json> value = ParseJson(text);
  if (!value.ok()) return value.status();
  absl::Status error;
  const FieldReader document(*value, "", &error);
  if (!error.ok()) return error;
  absl::Status kind_status = CheckKind(document, kind, rule);
  if (!kind_status.ok()) return kind_status;
  T result = read(document);
  if (!error.ok()) return error;
  return result;
}

}  // namespace fairway::api

#endif  // API_DOCUMENT_H_
