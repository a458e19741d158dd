// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/pod/strategy.go (v1.20.2)
#include "apiserver/registry/core/pod/strategy.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "api/json.h"
#include "api/object.h"

namespace fairway::apiserver::registry::pod {
namespace {

using validation::ErrorList;

constexpr char kUpdateForbidden[] =
    "pod updates may not change fields other than `spec.containers[*].image`, "
    "`spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or "
    "`spec.tolerations` (only additions to existing tolerations)";

const char* const kContainerLists[] = {"initContainers", "containers"};

// An image with no tag, or with :latest, is pulled each time.
std::string DefaultPullPolicy(const std::string& image) {
  if (absl::StrContains(image, "@")) return "IfNotPresent";
  const size_t slash = image.rfind('/');
  const size_t colon = image.rfind(':');
  const bool tagged = colon != std::string::npos &&
                      (slash == std::string::npos || colon > slash);
  if (!tagged || image.substr(colon + 1) == "latest") return "Always";
  return "IfNotPresent";
}

void DefaultContainer(Json& container) {
  SetDefault(container, "resources", Json::object());
  SetDefault(container, "terminationMessagePath", "/dev/termination-log");
  SetDefault(container, "terminationMessagePolicy", "File");
  SetDefault(container, "imagePullPolicy",
             DefaultPullPolicy(StringAt(container, {"image"})));
  auto ports = container.find("ports");
  if (ports == container.end() || !ports->is_array()) return;
  for (Json& port : *ports) {
    if (port.is_object()) SetDefault(port, "protocol", "TCP");
  }
}

void DefaultSpec(Json& spec) {
  SetDefault(spec, "restartPolicy", "Always");
  SetDefault(spec, "dnsPolicy", "ClusterFirst");
  SetDefault(spec, "schedulerName", "default-scheduler");
  SetDefault(spec, "securityContext", Json::object());
  SetDefault(spec, "terminationGracePeriodSeconds", 30);
  SetDefault(spec, "enableServiceLinks", true);
  for (const char* list : kContainerLists) {
    auto containers = spec.find(list);
    if (containers == spec.end() || !containers->is_array()) continue;
    for (Json& container : *containers) {
      if (container.is_object()) DefaultContainer(container);
    }
  }
}

void CheckOneOf(const std::string& field, const std::string& value,
                const std::vector<std::string>& supported, ErrorList* errors) {
  for (const std::string& one : supported) {
    if (one == value) return;
  }
  errors->push_back(validation::NotSupported(field, value, supported));
}

void CheckPorts(const Json& container, const std::string& path,
                ErrorList* errors) {
  const Json& ports = ArrayAt(container, {"ports"});
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string field = absl::StrCat(path, ".ports[", i, "]");
    const std::optional<int64_t> port = IntAt(ports[i], {"containerPort"});
    if (!port.has_value() || *port == 0) {
      errors->push_back(validation::Required(field + ".containerPort", ""));
    } else if (*port < 1 || *port > 65535) {
      errors->push_back(
          validation::Invalid(field + ".containerPort", *port,
                              "must be between 1 and 65535, inclusive"));
    }
    CheckOneOf(field + ".protocol", StringAt(ports[i], {"protocol"}),
               {"SCTP", "TCP", "UDP"}, errors);
  }
}

void CheckContainers(const Json& spec, const char* list,
                     std::set<std::string>* names, ErrorList* errors) {
  const Json& containers = ArrayAt(spec, {list});
  for (size_t i = 0; i < containers.size(); ++i) {
    const Json& container = containers[i];
    const std::string path = absl::StrCat("spec.", list, "[", i, "]");
    const std::string name = StringAt(container, {"name"});
    if (name.empty()) {
      errors->push_back(validation::Required(path + ".name", ""));
    } else if (!names->insert(name).second) {
      errors->push_back(validation::Duplicate(path + ".name", name));
    } else {
      for (const std::string& fault : validation::IsDns1123Label(name)) {
        errors->push_back(validation::Invalid(path + ".name", name, fault));
      }
    }
    if (StringAt(container, {"image"}).empty()) {
      errors->push_back(validation::Required(path + ".image", ""));
    }
    CheckOneOf(path + ".imagePullPolicy",
               StringAt(container, {"imagePullPolicy"}),
               {"Always", "IfNotPresent", "Never"}, errors);
    CheckPorts(container, path, errors);
  }
}

// A spec without what an update may change.
Json FixedPart(const Json& object) {
  Json spec =
      At(object, {"spec"}) == nullptr ? Json::object() : *At(object, {"spec"});
  spec.erase("activeDeadlineSeconds");
  spec.erase("tolerations");
  for (const char* list : kContainerLists) {
    auto containers = spec.find(list);
    if (containers == spec.end() || !containers->is_array()) continue;
    for (Json& container : *containers) {
      if (container.is_object()) container.erase("image");
    }
  }
  return spec;
}

// The amounts of the two resources that QoS looks at.
std::set<std::string> Resources(const Json& container, const char* which) {
  std::set<std::string> names;
  for (const char* name : {"cpu", "memory"}) {
    const Json* amount = At(container, {"resources", which, name});
    if (amount == nullptr || *amount == "0" || *amount == 0) continue;
    names.insert(absl::StrCat(name, "=", api::DumpJson(*amount)));
  }
  return names;
}

}  // namespace

std::string GetPodQos(const Json& pod) {
  bool any = false;
  bool guaranteed = true;
  for (const char* list : kContainerLists) {
    for (const Json& container : ArrayAt(pod, {"spec", list})) {
      const std::set<std::string> limits = Resources(container, "limits");
      const std::set<std::string> requests = Resources(container, "requests");
      any = any || !limits.empty() || !requests.empty();
      // Requests that are missing are defaulted to the limits.
      if (limits.size() != 2 || (!requests.empty() && requests != limits)) {
        guaranteed = false;
      }
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

const rest::ResourceInfo& PodStrategy::info() const {
  static const auto* const kInfo =
      new rest::ResourceInfo{"Pod", "pods", true, {"po"}, {"all"}};
  return *kInfo;
}

absl::Status PodStrategy::CheckShape(const Json& object) const {
  absl::Status shape = api::PodFromJson(api::DumpJson(object)).status();
  if (!shape.ok()) return shape;
  for (const char* list : kContainerLists) {
    const Json* containers = At(object, {"spec", list});
    if (containers == nullptr) continue;
    if (!containers->is_array()) {
      return absl::InvalidArgumentError(
          absl::StrCat("spec.", list, ": want a list"));
    }
    for (const Json& container : *containers) {
      if (!container.is_object()) {
        return absl::InvalidArgumentError(
            absl::StrCat("spec.", list, ": want a list of objects"));
      }
    }
  }
  return absl::OkStatus();
}

void PodStrategy::PrepareForCreate(Json& object) const {
  DefaultSpec(MutableObjectAt(object, {"spec"}));
  Json status;
  status["phase"] = "Pending";
  status["qosClass"] = GetPodQos(object);
  object["status"] = std::move(status);
}

ErrorList PodStrategy::Validate(const Json& object) const {
  ErrorList errors = validation::ValidateObjectMeta(
      object, true, validation::NameKind::kSubdomain);
  const Json& spec = *At(object, {"spec"});
  std::set<std::string> names;
  if (ArrayAt(spec, {"containers"}).empty()) {
    errors.push_back(validation::Required("spec.containers", ""));
  }
  for (const char* list : kContainerLists) {
    CheckContainers(spec, list, &names, &errors);
  }
  CheckOneOf("spec.restartPolicy", StringAt(spec, {"restartPolicy"}),
             {"Always", "Never", "OnFailure"}, &errors);
  CheckOneOf("spec.dnsPolicy", StringAt(spec, {"dnsPolicy"}),
             {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"},
             &errors);
  const std::optional<int64_t> grace =
      IntAt(spec, {"terminationGracePeriodSeconds"});
  if (!grace.has_value() || *grace < 0) {
    errors.push_back(
        validation::Invalid("spec.terminationGracePeriodSeconds",
                            grace.has_value() ? Json(*grace) : Json(),
                            "must be greater than or equal to 0"));
  }
  const std::string node = StringAt(spec, {"nodeName"});
  if (!node.empty()) {
    for (const std::string& fault : validation::IsDns1123Subdomain(node)) {
      errors.push_back(validation::Invalid("spec.nodeName", node, fault));
    }
  }
  return errors;
}

void PodStrategy::PrepareForUpdate(Json& object, const Json& old) const {
  DefaultSpec(MutableObjectAt(object, {"spec"}));
  object["status"] =
      At(old, {"status"}) == nullptr ? Json::object() : *At(old, {"status"});
}

ErrorList PodStrategy::ValidateUpdate(const Json& object,
                                      const Json& old) const {
  ErrorList errors = validation::ValidateObjectMetaUpdate(object, old);
  const Json& containers = ArrayAt(object, {"spec", "containers"});
  for (size_t i = 0; i < containers.size(); ++i) {
    if (StringAt(containers[i], {"image"}).empty()) {
      errors.push_back(validation::Required(
          absl::StrCat("spec.containers[", i, "].image"), ""));
    }
  }
  if (FixedPart(object) != FixedPart(old)) {
    errors.push_back(validation::Forbidden("spec", kUpdateForbidden));
  }
  return errors;
}

rest::FieldMap PodStrategy::Fields(const Json& object) const {
  rest::FieldMap fields = Strategy::Fields(object);
  for (const char* name :
       {"nodeName", "restartPolicy", "schedulerName", "serviceAccountName"}) {
    fields[absl::StrCat("spec.", name)] = StringAt(object, {"spec", name});
  }
  for (const char* name : {"phase", "podIP", "nominatedNodeName"}) {
    fields[absl::StrCat("status.", name)] = StringAt(object, {"status", name});
  }
  return fields;
}

std::optional<int64_t> PodStrategy::GracePeriod(
    const Json& object, const rest::DeleteOptions& options) const {
  const std::string phase = StringAt(object, {"status", "phase"});
  if (StringAt(object, {"spec", "nodeName"}).empty() || phase == "Failed" ||
      phase == "Succeeded") {
    return 0;
  }
  if (options.grace_period_seconds.has_value()) {
    return options.grace_period_seconds;
  }
  return IntAt(object, {"spec", "terminationGracePeriodSeconds"}).value_or(0);
}

void PodStatusStrategy::PrepareForUpdate(Json& object, const Json& old) const {
  object["spec"] =
      At(old, {"spec"}) == nullptr ? Json::object() : *At(old, {"spec"});
  Json& status = MutableObjectAt(object, {"status"});
  status["qosClass"] = GetPodQos(object);
}

ErrorList PodStatusStrategy::ValidateUpdate(const Json& object,
                                            const Json& old) const {
  ErrorList errors = validation::ValidateObjectMetaUpdate(object, old);
  const std::string phase = StringAt(object, {"status", "phase"});
  if (!phase.empty()) {
    CheckOneOf("status.phase", phase,
               {"Failed", "Pending", "Running", "Succeeded", "Unknown"},
               &errors);
  }
  return errors;
}

}  // namespace fairway::apiserver::registry::pod
