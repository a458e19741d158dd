// SPDX-License-Identifier: Apache-2.0
// Mirrors: BindingREST of pkg/registry/core/pod/storage/storage.go (v1.20.2)
#include "apiserver/registry/core/pod/binding.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "api/errors.h"
#include "apiserver/registry/generic/object_meta.h"
#include "apiserver/registry/rest/status_details.h"
#include "apiserver/registry/validation/validation.h"
#include "base/status/co_status.h"
#include "base/time/go_time.h"

namespace fairway::apiserver::registry::pod {
namespace {

absl::Status ValidateBinding(const Json& binding, const std::string& name) {
  validation::ErrorList errors;
  const std::string kind = StringAt(binding, {"target", "kind"});
  if (!kind.empty() && kind != "Node") {
    errors.push_back(
        validation::NotSupported("target.kind", kind, {"Node", "<empty>"}));
  }
  if (StringAt(binding, {"target", "name"}).empty()) {
    errors.push_back(validation::Required("target.name", ""));
  }
  const std::string given = StringAt(binding, {"metadata", "name"});
  if (!given.empty() && given != name) {
    return api::NewBadRequest(
        "name in URL does not match name in Binding "
        "object");
  }
  return validation::InvalidIfAny("Binding", name, errors);
}

void SetScheduled(Json& pod) {
  Json& status = MutableObjectAt(pod, {"status"});
  Json& conditions = status["conditions"];
  if (!conditions.is_array()) conditions = Json::array();
  for (Json& condition : conditions) {
    if (StringAt(condition, {"type"}) != "PodScheduled") continue;
    condition["status"] = "True";
    return;
  }
  Json scheduled;
  scheduled["type"] = "PodScheduled";
  scheduled["status"] = "True";
  scheduled["lastProbeTime"] = nullptr;
  scheduled["lastTransitionTime"] = FormatRFC3339(absl::Now());
  conditions.push_back(std::move(scheduled));
}

// Mirrors: setPodHostAndAnnotations.
absl::StatusOr<std::string> AssignPod(const storage::Document& document,
                                      const std::string& name,
                                      const Json& binding) {
  absl::StatusOr<Json> pod = generic::Decode(document);
  if (!pod.ok()) return pod.status();
  std::string why;
  const std::string node = StringAt(*pod, {"spec", "nodeName"});
  if (!StringAt(*pod, {"metadata", "deletionTimestamp"}).empty()) {
    why = absl::StrCat("pod ", name,
                       " is being deleted, cannot be assigned to a host");
  } else if (!node.empty()) {
    why = absl::StrCat("pod ", name, " is already assigned to node \"", node,
                       "\"");
  }
  if (!why.empty()) {
    return WithDetails(api::NewConflict("pods/binding", name, why),
                       {{"name", name}, {"kind", "pods/binding"}});
  }
  MutableObjectAt(*pod, {"spec"})["nodeName"] =
      StringAt(binding, {"target", "name"});
  const Json* annotations = At(binding, {"metadata", "annotations"});
  if (annotations != nullptr && annotations->is_object()) {
    MutableObjectAt(*pod, {"metadata", "annotations"}).update(*annotations);
  }
  SetScheduled(*pod);
  return generic::Encode(*pod);
}

}  // namespace

const rest::ResourceInfo& BindingRest::info() const {
  static const auto* const kInfo =
      new rest::ResourceInfo{"Binding", "pods", true, {}, {}};
  return *kInfo;
}

Task<absl::StatusOr<Json>> BindingRest::Create(std::string ns, std::string name,
                                               Json object,
                                               rest::DryRun dry_run) {
  FAIRWAY_CO_RETURN_IF_ERROR(ValidateBinding(object, name));
  if (absl::StrContains(name, "/")) {
    co_return api::NewNotFound("pods", name);
  }
  std::string key = absl::StrCat("/registry/pods/", ns, "/", name);
  storage::UpdateFunc assign =
      [&](const storage::Document& document) -> absl::StatusOr<std::string> {
    absl::StatusOr<std::string> assigned = AssignPod(document, name, object);
    if (assigned.ok() && dry_run == rest::DryRun::kAll) return document.json;
    return assigned;
  };
  absl::StatusOr<storage::Document> written =
      co_await GuaranteedUpdate(*storage_, std::move(key), std::move(assign));
  const bool missing = absl::IsNotFound(written.status());
  if (missing) co_return api::NewNotFound("pods", name);
  if (!written.ok()) co_return written.status();
  co_return SuccessStatus(Json::object());
}

}  // namespace fairway::apiserver::registry::pod
