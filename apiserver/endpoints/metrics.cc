// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/metrics/metrics.go (v0.20.2)
#include "apiserver/endpoints/metrics.h"

#include "base/metrics/metrics.h"

namespace fairway::apiserver::endpoints {
namespace {

std::string ScopeOf(const RequestInfo& info) {
  if (!info.is_resource_request) return "";
  if (!info.name.empty()) return "resource";
  return info.ns.empty() ? "cluster" : "namespace";
}

Labels LabelsOf(const RequestInfo& info, absl::string_view verb) {
  return {{"verb", std::string(verb)},       {"group", info.api_group},
          {"version", info.api_version},     {"resource", info.resource},
          {"subresource", info.subresource}, {"scope", ScopeOf(info)},
          {"component", "apiserver"}};
}

Gauge& LongRunningGauge() {
  static Gauge* const gauge = new Gauge(
      "apiserver_longrunning_gauge",
      "Gauge of all active long-running apiserver requests broken out by verb, "
      "group, version, resource, scope and component. Not all requests are "
      "tracked this way.");
  return *gauge;
}

}  // namespace

void RecordRequest(const RequestInfo& info, absl::string_view verb, int code,
                   absl::Duration duration) {
  static Counter* const requests = new Counter(
      "apiserver_request_total",
      "Counter of apiserver requests broken out for each verb, dry run value, "
      "group, version, resource, scope, component, and HTTP response "
      "contentType "
      "and code.");
  static Histogram* const durations = new Histogram(
      "apiserver_request_duration_seconds",
      "Response latency distribution in seconds for each verb, dry run value, "
      "group, version, resource, subresource, scope and component.",
      {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60});
  Labels labels = LabelsOf(info, verb);
  if (verb != "WATCH" && verb != "CONNECT") {
    durations->Observe(absl::ToDoubleSeconds(duration), labels);
  }
  labels["code"] = std::to_string(code);
  requests->Increment(labels);
}

void SetInflight(absl::string_view kind, int count) {
  static Gauge* const inflight = new Gauge(
      "apiserver_current_inflight_requests",
      "Maximal number of currently used inflight request limit of this "
      "apiserver per request kind in last second.");
  inflight->Set(count, {{"request_kind", std::string(kind)}});
}

void RecordDropped(absl::string_view kind) {
  static Counter* const dropped =
      new Counter("apiserver_dropped_requests_total",
                  "Number of requests dropped with 'Try again later' response");
  dropped->Increment({{"request_kind", std::string(kind)}});
}

LongRunning::LongRunning(const RequestInfo& info, absl::string_view verb)
    : info_(info), verb_(verb) {
  LongRunningGauge().Add(1, LabelsOf(info_, verb_));
}

LongRunning::~LongRunning() {
  LongRunningGauge().Add(-1, LabelsOf(info_, verb_));
}

}  // namespace fairway::apiserver::endpoints
