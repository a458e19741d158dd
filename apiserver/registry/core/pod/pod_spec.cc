// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/apis/core/v1/defaults.go and pkg/apis/core/validation (v1.20.2)
#include "apiserver/registry/core/pod/pod_spec.h"

#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "api/json.h"
#include "api/object.h"

namespace fairway::apiserver::registry::pod {
namespace {

using validation::ErrorList;

const char* const kContainerLists[] = {"initContainers", "containers"};

// An image with no tag, or with :latest, is pulled each time.
std::string DefaultPullPolicy(const std::string& image) {
  if (absl::StrContains(image, "@")) return "IfNotPresent";
  const size_t slash = image.rfind('/');
  const size_t colon = image.rfind(':');
  const bool tagged = colon != std::string::npos &&
                      (slash == std::string::npos || colon > slash);
  if (!tagged || image.substr(colon + 1) == "latest") return "Always";
  return "IfNotPresent";
}

void DefaultContainer(Json& container) {
  SetDefault(container, "resources", Json::object());
  SetDefault(container, "terminationMessagePath", "/dev/termination-log");
  SetDefault(container, "terminationMessagePolicy", "File");
  SetDefault(container, "imagePullPolicy",
             DefaultPullPolicy(StringAt(container, {"image"})));
  auto ports = container.find("ports");
  if (ports == container.end() || !ports->is_array()) return;
  for (Json& port : *ports) {
    if (port.is_object()) SetDefault(port, "protocol", "TCP");
  }
}

void CheckPorts(const Json& container, const std::string& path,
                ErrorList* errors) {
  const Json& ports = ArrayAt(container, {"ports"});
  for (size_t i = 0; i < ports.size(); ++i) {
    const std::string field = absl::StrCat(path, ".ports[", i, "]");
    const std::optional<int64_t> port = IntAt(ports[i], {"containerPort"});
    if (!port.has_value() || *port == 0) {
      errors->push_back(validation::Required(field + ".containerPort", ""));
    } else if (*port < 1 || *port > 65535) {
      errors->push_back(
          validation::Invalid(field + ".containerPort", *port,
                              "must be between 1 and 65535, inclusive"));
    }
    validation::CheckOneOf(field + ".protocol",
                           StringAt(ports[i], {"protocol"}),
                           {"SCTP", "TCP", "UDP"}, errors);
  }
}

void CheckContainers(const Json& spec, const char* list,
                     const std::string& spec_path, std::set<std::string>* names,
                     ErrorList* errors) {
  const Json& containers = ArrayAt(spec, {list});
  for (size_t i = 0; i < containers.size(); ++i) {
    const Json& container = containers[i];
    const std::string path = absl::StrCat(spec_path, ".", list, "[", i, "]");
    const std::string name = StringAt(container, {"name"});
    if (name.empty()) {
      errors->push_back(validation::Required(path + ".name", ""));
    } else if (!names->insert(name).second) {
      errors->push_back(validation::Duplicate(path + ".name", name));
    } else {
      for (const std::string& fault : validation::IsDns1123Label(name)) {
        errors->push_back(validation::Invalid(path + ".name", name, fault));
      }
    }
    if (StringAt(container, {"image"}).empty()) {
      errors->push_back(validation::Required(path + ".image", ""));
    }
    validation::CheckOneOf(path + ".imagePullPolicy",
                           StringAt(container, {"imagePullPolicy"}),
                           {"Always", "IfNotPresent", "Never"}, errors);
    CheckPorts(container, path, errors);
  }
}

}  // namespace

absl::Status CheckPodShape(const Json& pod) {
  absl::Status shape = api::PodFromJson(api::DumpJson(pod)).status();
  if (!shape.ok()) return shape;
  for (const char* list : kContainerLists) {
    const Json* containers = At(pod, {"spec", list});
    if (containers == nullptr) continue;
    if (!containers->is_array()) {
      return absl::InvalidArgumentError(
          absl::StrCat("spec.", list, ": want a list"));
    }
    for (const Json& container : *containers) {
      if (!container.is_object()) {
        return absl::InvalidArgumentError(
            absl::StrCat("spec.", list, ": want a list of objects"));
      }
    }
  }
  return absl::OkStatus();
}

void SetPodSpecDefaults(Json& spec) {
  SetDefault(spec, "restartPolicy", "Always");
  SetDefault(spec, "dnsPolicy", "ClusterFirst");
  SetDefault(spec, "schedulerName", "default-scheduler");
  SetDefault(spec, "securityContext", Json::object());
  SetDefault(spec, "terminationGracePeriodSeconds", 30);
  SetDefault(spec, "enableServiceLinks", true);
  for (const char* list : kContainerLists) {
    auto containers = spec.find(list);
    if (containers == spec.end() || !containers->is_array()) continue;
    for (Json& container : *containers) {
      if (container.is_object()) DefaultContainer(container);
    }
  }
}

void ValidatePodSpec(const Json& spec, const std::string& path,
                     ErrorList* errors) {
  std::set<std::string> names;
  if (ArrayAt(spec, {"containers"}).empty()) {
    errors->push_back(validation::Required(path + ".containers", ""));
  }
  for (const char* list : kContainerLists) {
    CheckContainers(spec, list, path, &names, errors);
  }
  validation::CheckOneOf(path + ".restartPolicy",
                         StringAt(spec, {"restartPolicy"}),
                         {"Always", "Never", "OnFailure"}, errors);
  validation::CheckOneOf(
      path + ".dnsPolicy", StringAt(spec, {"dnsPolicy"}),
      {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"}, errors);
  const std::optional<int64_t> grace =
      IntAt(spec, {"terminationGracePeriodSeconds"});
  if (!grace.has_value() || *grace < 0) {
    errors->push_back(
        validation::Invalid(path + ".terminationGracePeriodSeconds",
                            grace.has_value() ? Json(*grace) : Json(),
                            "must be greater than or equal to 0"));
  }
  const std::string node = StringAt(spec, {"nodeName"});
  if (!node.empty()) {
    for (const std::string& fault : validation::IsDns1123Subdomain(node)) {
      errors->push_back(validation::Invalid(path + ".nodeName", node, fault));
    }
  }
}

}  // namespace fairway::apiserver::registry::pod
