// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/delete/delete.go (v0.20.2)
#include "client/cmd/delete.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "api/json.h"
#include "base/task/deadline.h"
#include "client/cmd/check_err.h"
#include "client/cmd/manifests.h"
#include "client/cmd/resources.h"

namespace fairway::cmd {
namespace {

using nlohmann::json;

constexpr char kNothingNamed[] =
    "You must provide one or more resources by argument or filename.\n"
    "Example resource specifications include:\n"
    "   '-f rsrc.yaml'\n"
    "   '--filename=rsrc.json'\n"
    "   '<resource> <name>'\n"
    "   '<resource>'";

// How often a server is asked whether an object is gone.
constexpr absl::Duration kPollPeriod = absl::Milliseconds(250);

struct Target {
  const ResourceKind* kind = nullptr;
  std::string namespace_;
  std::string name;
  std::string source;  // the file that names it, if one does
};

absl::StatusOr<std::vector<std::string>> NamesOf(const std::string& list) {
  absl::StatusOr<json> value = api::ParseJson(list);
  if (!value.ok()) return value.status();
  absl::Status error;
  const api::FieldReader document(*value, "", &error);
  std::vector<std::string> names;
  for (const api::FieldReader& item : document.Objects("items")) {
    names.push_back(item.Object("metadata").String("name"));
  }
  if (!error.ok()) return error;
  return names;
}

// Of an object, or of one that a Status is about.
std::string UidOf(const std::string& object) {
  absl::StatusOr<json> value = api::ParseJson(object);
  if (!value.ok()) return "";
  absl::Status error;
  const api::FieldReader reader(*value, "", &error);
  const std::string uid = reader.Object("metadata").String("uid");
  return uid.empty() ? reader.Object("details").String("uid") : uid;
}

Task<absl::StatusOr<std::vector<Target>>> FindTargets(
    Factory* factory, DeleteOptions options, std::vector<std::string> args) {
  std::vector<Target> targets;
  if (!options.filenames.empty()) {
    absl::StatusOr<std::vector<Manifest>> manifests =
        ReadManifests(*factory, options.filenames, Validation::kOff);
    if (!manifests.ok()) co_return manifests.status();
    for (const Manifest& manifest : *manifests) {
      targets.push_back(
          {manifest.kind, manifest.namespace_, manifest.name, manifest.source});
    }
    co_return targets;
  }
  absl::StatusOr<ResourceArgs> parsed = ParseResourceArgs(args, "");
  if (!parsed.ok()) co_return parsed.status();
  absl::StatusOr<rest::ClientConfig> config = factory->ToClientConfig();
  if (!config.ok()) co_return config.status();
  std::vector<std::string> names = parsed->names;
  if (names.empty()) {
    if (!options.all) {
      co_return absl::InvalidArgumentError(
          "resource(s) were provided, but no name, label selector, or --all "
          "flag specified");
    }
    absl::StatusOr<rest::RESTClient*> client = factory->RESTClient();
    if (!client.ok()) co_return client.status();
    rest::Resource all = ResourceOf(*parsed->kind, config->namespace_, "");
    absl::StatusOr<std::string> list = co_await (*client)->List(std::move(all));
    if (!list.ok()) co_return list.status();
    absl::StatusOr<std::vector<std::string>> listed = NamesOf(*list);
    if (!listed.ok()) co_return listed.status();
    names = *std::move(listed);
  }
  for (const std::string& name : names) {
    targets.push_back({parsed->kind, config->namespace_, name, ""});
  }
  co_return targets;
}

std::string OptionsJson(const DeleteOptions& options) {
  json out = {{"kind", "DeleteOptions"},
              {"apiVersion", "v1"},
              {"propagationPolicy", "Background"}};
  int grace = options.grace_period;
  if (options.now) grace = 1;
  if (options.force && grace < 0) grace = 0;
  if (grace >= 0) out["gracePeriodSeconds"] = grace;
  return api::DumpJson(out);
}

// Returns once the object of that UID is there no more.
Task<absl::Status> WaitGone(rest::RESTClient* client, Target target,
                            std::string uid) {
  const rest::Resource resource =
      ResourceOf(*target.kind, target.namespace_, target.name);
  while (true) {
    absl::StatusOr<std::string> object = co_await client->Get(resource);
    if (absl::IsNotFound(object.status())) co_return absl::OkStatus();
    if (!object.ok()) co_return object.status();
    if (UidOf(*object) != uid) co_return absl::OkStatus();
    absl::Status slept = co_await Sleep(kPollPeriod);
    if (!slept.ok()) co_return slept;
  }
}

// Deletes one object; its UID, or "" if it was not there and need not be.
Task<absl::StatusOr<std::string>> DeleteOne(Factory* factory,
                                            rest::RESTClient* client,
                                            DeleteOptions options,
                                            Target target) {
  const rest::Resource resource =
      ResourceOf(*target.kind, target.namespace_, target.name);
  if (target.source.empty()) {
    absl::StatusOr<std::string> object = co_await GetObject(client, resource);
    if (options.ignore_not_found && absl::IsNotFound(object.status())) {
      co_return "";
    }
    if (!object.ok()) co_return object.status();
  }
  absl::StatusOr<std::string> deleted =
      co_await client->Delete(resource, OptionsJson(options));
  if (options.ignore_not_found && absl::IsNotFound(deleted.status())) {
    co_return "";
  }
  if (!deleted.ok()) {
    if (target.source.empty()) co_return deleted.status();
    co_return AddSource("deleting", target.source, deleted.status());
  }
  if (options.output == "name") {
    *factory->streams().out << TypeName(*target.kind) << "/" << target.name
                            << "\n";
  } else {
    *factory->streams().out
        << TypeName(*target.kind) << " \"" << target.name << "\" "
        << (options.force ? "force deleted" : "deleted") << "\n";
  }
  *factory->streams().out << std::flush;
  co_return UidOf(*deleted);
}

Task<absl::Status> WaitAllGone(
    rest::RESTClient* client,
    std::vector<std::pair<Target, std::string>> deleted) {
  for (const auto& [target, uid] : deleted) {
    absl::Status gone = co_await WaitGone(client, target, uid);
    if (!gone.ok()) co_return gone;
  }
  co_return absl::OkStatus();
}

}  // namespace

Task<absl::Status> RunDelete(Factory* factory, DeleteOptions options,
                             std::vector<std::string> args) {
  if (!options.output.empty() && options.output != "name") {
    co_return absl::InvalidArgumentError(
        absl::StrCat("unexpected -o output mode: ", options.output,
                     ". We only support '-o name'"));
  }
  if (args.empty() && options.filenames.empty()) {
    co_return absl::InvalidArgumentError(kNothingNamed);
  }
  if (!args.empty() && !options.filenames.empty()) {
    co_return absl::InvalidArgumentError(
        "when paths, URLs, or stdin is provided as input, you may not specify "
        "resource arguments as well");
  }
  absl::StatusOr<std::vector<Target>> targets =
      co_await FindTargets(factory, options, std::move(args));
  if (!targets.ok()) co_return targets.status();
  absl::StatusOr<rest::RESTClient*> client = factory->RESTClient();
  if (!client.ok()) co_return client.status();
  if (options.force) {
    *factory->streams().err_out
        << "warning: Immediate deletion does not wait for confirmation that "
           "the running resource has been terminated. The resource may "
           "continue to run on the cluster indefinitely.\n";
  }
  std::vector<std::pair<Target, std::string>> deleted;
  std::vector<absl::Status> errors;
  for (const Target& target : *targets) {
    absl::StatusOr<std::string> uid =
        co_await DeleteOne(factory, *client, options, target);
    if (uid.ok()) {
      if (!uid->empty()) deleted.emplace_back(target, *uid);
      continue;
    }
    errors.push_back(uid.status());
  }
  if (targets->empty()) *factory->streams().out << "No resources found\n";
  if (!options.wait || deleted.empty()) co_return NewAggregate(errors);
  absl::Status waited;
  if (options.timeout > absl::ZeroDuration()) {
    waited = co_await WithDeadline(
        options.timeout, "timed out waiting for the condition",
        [&]() { return WaitAllGone(*client, deleted); });
  } else {
    // As long as the pods' own grace periods and their nodes take.
    waited = co_await WaitAllGone(*client, deleted);
  }
  if (!waited.ok()) errors.push_back(waited);
  co_return NewAggregate(errors);
}

}  // namespace fairway::cmd
