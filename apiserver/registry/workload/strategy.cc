// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/registry/apps/deployment/strategy.go and its like (v1.20.2)
#include "apiserver/registry/workload/strategy.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "apiserver/registry/core/pod/pod_spec.h"
#include "apiserver/registry/generic/shape.h"
#include "apiserver/registry/workload/validation.h"

namespace fairway::apiserver::registry::workload {
namespace {

using generic::FieldType;
using validation::ErrorList;

// Every kind has some of these.
const std::vector<generic::FieldShape>& Shapes() {
  static const auto* const kShapes = new std::vector<generic::FieldShape>{
      {"metadata.labels", FieldType::kStringMap},
      {"metadata.annotations", FieldType::kStringMap},
      {"spec.replicas", FieldType::kInteger},
      {"spec.minReadySeconds", FieldType::kInteger},
      {"spec.revisionHistoryLimit", FieldType::kInteger},
      {"spec.progressDeadlineSeconds", FieldType::kInteger},
      {"spec.parallelism", FieldType::kInteger},
      {"spec.completions", FieldType::kInteger},
      {"spec.backoffLimit", FieldType::kInteger},
      {"spec.activeDeadlineSeconds", FieldType::kInteger},
      {"spec.ttlSecondsAfterFinished", FieldType::kInteger},
      {"spec.manualSelector", FieldType::kBool},
      {"spec.serviceName", FieldType::kString},
      {"spec.podManagementPolicy", FieldType::kString},
      {"spec.strategy", FieldType::kObject},
      {"spec.strategy.type", FieldType::kString},
      {"spec.strategy.rollingUpdate", FieldType::kObject},
      {"spec.updateStrategy", FieldType::kObject},
      {"spec.updateStrategy.type", FieldType::kString},
      {"spec.updateStrategy.rollingUpdate", FieldType::kObject},
      {"spec.template", FieldType::kObject},
      {"spec.template.metadata", FieldType::kObject},
      {"spec.template.metadata.labels", FieldType::kStringMap},
      {"spec.template.metadata.annotations", FieldType::kStringMap},
      {"spec.template.spec", FieldType::kObject},
      {"spec.template.spec.nodeSelector", FieldType::kStringMap},
      {"status.replicas", FieldType::kInteger},
      {"status.readyReplicas", FieldType::kInteger},
      {"status.availableReplicas", FieldType::kInteger},
      {"status.updatedReplicas", FieldType::kInteger},
      {"status.succeeded", FieldType::kInteger},
      {"status.conditions[]", FieldType::kObject},
  };
  return *kShapes;
}

const std::vector<generic::FieldShape>& SelectorShapes(SelectorForm form) {
  static const auto* const kMap = new std::vector<generic::FieldShape>{
      {"spec.selector", FieldType::kStringMap},
  };
  static const auto* const kLabelSelector =
      new std::vector<generic::FieldShape>{
          {"spec.selector", FieldType::kObject},
          {"spec.selector.matchLabels", FieldType::kStringMap},
          {"spec.selector.matchExpressions[]", FieldType::kObject},
          {"spec.selector.matchExpressions[].key", FieldType::kString},
          {"spec.selector.matchExpressions[].operator", FieldType::kString},
          {"spec.selector.matchExpressions[].values[]", FieldType::kString},
      };
  return form == SelectorForm::kMap ? *kMap : *kLabelSelector;
}

bool IsMissingOrEmpty(const Json* value) {
  return value == nullptr || value->empty();
}

void DefaultLabels(const WorkloadKind& kind, Json& object) {
  const Json* found = At(object, {"spec", "template", "metadata", "labels"});
  if (!kind.labels_from_template || IsMissingOrEmpty(found)) return;
  const Json labels = *found;
  if (kind.selector == SelectorForm::kMap &&
      IsMissingOrEmpty(At(object, {"spec", "selector"}))) {
    object["spec"]["selector"] = labels;
  }
  if (IsMissingOrEmpty(At(object, {"metadata", "labels"}))) {
    MutableObjectAt(object, {"metadata"})["labels"] = labels;
  }
}

// Mirrors: SetDefaults_Deployment and its like.
void SetDefaults(const WorkloadKind& kind, Json& object) {
  Json& spec = MutableObjectAt(object, {"spec"});
  // One run of one pod, where a job tells nothing.
  if (kind.info.kind == "Job" && At(spec, {"parallelism"}) == nullptr) {
    SetDefault(spec, "completions", 1);
  }
  for (const auto& [field, value] : kind.spec_defaults.items()) {
    SetDefault(spec, field.c_str(), value);
  }
  if (!kind.strategy_field.empty()) {
    Json& strategy = MutableObjectAt(spec, {kind.strategy_field.c_str()});
    SetDefault(strategy, "type", "RollingUpdate");
    if (strategy["type"] == "RollingUpdate") {
      Json& rolling = MutableObjectAt(strategy, {"rollingUpdate"});
      for (const auto& [field, value] : kind.rolling_update.items()) {
        SetDefault(rolling, field.c_str(), value);
      }
    }
  }
  MutableObjectAt(spec, {"template", "metadata"});
  pod::SetPodSpecDefaults(MutableObjectAt(spec, {"template", "spec"}));
  DefaultLabels(kind, object);
}

// Mirrors: generateSelector. What a client gave stays, and is then refused.
void GenerateSelector(Json& job) {
  if (BoolAt(job, {"spec", "manualSelector"})) return;
  const std::string uid = StringAt(job, {"metadata", "uid"});
  Json& labels =
      MutableObjectAt(job, {"spec", "template", "metadata", "labels"});
  SetDefault(labels, "job-name", StringAt(job, {"metadata", "name"}));
  SetDefault(labels, "controller-uid", uid);
  SetDefault(MutableObjectAt(job, {"spec", "selector", "matchLabels"}),
             "controller-uid", uid);
}

void Keep(const char* field, const Json& old, Json& object) {
  const Json* value = At(old, {field});
  object[field] = value == nullptr ? Json::object() : *value;
}

Json ValueAt(const Json& object, JsonPath path) {
  const Json* value = At(object, path);
  return value == nullptr ? Json() : *value;
}

// Whether an update changes what a controller has to act on.
bool IsNewGeneration(const WorkloadKind& kind, const Json& object,
                     const Json& old) {
  if (ValueAt(object, {"spec"}) != ValueAt(old, {"spec"})) return true;
  return kind.annotations_bump_generation &&
         ValueAt(object, {"metadata", "annotations"}) !=
             ValueAt(old, {"metadata", "annotations"});
}

void KeepGeneration(const Json& old, int64_t step, Json& object) {
  const std::optional<int64_t> had = IntAt(old, {"metadata", "generation"});
  Json& meta = MutableObjectAt(object, {"metadata"});
  if (had.has_value()) {
    meta["generation"] = *had + step;
  } else {
    meta.erase("generation");
  }
}

}  // namespace

absl::Status WorkloadStrategy::CheckShape(const Json& object) const {
  for (const auto* shapes : {&Shapes(), &SelectorShapes(kind_.selector)}) {
    absl::Status status = generic::CheckFieldTypes(object, *shapes);
    if (!status.ok()) return status;
  }
  const Json* pod = At(object, {"spec", "template"});
  if (pod == nullptr) return absl::OkStatus();
  absl::Status shape = pod::CheckPodShape(*pod);
  if (shape.ok()) return shape;
  return absl::InvalidArgumentError(
      absl::StrCat("spec.template.", shape.message()));
}

void WorkloadStrategy::PrepareForCreate(Json& object) const {
  SetDefaults(kind_, object);
  if (kind_.selector == SelectorForm::kGenerated) GenerateSelector(object);
  object["status"] = kind_.initial_status;
  Json& meta = MutableObjectAt(object, {"metadata"});
  meta.erase("generation");
  if (kind_.has_generation) meta["generation"] = 1;
}

ErrorList WorkloadStrategy::Validate(const Json& object) const {
  ErrorList errors = validation::ValidateObjectMeta(
      object, true, validation::NameKind::kSubdomain);
  if (kind_.selector == SelectorForm::kGenerated) {
    ValidateGeneratedSelector(object, &errors);
  }
  ValidateSpec(kind_, object, &errors);
  return errors;
}

void WorkloadStrategy::PrepareForUpdate(Json& object, const Json& old) const {
  Keep("status", old, object);
  SetDefaults(kind_, object);
  KeepGeneration(old, IsNewGeneration(kind_, object, old) ? 1 : 0, object);
}

ErrorList WorkloadStrategy::ValidateUpdate(const Json& object,
                                           const Json& old) const {
  ErrorList errors = validation::ValidateObjectMetaUpdate(object, old);
  ValidateSpec(kind_, object, &errors);
  ValidateImmutable(kind_, object, old, &errors);
  return errors;
}

rest::FieldMap WorkloadStrategy::Fields(const Json& object) const {
  rest::FieldMap fields = Strategy::Fields(object);
  if (!kind_.status_label.empty()) {
    fields[kind_.status_label] = std::to_string(
        IntAt(object, {"status", kind_.status_field.c_str()}).value_or(0));
  }
  return fields;
}

void WorkloadStatusStrategy::PrepareForUpdate(Json& object,
                                              const Json& old) const {
  Keep("spec", old, object);
  MutableObjectAt(object, {"status"});
  KeepGeneration(old, 0, object);
}

ErrorList WorkloadStatusStrategy::ValidateUpdate(const Json& object,
                                                 const Json& old) const {
  return validation::ValidateObjectMetaUpdate(object, old);
}

}  // namespace fairway::apiserver::registry::workload
