// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/generic/strategy.h"

namespace fairway::apiserver::registry::generic {

rest::FieldMap Strategy::Fields(const Json& object) const {
  rest::FieldMap fields;
  fields["metadata.name"] = StringAt(object, {"metadata", "name"});
  if (info().namespaced) {
    fields["metadata.namespace"] = StringAt(object, {"metadata", "namespace"});
  }
  return fields;
}

std::optional<int64_t> Strategy::GracePeriod(const Json&,
                                             const rest::DeleteOptions&) const {
  return std::nullopt;
}

}  // namespace fairway::apiserver::registry::generic
