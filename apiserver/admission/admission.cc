// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/admission (v0.20.2)
#include "apiserver/admission/admission.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "api/errors.h"

namespace fairway::apiserver::admission {
namespace {

class Chain final : public Interface {
 public:
  explicit Chain(std::vector<std::unique_ptr<Interface>> plugins)
      : plugins_(std::move(plugins)) {}

  bool Handles(Operation operation) const override {
    for (const auto& plugin : plugins_) {
      if (plugin->Handles(operation)) return true;
    }
    return false;
  }

  Task<absl::Status> Admit(Attributes& attributes) override {
    for (const auto& plugin : plugins_) {
      if (!plugin->Handles(attributes.operation)) continue;
      absl::Status admitted = co_await plugin->Admit(attributes);
      if (!admitted.ok()) co_return admitted;
    }
    co_return absl::OkStatus();
  }

  Task<absl::Status> Validate(const Attributes& attributes) override {
    for (const auto& plugin : plugins_) {
      if (!plugin->Handles(attributes.operation)) continue;
      absl::Status valid = co_await plugin->Validate(attributes);
      if (!valid.ok()) co_return valid;
    }
    co_return absl::OkStatus();
  }

 private:
  std::vector<std::unique_ptr<Interface>> plugins_;
};

class NamespaceLifecycle final : public Interface {
 public:
  explicit NamespaceLifecycle(registry::rest::Storage* namespaces)
      : namespaces_(namespaces) {}

  bool Handles(Operation operation) const override {
    return operation != Operation::kConnect;
  }

  Task<absl::Status> Admit(Attributes& a) override {
    const bool of_namespace = a.api_group.empty() && a.resource == "namespaces";
    if (of_namespace && a.operation == Operation::kDelete &&
        IsImmortal(a.name)) {
      co_return api::NewForbidden("namespaces", a.name,
                                  "this namespace may not be deleted");
    }
    if (of_namespace || a.ns.empty() || a.operation == Operation::kDelete) {
      co_return absl::OkStatus();
    }
    std::string no_namespace;
    std::string name = a.ns;
    absl::StatusOr<Json> ns =
        co_await namespaces_->Get(std::move(no_namespace), std::move(name));
    if (!ns.ok()) co_return ns.status();
    if (a.operation == Operation::kCreate && a.subresource.empty() &&
        StringAt(*ns, {"status", "phase"}) == "Terminating") {
      std::string resource = a.resource;
      if (!a.api_group.empty()) absl::StrAppend(&resource, ".", a.api_group);
      co_return api::NewForbidden(
          resource, a.name,
          absl::StrCat("unable to create new content in namespace ", a.ns,
                       " because it is being terminated"));
    }
    co_return absl::OkStatus();
  }

 private:
  static bool IsImmortal(const std::string& name) {
    return name == "default" || name == "kube-system" || name == "kube-public";
  }

  registry::rest::Storage* namespaces_;
};

}  // namespace

Task<absl::Status> Interface::Admit(Attributes&) { co_return absl::OkStatus(); }

Task<absl::Status> Interface::Validate(const Attributes&) {
  co_return absl::OkStatus();
}

std::unique_ptr<Interface> NewChain(
    std::vector<std::unique_ptr<Interface>> plugins) {
  return std::make_unique<Chain>(std::move(plugins));
}

std::unique_ptr<Interface> NewNamespaceLifecycle(
    registry::rest::Storage* namespaces) {
  return std::make_unique<NamespaceLifecycle>(namespaces);
}

}  // namespace fairway::apiserver::admission
