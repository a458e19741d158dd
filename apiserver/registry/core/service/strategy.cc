// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/service/strategy.go (v1.20.2)
#include "apiserver/registry/core/service/strategy.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "apiserver/registry/generic/shape.h"

namespace fairway::apiserver::registry::service {
namespace {

using generic::FieldType;
using validation::ErrorList;

constexpr char kHeadless[] = "None";
constexpr int kClientIpTimeoutSeconds = 10800;

std::string TypeOf(const Json& object) {
  return StringAt(object, {"spec", "type"});
}

std::string ClusterIpOf(const Json& object) {
  return StringAt(object, {"spec", "clusterIP"});
}

bool IsExternalName(const Json& object) {
  return TypeOf(object) == "ExternalName";
}

void DefaultPorts(Json& spec) {
  auto ports = spec.find("ports");
  if (ports == spec.end() || !ports->is_array()) return;
  for (Json& port : *ports) {
    SetDefault(port, "protocol", "TCP");
    Json& target = port["targetPort"];
    if (target.is_null() || target == 0 || target == "") {
      target = IntAt(port, {"port"}).value_or(0);
    }
  }
}

// Mirrors: SetDefaults_Service.
void DefaultSpec(Json& spec) {
  SetDefault(spec, "sessionAffinity", "None");
  if (spec["sessionAffinity"] == "ClientIP") {
    SetDefault(MutableObjectAt(spec, {"sessionAffinityConfig", "clientIP"}),
               "timeoutSeconds", kClientIpTimeoutSeconds);
  } else {
    spec.erase("sessionAffinityConfig");
  }
  SetDefault(spec, "type", "ClusterIP");
  if (spec["type"] == "NodePort" || spec["type"] == "LoadBalancer") {
    SetDefault(spec, "externalTrafficPolicy", "Cluster");
  }
  DefaultPorts(spec);
  // Mirrors: NormalizeClusterIPs.
  spec.erase("clusterIPs");
  const std::string address = StringAt(spec, {"clusterIP"});
  if (!address.empty()) spec["clusterIPs"].push_back(address);
}

void AddInvalid(const std::string& field, const Json& value,
                const std::vector<std::string>& faults, ErrorList* errors) {
  for (const std::string& fault : faults) {
    errors->push_back(validation::Invalid(field, value, fault));
  }
}

void CheckPortName(const Json& port, const std::string& path, bool required,
                   std::set<std::string>* names, ErrorList* errors) {
  const std::string name = StringAt(port, {"name"});
  if (name.empty()) {
    if (required) errors->push_back(validation::Required(path, ""));
    return;
  }
  AddInvalid(path, name, validation::IsDns1123Label(name), errors);
  if (!names->insert(name).second) {
    errors->push_back(validation::Duplicate(path, name));
  }
}

// Mirrors: ValidatePortNumOrName.
void CheckTargetPort(const Json& port, const std::string& path,
                     ErrorList* errors) {
  const std::string name = StringAt(port, {"targetPort"});
  if (!name.empty()) {
    AddInvalid(path, name, validation::IsValidPortName(name), errors);
    return;
  }
  const int64_t number = IntAt(port, {"targetPort"}).value_or(0);
  AddInvalid(path, number, validation::IsValidPortNum(number), errors);
}

// Mirrors: validateServicePort.
void CheckPort(const Json& port, const std::string& path, bool named,
               std::set<std::string>* names, ErrorList* errors) {
  CheckPortName(port, path + ".name", named, names, errors);
  const int64_t number = IntAt(port, {"port"}).value_or(0);
  AddInvalid(path + ".port", number, validation::IsValidPortNum(number),
             errors);
  validation::CheckOneOf(path + ".protocol", StringAt(port, {"protocol"}),
                         {"SCTP", "TCP", "UDP"}, errors);
  CheckTargetPort(port, path + ".targetPort", errors);
}

void CheckPorts(const Json& object, ErrorList* errors) {
  const Json& ports = ArrayAt(object, {"spec", "ports"});
  if (ports.empty() && ClusterIpOf(object) != kHeadless &&
      !IsExternalName(object)) {
    errors->push_back(validation::Required("spec.ports", ""));
  }
  std::set<std::string> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    CheckPort(ports[i], absl::StrCat("spec.ports[", i, "]"), ports.size() > 1,
              &names, errors);
  }
  std::set<std::pair<std::string, int64_t>> seen;
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string protocol = StringAt(ports[i], {"protocol"});
    const int64_t number = IntAt(ports[i], {"port"}).value_or(0);
    if (seen.insert({protocol, number}).second) continue;
    // Upstream shows the port as Go's %#v does.
    errors->push_back(
        {absl::StrCat("spec.ports[", i, "]"), "FieldValueDuplicate",
         absl::StrCat("Duplicate value: core.ServicePort{Name:\"\", Protocol:"
                      "\"",
                      protocol, "\", AppProtocol:(*string)(nil), Port:", number,
                      ", TargetPort:intstr.IntOrString{Type:0, IntVal:0, "
                      "StrVal:\"\"}, NodePort:0}")});
  }
}

// What a type asks of the cluster IP and of the external name.
void CheckAddresses(const Json& object, ErrorList* errors) {
  const std::string type = TypeOf(object);
  const std::string address = ClusterIpOf(object);
  if (IsExternalName(object)) {
    if (!address.empty()) {
      errors->push_back(validation::Forbidden(
          "spec.clusterIPs", "may not be set for ExternalName services"));
    }
    const std::string given = StringAt(object, {"spec", "externalName"});
    const std::string name(absl::StripSuffix(given, "."));
    if (name.empty()) {
      errors->push_back(validation::Required("spec.externalName", ""));
    } else {
      AddInvalid("spec.externalName", name,
                 validation::IsDns1123Subdomain(name), errors);
    }
    return;
  }
  if (address == kHeadless && (type == "NodePort" || type == "LoadBalancer")) {
    errors->push_back(validation::Invalid(
        "spec.clusterIPs[0]", address,
        absl::StrCat("may not be set to 'None' for ", type, " services")));
  } else if (!address.empty() && address != kHeadless) {
    AddInvalid("spec.clusterIPs[0]", address, validation::IsValidIP(address),
               errors);
  }
}

// Mirrors: ValidateService, but for the metadata.
void CheckSpec(const Json& object, ErrorList* errors) {
  CheckPorts(object, errors);
  validation::ValidateLabels(At(object, {"spec", "selector"}), "spec.selector",
                             errors);
  validation::CheckOneOf("spec.sessionAffinity",
                         StringAt(object, {"spec", "sessionAffinity"}),
                         {"ClientIP", "None"}, errors);
  validation::CheckOneOf(
      "spec.type", TypeOf(object),
      {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"}, errors);
  CheckAddresses(object, errors);
  const Json& external = ArrayAt(object, {"spec", "externalIPs"});
  for (size_t i = 0; i < external.size(); ++i) {
    AddInvalid(absl::StrCat("spec.externalIPs[", i, "]"), external[i],
               validation::IsValidIP(external[i].get<std::string>()), errors);
  }
}

void Keep(const char* field, const Json& old, Json& object) {
  const Json* value = At(old, {field});
  object[field] = value == nullptr ? Json::object() : *value;
}

}  // namespace

const rest::ResourceInfo& ServiceStrategy::info() const {
  static const auto* const kInfo =
      new rest::ResourceInfo{"Service", "services", true, {"svc"}, {"all"}};
  return *kInfo;
}

absl::Status ServiceStrategy::CheckShape(const Json& object) const {
  static const auto* const kShapes = new std::vector<generic::FieldShape>{
      {"metadata.labels", FieldType::kStringMap},
      {"metadata.annotations", FieldType::kStringMap},
      {"spec.type", FieldType::kString},
      {"spec.clusterIP", FieldType::kString},
      {"spec.externalName", FieldType::kString},
      {"spec.sessionAffinity", FieldType::kString},
      {"spec.selector", FieldType::kStringMap},
      {"spec.externalIPs[]", FieldType::kString},
      {"spec.ports[]", FieldType::kObject},
      {"spec.ports[].name", FieldType::kString},
      {"spec.ports[].protocol", FieldType::kString},
      {"spec.ports[].port", FieldType::kInteger},
      {"spec.ports[].targetPort", FieldType::kIntOrString},
      {"spec.ports[].nodePort", FieldType::kInteger},
      {"status.loadBalancer.ingress[].ip", FieldType::kString},
      {"status.loadBalancer.ingress[].hostname", FieldType::kString},
  };
  return generic::CheckFieldTypes(object, *kShapes);
}

void ServiceStrategy::PrepareForCreate(Json& object) const {
  DefaultSpec(MutableObjectAt(object, {"spec"}));
  object["status"] = {{"loadBalancer", Json::object()}};
}

ErrorList ServiceStrategy::Validate(const Json& object) const {
  ErrorList errors = validation::ValidateObjectMeta(
      object, true, validation::NameKind::kDns1035Label);
  CheckSpec(object, &errors);
  return errors;
}

void ServiceStrategy::PrepareForUpdate(Json& object, const Json& old) const {
  Keep("status", old, object);
  Json& spec = MutableObjectAt(object, {"spec"});
  // Mirrors: patchAllocatedValues. A client need not repeat the address.
  if (ClusterIpOf(object).empty() && !IsExternalName(object) &&
      !IsExternalName(old) && !ClusterIpOf(old).empty()) {
    spec["clusterIP"] = ClusterIpOf(old);
  }
  DefaultSpec(spec);
}

ErrorList ServiceStrategy::ValidateUpdate(const Json& object,
                                          const Json& old) const {
  ErrorList errors = validation::ValidateObjectMetaUpdate(object, old);
  const std::string address = ClusterIpOf(object);
  const std::string had = ClusterIpOf(old);
  if (!had.empty() && address != had && !IsExternalName(object) &&
      !IsExternalName(old)) {
    errors.push_back({"spec.clusterIPs[0]", "FieldValueInvalid",
                      absl::StrCat("Invalid value: []string{\"", address,
                                   "\"}: may not change once set")});
  }
  CheckSpec(object, &errors);
  return errors;
}

void ServiceStatusStrategy::PrepareForUpdate(Json& object,
                                             const Json& old) const {
  Keep("spec", old, object);
  MutableObjectAt(object, {"status"});
}

ErrorList ServiceStatusStrategy::ValidateUpdate(const Json& object,
                                                const Json& old) const {
  return validation::ValidateObjectMetaUpdate(object, old);
}

}  // namespace fairway::apiserver::registry::service
