// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/core/pod/strategy.go (v1.20.2)
#include "apiserver/registry/core/pod/strategy.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/json.h"
#include "apiserver/registry/core/pod/pod_spec.h"

namespace fairway::apiserver::registry::pod {
namespace {

using validation::ErrorList;

constexpr char kUpdateForbidden[] =
    "pod updates may not change fields other than `spec.containers[*].image`, "
    "`spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or "
    "`spec.tolerations` (only additions to existing tolerations)";

const char* const kContainerLists[] = {"initContainers", "containers"};

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
  return CheckPodShape(object);
}

void PodStrategy::PrepareForCreate(Json& object) const {
  SetPodSpecDefaults(MutableObjectAt(object, {"spec"}));
  Json status;
  status["phase"] = "Pending";
  status["qosClass"] = GetPodQos(object);
  object["status"] = std::move(status);
}

ErrorList PodStrategy::Validate(const Json& object) const {
  ErrorList errors = validation::ValidateObjectMeta(
      object, true, validation::NameKind::kSubdomain);
  ValidatePodSpec(*At(object, {"spec"}), "spec", &errors);
  return errors;
}

void PodStrategy::PrepareForUpdate(Json& object, const Json& old) const {
  SetPodSpecDefaults(MutableObjectAt(object, {"spec"}));
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
    validation::CheckOneOf(
        "status.phase", phase,
        {"Failed", "Pending", "Running", "Succeeded", "Unknown"}, &errors);
  }
  return errors;
}

}  // namespace fairway::apiserver::registry::pod
