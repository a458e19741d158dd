// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/registry/rest/{create,update,delete}.go
// (v0.20.2)
#include "apiserver/registry/generic/object_meta.h"

#include <sys/random.h>

#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "api/errors.h"
#include "api/json.h"
#include "apiserver/registry/rest/status_details.h"
#include "base/status/co_status.h"
#include "base/time/go_time.h"

namespace fairway::apiserver::registry::generic {
namespace {

constexpr char kOptimisticLockError[] =
    "the object has been modified; please apply your changes to the latest "
    "version and try again";
constexpr size_t kMaxGeneratedBase = 63 - 5;

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  size_t have = 0;
  while (have < size) {
    const ssize_t got = getrandom(&bytes[have], size - have, 0);
    if (got > 0) have += static_cast<size_t>(got);
  }
  return bytes;
}

// Mirrors: fillObjectMetaSystemFields, and what only the server may set.
void FillSystemFields(absl::Time now, Json& meta) {
  for (const char* field : {"deletionTimestamp", "deletionGracePeriodSeconds",
                            "selfLink", "managedFields", "resourceVersion"}) {
    meta.erase(field);
  }
  meta["creationTimestamp"] = FormatRFC3339(now);
  meta["uid"] = NewUid();
}

void KeepField(const char* field, const Json& old_meta, Json& meta) {
  auto it = old_meta.find(field);
  if (it != old_meta.end()) {
    meta[field] = *it;
  } else {
    meta.erase(field);
  }
}

absl::Status ShapeError(const Strategy& strategy, absl::string_view why) {
  const std::string& kind = strategy.info().kind;
  return api::NewBadRequest(absl::StrCat(
      kind, " in version \"v1\" cannot be handled as a ", kind, ": ", why));
}

absl::Status CheckShape(const Strategy& strategy, const Json& object) {
  if (!object.is_object()) return ShapeError(strategy, "want a JSON object");
  const rest::ResourceInfo& info = strategy.info();
  const std::string version = StringAt(object, {"apiVersion"});
  if (!version.empty() && version != info.ApiVersion()) {
    return api::NewBadRequest(absl::StrCat(
        "the API version in the data (", version,
        ") does not match the expected API version (", info.ApiVersion(), ")"));
  }
  const std::string kind = StringAt(object, {"kind"});
  if (!kind.empty() && kind != info.kind) {
    return api::NewBadRequest(
        absl::StrCat(kind, " in version \"v1\" cannot be handled as a ",
                     info.kind, ": want a ", info.kind));
  }
  for (const char* field : {"metadata", "spec", "status"}) {
    const Json* value = At(object, {field});
    if (value != nullptr && !value->is_object()) {
      return ShapeError(strategy, absl::StrCat(field, ": want an object"));
    }
  }
  absl::Status shape = strategy.CheckShape(object);
  return shape.ok() ? shape : ShapeError(strategy, shape.message());
}

absl::Status PreconditionFailed(const Strategy& strategy, const Json& object,
                                absl::string_view what,
                                const std::string& wanted,
                                const std::string& have) {
  return api::NewConflict(
      strategy.info().GroupResource(), StringAt(object, {"metadata", "name"}),
      absl::StrCat("Precondition failed: ", what, " in precondition: ", wanted,
                   ", ", what, " in object meta: ", have));
}

}  // namespace

std::string NewUid() {
  std::string bytes = RandomBytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = absl::BytesToHexString(bytes);
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-",
                      hex.substr(12, 4), "-", hex.substr(16, 4), "-",
                      hex.substr(20));
}

std::string GenerateName(const std::string& base) {
  // Upstream's alphabet: no vowels, hence no words.
  constexpr char kAlphabet[] = "bcdfghjklmnpqrstvwxz2456789";
  std::string name = base.substr(0, kMaxGeneratedBase);
  for (unsigned char byte : RandomBytes(5)) {
    name += kAlphabet[byte % (sizeof kAlphabet - 1)];
  }
  return name;
}

absl::Status BeforeCreate(const Strategy& strategy, const std::string& ns,
                          absl::Time now, Json& object) {
  FAIRWAY_RETURN_IF_ERROR(CheckShape(strategy, object));
  object["apiVersion"] = strategy.info().ApiVersion();
  object["kind"] = strategy.info().kind;
  Json& meta = MutableObjectAt(object, {"metadata"});
  if (!StringAt(meta, {"resourceVersion"}).empty()) {
    return NewStatusError(
        500, "", "resourceVersion should not be set on objects to be created");
  }
  const std::string given_ns = StringAt(meta, {"namespace"});
  if (strategy.info().namespaced) {
    if (!given_ns.empty() && given_ns != ns) {
      return api::NewBadRequest(
          "the namespace of the provided object does not match the namespace "
          "sent on the request");
    }
    meta["namespace"] = ns;
  } else {
    meta.erase("namespace");
  }
  FillSystemFields(now, meta);
  const std::string base = StringAt(meta, {"generateName"});
  if (!base.empty() && StringAt(meta, {"name"}).empty()) {
    meta["name"] = GenerateName(base);
  }
  strategy.PrepareForCreate(object);
  return validation::InvalidIfAny(strategy.info().GroupKind(),
                                  StringAt(object, {"metadata", "name"}),
                                  strategy.Validate(object));
}

absl::Status BeforeUpdate(const Strategy& strategy, const Json& old,
                          Json& object) {
  FAIRWAY_RETURN_IF_ERROR(CheckShape(strategy, object));
  const rest::ResourceInfo& info = strategy.info();
  object["apiVersion"] = info.ApiVersion();
  object["kind"] = info.kind;
  Json& meta = MutableObjectAt(object, {"metadata"});
  const Json& old_meta = *At(old, {"metadata"});
  const std::string name = StringAt(old_meta, {"name"});
  const std::string given = StringAt(meta, {"name"});
  if (given != name) {
    return api::NewBadRequest(
        absl::StrCat("the name of the object (", given,
                     ") does not match the name on the URL (", name, ")"));
  }
  const std::string given_ns = StringAt(meta, {"namespace"});
  const std::string ns = StringAt(old_meta, {"namespace"});
  if (!given_ns.empty() && given_ns != ns) {
    return api::NewBadRequest(
        absl::StrCat("the namespace of the object (", given_ns,
                     ") does not match the namespace on the URL (", ns, ")"));
  }
  const std::string version = StringAt(meta, {"resourceVersion"});
  if (!version.empty() && version != "0" &&
      version != StringAt(old_meta, {"resourceVersion"})) {
    return WithDetails(
        api::NewConflict(info.GroupResource(), name, kOptimisticLockError),
        DetailsOf(name, info.group, info.resource));
  }
  const std::string uid = StringAt(meta, {"uid"});
  if (!uid.empty() && uid != StringAt(old_meta, {"uid"})) {
    return PreconditionFailed(strategy, old, "UID", uid,
                              StringAt(old_meta, {"uid"}));
  }
  for (const char* field :
       {"namespace", "uid", "creationTimestamp", "deletionTimestamp",
        "deletionGracePeriodSeconds", "generateName", "selfLink",
        "managedFields", "resourceVersion"}) {
    KeepField(field, old_meta, meta);
  }
  strategy.PrepareForUpdate(object, old);
  return validation::InvalidIfAny(info.GroupKind(), name,
                                  strategy.ValidateUpdate(object, old));
}

absl::StatusOr<DeleteStep> BeforeDelete(const Strategy& strategy,
                                        const rest::DeleteOptions& options,
                                        absl::Time now, Json& object) {
  Json& meta = MutableObjectAt(object, {"metadata"});
  const std::string uid = StringAt(meta, {"uid"});
  if (!options.uid.empty() && options.uid != uid) {
    return PreconditionFailed(strategy, object, "UID", options.uid, uid);
  }
  const std::string version = StringAt(meta, {"resourceVersion"});
  if (!options.resource_version.empty() &&
      options.resource_version != version) {
    return PreconditionFailed(strategy, object, "ResourceVersion",
                              options.resource_version, version);
  }
  const bool finalizers = !ArrayAt(meta, {"finalizers"}).empty();
  const std::optional<int64_t> period = strategy.GracePeriod(object, options);
  const std::string marked = StringAt(meta, {"deletionTimestamp"});
  if (marked.empty()) {
    const int64_t seconds = period.value_or(0);
    if (seconds <= 0 && !finalizers) return DeleteStep::kRemove;
    meta["deletionTimestamp"] = FormatRFC3339(now + absl::Seconds(seconds));
    meta["deletionGracePeriodSeconds"] = seconds;
    return DeleteStep::kMark;
  }
  // It is being deleted: the grace may only become shorter.
  const int64_t had = IntAt(meta, {"deletionGracePeriodSeconds"}).value_or(0);
  int64_t wanted = had;
  if (!period.has_value()) {
    wanted = 0;
  } else if (options.grace_period_seconds.has_value()) {
    wanted = *period;
  }
  if (wanted <= 0 && !finalizers) return DeleteStep::kRemove;
  if (wanted >= had) return DeleteStep::kPending;
  absl::Time deadline;
  if (!absl::ParseTime(absl::RFC3339_full, marked, &deadline, nullptr)) {
    deadline = now;
  }
  meta["deletionTimestamp"] =
      FormatRFC3339(deadline - absl::Seconds(had - wanted));
  meta["deletionGracePeriodSeconds"] = wanted;
  return DeleteStep::kMark;
}

absl::StatusOr<Json> Decode(const storage::Document& document) {
  absl::StatusOr<Json> object = api::ParseJson(document.json);
  if (!object.ok() || !object->is_object()) {
    return api::NewInternalError(
        absl::StrCat(document.key, ": stored document is no object"));
  }
  SetResourceVersion(*object, document.revision);
  return object;
}

std::string Encode(const Json& object) {
  Json stored = object;
  MutableObjectAt(stored, {"metadata"}).erase("resourceVersion");
  return api::DumpJson(stored);
}

void SetResourceVersion(Json& object, int64_t revision) {
  MutableObjectAt(object, {"metadata"})["resourceVersion"] =
      std::to_string(revision);
}

bool DeletionIsDue(const Json& object) {
  const Json* meta = At(object, {"metadata"});
  return meta != nullptr && !StringAt(*meta, {"deletionTimestamp"}).empty() &&
         IntAt(*meta, {"deletionGracePeriodSeconds"}).value_or(0) == 0 &&
         ArrayAt(*meta, {"finalizers"}).empty();
}

}  // namespace fairway::apiserver::registry::generic
