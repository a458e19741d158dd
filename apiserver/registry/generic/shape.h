// SPDX-License-Identifier: Apache-2.0
// The types that fields must have, told by a table.
#ifndef APISERVER_REGISTRY_GENERIC_SHAPE_H_
#define APISERVER_REGISTRY_GENERIC_SHAPE_H_

#include <vector>

#include "absl/status/status.h"
#include "apiserver/registry/rest/json_path.h"

namespace fairway::apiserver::registry::generic {

enum class FieldType {
  kString,
  kInteger,
  kBool,
  kObject,
  kStringMap,
  kIntOrString,
};

// "spec.ports[].port": the field `port` of each element of the list.
struct FieldShape {
  const char* path;
  FieldType type;
};

// Fields that are missing or null have any type; elements of lists do not.
// Errors: kInvalidArgument, naming the first field of another type:
// "spec.ports[0].port: want an integer".
absl::Status CheckFieldTypes(const Json& object,
                             const std::vector<FieldShape>& shapes);

}  // namespace fairway::apiserver::registry::generic

#endif  // APISERVER_REGISTRY_GENERIC_SHAPE_H_
