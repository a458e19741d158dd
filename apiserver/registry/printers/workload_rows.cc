// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/printers/internalversion/printers.go (v1.20.2)
#include "apiserver/registry/printers/workload_rows.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "apiserver/registry/printers/cells.h"
#include "base/time/go_time.h"

namespace fairway::apiserver::printers {
namespace {

int64_t Count(const Json& object, const char* part, const char* field) {
  return IntAt(object, {part, field}).value_or(0);
}

std::string ReadyOf(const Json& object) {
  return absl::StrCat(Count(object, "status", "readyReplicas"), "/",
                      Count(object, "spec", "replicas"));
}

// Mirrors: layoutContainerCells.
void AddContainers(const Json& object, Json* row) {
  for (const char* field : {"name", "image"}) {
    std::vector<std::string> texts;
    for (const Json& container :
         ArrayAt(object, {"spec", "template", "spec", "containers"})) {
      texts.push_back(StringAt(container, {field}));
    }
    row->push_back(absl::StrJoin(texts, ","));
  }
}

void AddSelector(const Json& object, Json* row) {
  row->push_back(FormatLabelSelector(At(object, {"spec", "selector"})));
}

// All but the selector.
Json ReplicasRow(const Json& object, absl::Time now) {
  Json row = Json::array();
  row.push_back(NameOf(object));
  row.push_back(Count(object, "spec", "replicas"));
  row.push_back(Count(object, "status", "replicas"));
  row.push_back(Count(object, "status", "readyReplicas"));
  row.push_back(Age(object, now));
  AddContainers(object, &row);
  return row;
}

std::string CompletionsOf(const Json& job) {
  const int64_t succeeded = Count(job, "status", "succeeded");
  const std::optional<int64_t> completions =
      IntAt(job, {"spec", "completions"});
  if (completions.has_value()) {
    return absl::StrCat(succeeded, "/", *completions);
  }
  const int64_t parallelism = Count(job, "spec", "parallelism");
  if (parallelism > 1) return absl::StrCat(succeeded, "/1 of ", parallelism);
  return absl::StrCat(succeeded, "/1");
}

std::string DurationOf(const Json& job, absl::Time now) {
  absl::Time start;
  if (!absl::ParseTime(absl::RFC3339_full,
                       StringAt(job, {"status", "startTime"}), &start,
                       nullptr)) {
    return "";
  }
  absl::Time end;
  if (!absl::ParseTime(absl::RFC3339_full,
                       StringAt(job, {"status", "completionTime"}), &end,
                       nullptr)) {
    end = now;
  }
  return HumanDuration(end - start);
}

}  // namespace

Json DeploymentRow(const Json& deployment, absl::Time now) {
  Json row = Json::array();
  row.push_back(NameOf(deployment));
  row.push_back(ReadyOf(deployment));
  row.push_back(Count(deployment, "status", "updatedReplicas"));
  row.push_back(Count(deployment, "status", "availableReplicas"));
  row.push_back(Age(deployment, now));
  AddContainers(deployment, &row);
  AddSelector(deployment, &row);
  return row;
}

Json ReplicaSetRow(const Json& set, absl::Time now) {
  Json row = ReplicasRow(set, now);
  AddSelector(set, &row);
  return row;
}

Json ReplicationControllerRow(const Json& controller, absl::Time now) {
  Json row = ReplicasRow(controller, now);
  row.push_back(FormatLabels(At(controller, {"spec", "selector"})));
  return row;
}

Json StatefulSetRow(const Json& set, absl::Time now) {
  Json row = Json::array();
  row.push_back(NameOf(set));
  row.push_back(ReadyOf(set));
  row.push_back(Age(set, now));
  AddContainers(set, &row);
  return row;
}

Json DaemonSetRow(const Json& set, absl::Time now) {
  Json row = Json::array();
  row.push_back(NameOf(set));
  for (const char* field :
       {"desiredNumberScheduled", "currentNumberScheduled", "numberReady",
        "updatedNumberScheduled", "numberAvailable"}) {
    row.push_back(Count(set, "status", field));
  }
  row.push_back(
      FormatLabels(At(set, {"spec", "template", "spec", "nodeSelector"})));
  row.push_back(Age(set, now));
  AddContainers(set, &row);
  AddSelector(set, &row);
  return row;
}

Json JobRow(const Json& job, absl::Time now) {
  Json row = Json::array();
  row.push_back(NameOf(job));
  row.push_back(CompletionsOf(job));
  row.push_back(DurationOf(job, now));
  row.push_back(Age(job, now));
  AddContainers(job, &row);
  AddSelector(job, &row);
  return row;
}

}  // namespace fairway::apiserver::printers
