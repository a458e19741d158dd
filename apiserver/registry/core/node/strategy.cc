// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/node/strategy.go (v1.20.2)
#include "apiserver/registry/core/node/strategy.h"

#include "api/json.h"
#include "api/object.h"

namespace fairway::apiserver::registry::node {
namespace {

void Keep(const char* field, const Json& old, Json& object) {
  const Json* value = At(old, {field});
  object[field] = value == nullptr ? Json::object() : *value;
}

}  // namespace

const rest::ResourceInfo& NodeStrategy::info() const {
  static const auto* const kInfo =
      new rest::ResourceInfo{"Node", "nodes", false, {"no"}, {}};
  return *kInfo;
}

absl::Status NodeStrategy::CheckShape(const Json& object) const {
  return api::NodeFromJson(api::DumpJson(object)).status();
}

void NodeStrategy::PrepareForCreate(Json& object) const {
  MutableObjectAt(object, {"spec"});
  MutableObjectAt(object, {"status"});
}

validation::ErrorList NodeStrategy::Validate(const Json& object) const {
  return validation::ValidateObjectMeta(object, false,
                                        validation::NameKind::kSubdomain);
}

void NodeStrategy::PrepareForUpdate(Json& object, const Json& old) const {
  MutableObjectAt(object, {"spec"});
  Keep("status", old, object);
}

validation::ErrorList NodeStrategy::ValidateUpdate(const Json& object,
                                                   const Json& old) const {
  return validation::ValidateObjectMetaUpdate(object, old);
}

rest::FieldMap NodeStrategy::Fields(const Json& object) const {
  rest::FieldMap fields = Strategy::Fields(object);
  fields["spec.unschedulable"] =
      BoolAt(object, {"spec", "unschedulable"}) ? "true" : "false";
  return fields;
}

void NodeStatusStrategy::PrepareForUpdate(Json& object, const Json& old) const {
  Keep("spec", old, object);
  MutableObjectAt(object, {"status"});
}

}  // namespace fairway::apiserver::registry::node
