// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/handlers/negotiation (v0.20.2)
// Which form of an answer the client takes.
#ifndef APISERVER_ENDPOINTS_NEGOTIATION_H_
#define APISERVER_ENDPOINTS_NEGOTIATION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fairway::apiserver::endpoints {

enum class Shape { kObject, kTable };

struct MediaType {
  std::string content_type;  // of the answer
  Shape shape = Shape::kObject;
  std::string table_version;  // "v1", "v1beta1"
};

// The first of an Accept header that is served; JSON if there is none. Where a
// Table makes no sense, `most` is kObject.
// Errors: 406 NotAcceptable.
absl::StatusOr<MediaType> NegotiateOutput(absl::string_view accept, Shape most);

// "application/json" of "application/json; charset=utf-8"; lower case.
std::string BareMediaType(absl::string_view content_type);

// Errors: 415 UnsupportedMediaType in upstream's words.
absl::Status UnsupportedMediaType(absl::string_view accepted);

inline constexpr absl::string_view kBodyMediaTypes =
    "application/json, application/yaml";
inline constexpr absl::string_view kPatchMediaTypes =
    "application/json-patch+json, application/merge-patch+json, "
    "application/strategic-merge-patch+json";

}  // namespace fairway::apiserver::endpoints

#endif  // APISERVER_ENDPOINTS_NEGOTIATION_H_
