// SPDX-License-Identifier: Apache-2.0
// Mirrors: RESTCreateStrategy, RESTUpdateStrategy and
// RESTGracefulDeleteStrategy of k8s.io/apiserver/pkg/registry/rest (v0.20.2)
#ifndef APISERVER_REGISTRY_GENERIC_STRATEGY_H_
#define APISERVER_REGISTRY_GENERIC_STRATEGY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "apiserver/registry/rest/json_path.h"
#include "apiserver/registry/rest/rest.h"
#include "apiserver/registry/rest/selector.h"
#include "apiserver/registry/validation/validation.h"

namespace fairway::apiserver::registry::generic {

// What one kind of object adds to the generic store. Stateless.
class Strategy {
 public:
  virtual ~Strategy() = default;
  virtual const rest::ResourceInfo& info() const = 0;
  virtual std::string key_root() const = 0;  // "/registry/pods"

  // Whether the fields that are read have the types they must have.
  // Errors: kInvalidArgument, naming the field.
  virtual absl::Status CheckShape(const Json& object) const = 0;
  // Sets what a client may leave out, and clears what it may not set.
  virtual void PrepareForCreate(Json& object) const = 0;
  virtual validation::ErrorList Validate(const Json& object) const = 0;
  virtual void PrepareForUpdate(Json& object, const Json& old) const = 0;
  virtual validation::ErrorList ValidateUpdate(const Json& object,
                                               const Json& old) const = 0;
  // Every field that a selector may name, also if it is empty.
  virtual rest::FieldMap Fields(const Json& object) const;
  // Mirrors: CheckGracefulDelete. The seconds that a deletion waits for;
  // nothing if it does not wait.
  virtual std::optional<int64_t> GracePeriod(
      const Json& object, const rest::DeleteOptions& options) const;
};

}  // namespace fairway::apiserver::registry::generic

#endif  // APISERVER_REGISTRY_GENERIC_STRATEGY_H_
