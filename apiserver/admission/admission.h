// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/admission/{interfaces,chain}.go and
// pkg/admission/plugin/namespace/lifecycle (v0.20.2)
// What is looked at after authorization, and before anything is done.
#ifndef APISERVER_ADMISSION_ADMISSION_H_
#define APISERVER_ADMISSION_ADMISSION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "apiserver/authentication/authenticator.h"
#include "apiserver/registry/rest/rest.h"
#include "base/task/task.h"

namespace fairway::apiserver::admission {

enum class Operation { kCreate, kUpdate, kDelete, kConnect };

struct Attributes {
  Operation operation = Operation::kCreate;
  std::string kind;
  std::string ns;
  std::string name;
  std::string api_group;
  std::string resource;
  std::string subresource;
  authentication::UserInfo user;
  // The object, or for kConnect the options; null for kDelete. Admit may
  // change it.
  Json* object = nullptr;
  const Json* old_object = nullptr;
};

// Lifetime: `attributes` outlives each Task.
// Errors:   those of the API; the request ends with them.
class Interface {
 public:
  virtual ~Interface() = default;
  virtual bool Handles(Operation operation) const = 0;
  // Mirrors: MutationInterface.Admit.
  virtual Task<absl::Status> Admit(Attributes& attributes);
  // Mirrors: ValidationInterface.Validate.
  virtual Task<absl::Status> Validate(const Attributes& attributes);
};

// All plugins in their order; the first refusal counts.
std::unique_ptr<Interface> NewChain(
    std::vector<std::unique_ptr<Interface>> plugins);

// Mirrors: NamespaceLifecycle. Nothing new in a namespace that does not exist
// or is terminating; the namespaces of the system are not deleted.
// `namespaces` outlives it.
std::unique_ptr<Interface> NewNamespaceLifecycle(
    registry::rest::Storage* namespaces);

}  // namespace fairway::apiserver::admission

#endif  // APISERVER_ADMISSION_ADMISSION_H_
