// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/api/{core,apps,batch}/v1/types.go, k8s.io/apimachinery/pkg/
// apis/meta/v1/types.go: LabelSelector (v0.20.2)
#include "api/workload.h"

#include <utility>

#include "api/document.h"
#include "api/json.h"

namespace fairway::api {
namespace {

ServicePort ReadServicePort(const FieldReader& port) {
  ServicePort out;
  out.name = port.String("name");
  out.port = port.Int("port");
  if (port.HasString("targetPort")) {
    out.target_port.name = port.String("targetPort");
  } else {
    out.target_port.number = port.Int("targetPort");
  }
  out.protocol = port.String("protocol");
  out.node_port = port.Int("nodePort");
  return out;
}

Service ReadService(const FieldReader& document) {
  Service service;
  service.metadata = ReadMeta(document.Object("metadata"));
  const FieldReader spec = document.Object("spec");
  service.type = spec.String("type");
  service.cluster_ip = spec.String("clusterIP");
  service.selector = spec.StringMap("selector");
  for (const FieldReader& port : spec.Objects("ports")) {
    service.ports.push_back(ReadServicePort(port));
  }
  return service;
}

LabelSelector ReadLabelSelector(const FieldReader& selector) {
  LabelSelector out;
  out.match_labels = selector.StringMap("matchLabels");
  for (const FieldReader& expression : selector.Objects("matchExpressions")) {
    out.match_expressions.push_back({expression.String("key"),
                                     expression.String("operator"),
                                     expression.Strings("values")});
  }
  return out;
}

Workload ReadWorkload(absl::string_view kind, const FieldReader& document) {
  Workload workload;
  workload.kind = std::string(kind);
  workload.metadata = ReadMeta(document.Object("metadata"));
  const FieldReader spec = document.Object("spec");
  if (!spec.Has("selector")) return workload;
  if (kind == "ReplicationController") {
    LabelSelector selector;
    selector.match_labels = spec.StringMap("selector");
    workload.selector = std::move(selector);
  } else {
    workload.selector = ReadLabelSelector(spec.Object("selector"));
  }
  return workload;
}

}  // namespace

absl::StatusOr<Service> ServiceFromJson(absl::string_view text) {
  return FromJson<Service>(text, "Service", KindRule::kOptional, ReadService);
}

absl::StatusOr<Workload> WorkloadFromJson(absl::string_view kind,
                                          absl::string_view text) {
  return FromJson<Workload>(text, kind, KindRule::kOptional,
                            [kind](const FieldReader& document) {
                              return ReadWorkload(kind, document);
                            });
}

}  // namespace fairway::api
