// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/registry/rest/{create,update,delete,meta}.go
// and pkg/storage/names/generate.go (v0.20.2)
// The metadata that the server fills in, without any storage.
#ifndef APISERVER_REGISTRY_GENERIC_OBJECT_META_H_
#define APISERVER_REGISTRY_GENERIC_OBJECT_META_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apiserver/registry/generic/strategy.h"
#include "apiserver/registry/rest/json_path.h"
#include "apiserver/storage/storage.h"

namespace fairway::apiserver::registry::generic {

// A random UID, RFC 4122 version 4.
std::string NewUid();
// `base` and five random characters.
std::string GenerateName(const std::string& base);

// Mirrors: rest.BeforeCreate. Errors: 400 for another namespace than the
// URL's, 422 for what does not validate.
absl::Status BeforeCreate(const Strategy& strategy, const std::string& ns,
                          absl::Time now, Json& object);

// Mirrors: rest.BeforeUpdate. Keeps what a client cannot change.
// Errors: 400, 409 for a resourceVersion that is not the current, 422.
absl::Status BeforeUpdate(const Strategy& strategy, const Json& old,
                          Json& object);

enum class DeleteStep {
  kRemove,   // now
  kMark,     // `object` was changed and is to be written
  kPending,  // nothing to do: it is being deleted already
};

// Mirrors: rest.BeforeDelete. Errors: 409 for a failed precondition.
absl::StatusOr<DeleteStep> BeforeDelete(const Strategy& strategy,
                                        const rest::DeleteOptions& options,
                                        absl::Time now, Json& object);

// The object of a stored document, with its resourceVersion; and back.
// Errors: kInternal for a document that is no object.
absl::StatusOr<Json> Decode(const storage::Document& document);
std::string Encode(const Json& object);
void SetResourceVersion(Json& object, int64_t revision);

// Whether nothing but the grace of a deletion keeps the object.
bool DeletionIsDue(const Json& object);

}  // namespace fairway::apiserver::registry::generic

#endif  // APISERVER_REGISTRY_GENERIC_OBJECT_META_H_
