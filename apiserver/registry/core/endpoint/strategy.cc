// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/endpoint/strategy.go (v1.20.2)
#include "apiserver/registry/core/endpoint/strategy.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "apiserver/registry/generic/shape.h"

namespace fairway::apiserver::registry::endpoint {
namespace {

using generic::FieldType;
using validation::ErrorList;

const char* const kAddressLists[] = {"addresses", "notReadyAddresses"};

void DefaultPorts(Json& object) {
  auto subsets = object.find("subsets");
  if (subsets == object.end() || !subsets->is_array()) return;
  for (Json& subset : *subsets) {
    auto ports = subset.find("ports");
    if (ports == subset.end() || !ports->is_array()) continue;
    for (Json& port : *ports) SetDefault(port, "protocol", "TCP");
  }
}

void CheckPorts(const Json& subset, const std::string& path,
                ErrorList* errors) {
  const Json& ports = ArrayAt(subset, {"ports"});
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string field = absl::StrCat(path, ".ports[", i, "]");
    const std::string name = StringAt(ports[i], {"name"});
    if (name.empty() && ports.size() > 1) {
      errors->push_back(validation::Required(field + ".name", ""));
    } else if (!name.empty()) {
      for (const std::string& fault : validation::IsDns1123Label(name)) {
        errors->push_back(validation::Invalid(field + ".name", name, fault));
      }
    }
    const int64_t number = IntAt(ports[i], {"port"}).value_or(0);
    for (const std::string& fault : validation::IsValidPortNum(number)) {
      errors->push_back(validation::Invalid(field + ".port", number, fault));
    }
    validation::CheckOneOf(field + ".protocol",
                           StringAt(ports[i], {"protocol"}),
                           {"SCTP", "TCP", "UDP"}, errors);
  }
}

// Mirrors: validateEndpointSubsets.
void CheckSubsets(const Json& object, ErrorList* errors) {
  const Json& subsets = ArrayAt(object, {"subsets"});
  for (size_t i = 0; i < subsets.size(); ++i) {
    const Json& subset = subsets[i];
    const std::string path = absl::StrCat("subsets[", i, "]");
    size_t count = 0;
    for (const char* list : kAddressLists) {
      const Json& addresses = ArrayAt(subset, {list});
      count += addresses.size();
      for (size_t j = 0; j < addresses.size(); ++j) {
        const std::string ip = StringAt(addresses[j], {"ip"});
        for (const std::string& fault : validation::IsValidIP(ip)) {
          errors->push_back(validation::Invalid(
              absl::StrCat(path, ".", list, "[", j, "].ip"), ip, fault));
        }
      }
    }
    if (count == 0) {
      errors->push_back(validation::Required(
          path, "must specify `addresses` or `notReadyAddresses`"));
    }
    CheckPorts(subset, path, errors);
  }
}

}  // namespace

const rest::ResourceInfo& EndpointsStrategy::info() const {
  static const auto* const kInfo =
      new rest::ResourceInfo{"Endpoints", "endpoints", true, {"ep"}, {}};
  return *kInfo;
}

absl::Status EndpointsStrategy::CheckShape(const Json& object) const {
  static const auto* const kShapes = new std::vector<generic::FieldShape>{
      {"metadata.labels", FieldType::kStringMap},
      {"metadata.annotations", FieldType::kStringMap},
      {"subsets[]", FieldType::kObject},
      {"subsets[].addresses[].ip", FieldType::kString},
      {"subsets[].notReadyAddresses[].ip", FieldType::kString},
      {"subsets[].ports[]", FieldType::kObject},
      {"subsets[].ports[].name", FieldType::kString},
      {"subsets[].ports[].port", FieldType::kInteger},
      {"subsets[].ports[].protocol", FieldType::kString},
  };
  return generic::CheckFieldTypes(object, *kShapes);
}

void EndpointsStrategy::PrepareForCreate(Json& object) const {
  DefaultPorts(object);
}

ErrorList EndpointsStrategy::Validate(const Json& object) const {
  ErrorList errors = validation::ValidateObjectMeta(
      object, true, validation::NameKind::kSubdomain);
  CheckSubsets(object, &errors);
  return errors;
}

void EndpointsStrategy::PrepareForUpdate(Json& object, const Json&) const {
  DefaultPorts(object);
}

ErrorList EndpointsStrategy::ValidateUpdate(const Json& object,
                                            const Json& old) const {
  ErrorList errors = validation::ValidateObjectMetaUpdate(object, old);
  CheckSubsets(object, &errors);
  return errors;
}

}  // namespace fairway::apiserver::registry::endpoint
