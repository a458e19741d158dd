// SPDX-License-Identifier: Apache-2.0
#include "api/document.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace fairway::api {

absl::Status CheckKind(const FieldReader& document, absl::string_view want,
                       KindRule rule) {
  const std::string kind = document.String("kind");
  if (absl::string_view(kind) == want) return absl::OkStatus();
  if (kind.empty() && rule == KindRule::kOptional) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("kind: want ", want, ", got \"", kind, "\""));
}

ObjectMeta ReadMeta(const FieldReader& meta) {
  ObjectMeta out;
  out.name = meta.String("name");
  out.namespace_ = meta.String("namespace");
  out.uid = meta.String("uid");
  out.resource_version = meta.String("resourceVersion");
  out.creation_timestamp = meta.String("creationTimestamp");
  out.deletion_timestamp = meta.String("deletionTimestamp");
  out.deletion_grace_period_seconds = meta.Int("deletionGracePeriodSeconds");
  out.labels = meta.StringMap("labels");
  out.annotations = meta.StringMap("annotations");
  return out;
}

}  // namespace fairway::api
