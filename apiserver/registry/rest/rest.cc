// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/rest/rest.h"

#include "api/errors.h"

namespace fairway::apiserver::registry::rest {

std::string ResourceInfo::ApiVersion() const {
  return group.empty() ? "v1" : group + "/v1";
}

std::string ResourceInfo::GroupResource() const {
  return group.empty() ? resource : resource + "." + group;
}

std::string ResourceInfo::GroupKind() const {
  return group.empty() ? kind : kind + "." + group;
}

Task<absl::StatusOr<Json>> Storage::Get(std::string, std::string) {
  co_return api::NewMethodNotSupported(info().GroupResource(), "get");
}

Task<absl::StatusOr<List>> Storage::ListObjects(std::string, ListOptions) {
  co_return api::NewMethodNotSupported(info().GroupResource(), "list");
}

Task<absl::StatusOr<std::unique_ptr<Watch>>> Storage::NewWatch(std::string,
                                                               ListOptions) {
  co_return api::NewMethodNotSupported(info().GroupResource(), "watch");
}

Task<absl::StatusOr<Json>> Storage::Create(std::string, std::string, Json,
                                           DryRun) {
  co_return api::NewMethodNotSupported(info().GroupResource(), "create");
}

Task<absl::StatusOr<Json>> Storage::Update(std::string, std::string,
                                           UpdateObject, DryRun) {
  co_return api::NewMethodNotSupported(info().GroupResource(), "update");
}

Task<absl::StatusOr<DeleteResult>> Storage::Delete(std::string, std::string,
                                                   DeleteOptions, DryRun) {
  co_return api::NewMethodNotSupported(info().GroupResource(), "delete");
}

}  // namespace fairway::apiserver::registry::rest
