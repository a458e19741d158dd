// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/rest/rest.h"

#include "api/errors.h"

namespace fairway::apiserver::registry::rest {

Task<absl::StatusOr<Json>> Storage::Get(std::string, std::string) {
  co_return api::NewMethodNotSupported(info().resource, "get");
}

Task<absl::StatusOr<List>> Storage::ListObjects(std::string, ListOptions) {
  co_return api::NewMethodNotSupported(info().resource, "list");
}

Task<absl::StatusOr<std::unique_ptr<Watch>>> Storage::NewWatch(std::string,
                                                               ListOptions) {
  co_return api::NewMethodNotSupported(info().resource, "watch");
}

Task<absl::StatusOr<Json>> Storage::Create(std::string, std::string, Json,
                                           DryRun) {
  co_return api::NewMethodNotSupported(info().resource, "create");
}

Task<absl::StatusOr<Json>> Storage::Update(std::string, std::string,
                                           UpdateObject, DryRun) {
  co_return api::NewMethodNotSupported(info().resource, "update");
}

Task<absl::StatusOr<DeleteResult>> Storage::Delete(std::string, std::string,
                                                   DeleteOptions, DryRun) {
  co_return api::NewMethodNotSupported(info().resource, "delete");
}

}  // namespace fairway::apiserver::registry::rest
