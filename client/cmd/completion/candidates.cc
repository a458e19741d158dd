// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/util/completion/completion.go (v0.23.17)
#include "client/cmd/completion/candidates.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "api/json.h"
#include "base/task/deadline.h"
#include "client/cmd/factory.h"
#include "client/cmd/resources.h"
#include "client/rest/kubeconfig.h"
#include "client/rest/rest_client.h"

namespace fairway::cmd {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;

// What a target of port-forward may be.
constexpr absl::string_view kForwardable[] = {
    "pod",         "service",   "deployment", "replicaset",
    "statefulset", "daemonset", "job",        "replicationcontroller"};

// GET of `kind`'s object, or of its list without a name; null on failure.
Task<json> Ask(Factory* factory, const ResourceKind* kind, std::string name) {
  absl::StatusOr<rest::ClientConfig> config = factory->ToClientConfig();
  if (!config.ok()) co_return json();
  absl::StatusOr<rest::RESTClient*> client = factory->RESTClient();
  if (!client.ok()) co_return json();
  rest::Resource resource = ResourceOf(*kind, config->namespace_, name);
  if (name.empty()) resource.query = {{"limit", absl::StrCat(kMaxObjects)}};
  std::string text;
  std::function<Task<absl::Status>()> body =
      [&text, client = *client, &resource]() -> Task<absl::Status> {
    absl::StatusOr<std::string> answer = absl::UnknownError("not asked");
    if (resource.name.empty()) {
      absl::StatusOr<std::string> list = co_await client->List(resource);
      answer = std::move(list);
    } else {
      absl::StatusOr<std::string> object = co_await client->Get(resource);
      answer = std::move(object);
    }
    if (answer.ok()) text = *std::move(answer);
    co_return answer.status();
  };
  const std::string what = "completion";
  absl::Status asked =
      co_await WithDeadline(kServerTimeout, what, std::move(body));
  if (!asked.ok()) co_return json();
  absl::StatusOr<json> parsed = api::ParseJson(text);
  if (!parsed.ok()) co_return json();
  co_return *std::move(parsed);
}

// The names of the objects of `kind`, each behind `prefix`.
Task<Names> NamesOf(Factory* factory, const ResourceKind* kind,
                    std::string prefix) {
  const std::string all;
  json list = co_await Ask(factory, kind, all);
  Names names;
  absl::Status error;
  const api::FieldReader reader(list, "", &error);
  for (const api::FieldReader& item : reader.Objects("items")) {
    const std::string name = item.Object("metadata").String("name");
    if (!name.empty()) names.push_back(absl::StrCat(prefix, name));
  }
  std::sort(names.begin(), names.end());
  co_return names;
}

// "TYPE/" as typed, and the kind; null if there is none.
const ResourceKind* KindBeforeSlash(const std::string& word,
                                    std::string* prefix) {
  const size_t slash = word.find('/');
  if (slash == std::string::npos) return nullptr;
  *prefix = word.substr(0, slash + 1);
  return FindResource(word.substr(0, slash));
}

Completion Only(Names candidates) {
  return {std::move(candidates), Completion::kNoFileComp};
}

using MapNames = std::function<Names(const rest::Kubeconfig&)>;

template <typename T>
Names KeysOf(const std::map<std::string, T>& map) {
  Names names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

CompletionFunction OfKubeconfig(MapNames names) {
  return [names](Factory* factory, Names, std::string) -> Task<Completion> {
    absl::StatusOr<rest::Kubeconfig> kubeconfig =
        rest::LoadKubeconfig(factory->flags().kubeconfig);
    co_return Only(kubeconfig.ok() ? names(*kubeconfig) : Names());
  };
}

Task<Completion> CompleteTypesAndNames(Factory* factory, Names args,
                                       std::string to_complete) {
  std::string prefix;
  const ResourceKind* kind = nullptr;
  if (absl::StrContains(to_complete, '/')) {
    kind = KindBeforeSlash(to_complete, &prefix);
  } else if (args.empty()) {
    Names types;
    for (const ResourceKind* known : ResourceKinds()) {
      types.emplace_back(known->plural);
    }
    co_return Only(std::move(types));
  } else if (!absl::StrContains(args[0], '/')) {
    kind = FindResource(args[0]);
    args.erase(args.begin());
  }
  if (kind == nullptr) co_return Only({});
  Names names = co_await NamesOf(factory, kind, prefix);
  names.erase(std::remove_if(names.begin(), names.end(),
                             [&](const std::string& name) {
                               return std::count(args.begin(), args.end(),
                                                 name) > 0;
                             }),
              names.end());
  co_return Only(std::move(names));
}

Task<Completion> CompleteTarget(Factory* factory, std::string to_complete) {
  std::string prefix;
  const ResourceKind* kind = KindBeforeSlash(to_complete, &prefix);
  if (!prefix.empty() && kind == nullptr) co_return Only({});
  if (kind == nullptr) kind = FindKind("Pod");
  Names names = co_await NamesOf(factory, kind, prefix);
  Completion completion = Only(std::move(names));
  if (!prefix.empty()) co_return completion;
  bool only_types = true;
  for (const std::string& pod : completion.candidates) {
    if (absl::StartsWith(pod, to_complete)) only_types = false;
  }
  for (const absl::string_view type : kForwardable) {
    completion.candidates.push_back(absl::StrCat(type, "/"));
  }
  if (only_types) completion.directive |= Completion::kNoSpace;
  co_return completion;
}

// The readers of all that has ports: a service's ports, or the ports of the
// containers of a pod or of a pod's template.
std::vector<api::FieldReader> PortsOf(const api::FieldReader& object) {
  const api::FieldReader spec = object.Object("spec");
  std::vector<api::FieldReader> ports = spec.Objects("ports");
  for (const api::FieldReader& pod :
       {spec, spec.Object("template").Object("spec")}) {
    for (const api::FieldReader& container : pod.Objects("containers")) {
      for (api::FieldReader& port : container.Objects("ports")) {
        ports.push_back(std::move(port));
      }
    }
  }
  return ports;
}

// A number and a name for each port that TCP can reach, behind the LOCAL: that
// was typed.
Task<Completion> CompletePorts(Factory* factory, std::string target,
                               std::string to_complete) {
  std::string type;
  const ResourceKind* kind = KindBeforeSlash(target, &type);
  if (type.empty()) kind = FindKind("Pod");
  if (kind == nullptr || type.size() == target.size()) co_return Only({});
  const std::string name = target.substr(type.size());
  json object = co_await Ask(factory, kind, name);
  const size_t colon = to_complete.rfind(':');
  const std::string local =
      colon == std::string::npos ? "" : to_complete.substr(0, colon + 1);
  Completion completion = Only({});
  absl::Status error;
  for (const api::FieldReader& port :
       PortsOf(api::FieldReader(object, "", &error))) {
    const std::string protocol = port.String("protocol");
    if (!protocol.empty() && protocol != "TCP") continue;
    const int number =
        port.Has("port") ? port.Int("port") : port.Int("containerPort");
    const std::string port_name = port.String("name");
    if (number > 0) {
      completion.candidates.push_back(
          absl::StrCat(local, number, "\t", port_name));
    }
    if (!port_name.empty()) {
      completion.candidates.push_back(
          absl::StrCat(local, port_name, "\t", number));
    }
  }
  co_return completion;
}

Task<Completion> CompletePortForward(Factory* factory, Names args,
                                     std::string to_complete) {
  // What follows the last "--" is a forward of its own.
  auto separator = std::find(args.rbegin(), args.rend(), "--");
  args.erase(args.begin(), separator.base());
  if (args.empty()) {
    Completion targets = co_await CompleteTarget(factory, to_complete);
    co_return targets;
  }
  Completion ports = co_await CompletePorts(factory, args[0], to_complete);
  co_return ports;
}

}  // namespace

CompletionFunction OneOf(std::vector<std::string> values) {
  return [values](Factory*, Names, std::string) -> Task<Completion> {
    co_return Only(values);
  };
}

CompletionFunction OneArgument(std::vector<std::string> values) {
  return [values](Factory*, Names args, std::string) -> Task<Completion> {
    co_return Only(args.empty() ? values : Names());
  };
}

CompletionFunction Contexts() {
  return OfKubeconfig(
      [](const rest::Kubeconfig& config) { return KeysOf(config.contexts); });
}

CompletionFunction Clusters() {
  return OfKubeconfig(
      [](const rest::Kubeconfig& config) { return KeysOf(config.clusters); });
}

CompletionFunction Users() {
  return OfKubeconfig(
      [](const rest::Kubeconfig& config) { return KeysOf(config.users); });
}

CompletionFunction Namespaces() {
  return [](Factory* factory, Names, std::string) -> Task<Completion> {
    const std::string prefix;
    Names names = co_await NamesOf(factory, FindKind("Namespace"), prefix);
    co_return Only(std::move(names));
  };
}

CompletionFunction TypesAndNames() { return CompleteTypesAndNames; }

CompletionFunction PortForwardTargets() { return CompletePortForward; }

}  // namespace fairway::cmd
