// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/namespace/strategy.go (v1.20.2)
#include "apiserver/registry/core/namespace/strategy.h"

namespace fairway::apiserver::registry::namespaces {
namespace {

// The one finalizer that keeps a namespace until it is empty.
constexpr char kFinalizerKubernetes[] = "kubernetes";

void Keep(const char* field, const Json& old, Json& object) {
  const Json* value = At(old, {field});
  object[field] = value == nullptr ? Json::object() : *value;
}

}  // namespace

const rest::ResourceInfo& NamespaceStrategy::info() const {
  static const auto* const kInfo =
      new rest::ResourceInfo{"Namespace", "namespaces", false, {"ns"}, {}};
  return *kInfo;
}

absl::Status NamespaceStrategy::CheckShape(const Json& object) const {
  for (const char* field : {"labels", "annotations"}) {
    const Json* map = At(object, {"metadata", field});
    if (map != nullptr && !map->is_object()) {
      return absl::InvalidArgumentError(std::string("metadata.") + field +
                                        ": want an object");
    }
  }
  return absl::OkStatus();
}

void NamespaceStrategy::PrepareForCreate(Json& object) const {
  Json finalizers = Json::array();
  finalizers.push_back(kFinalizerKubernetes);
  MutableObjectAt(object, {"spec"})["finalizers"] = finalizers;
  Json status;
  status["phase"] = "Active";
  object["status"] = status;
}

validation::ErrorList NamespaceStrategy::Validate(const Json& object) const {
  return validation::ValidateObjectMeta(object, false,
                                        validation::NameKind::kLabel);
}

void NamespaceStrategy::PrepareForUpdate(Json& object, const Json& old) const {
  Keep("spec", old, object);
  Keep("status", old, object);
}

validation::ErrorList NamespaceStrategy::ValidateUpdate(const Json& object,
                                                        const Json& old) const {
  return validation::ValidateObjectMetaUpdate(object, old);
}

rest::FieldMap NamespaceStrategy::Fields(const Json& object) const {
  rest::FieldMap fields = Strategy::Fields(object);
  fields["status.phase"] = StringAt(object, {"status", "phase"});
  return fields;
}

void NamespaceStatusStrategy::PrepareForUpdate(Json& object,
                                               const Json& old) const {
  Keep("spec", old, object);
  MutableObjectAt(object, {"status"});
}

}  // namespace fairway::apiserver::registry::namespaces
