// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/get/get.go (v0.20.2)
#include "client/cmd/get.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "api/errors.h"
#include "api/json.h"
#include "api/object.h"
#include "client/cmd/check_err.h"
#include "client/cmd/printers.h"
#include "client/cmd/resources.h"

namespace fairway::cmd {
namespace {

using nlohmann::json;

constexpr char kNoType[] =
    "You must specify the type of resource to get. Use \"kubectl "
    "api-resources\" for a complete list of supported resources.\n\n";
constexpr char kNoTypeError[] =
    "Required resource not specified.\nUse \"kubectl explain <resource>\" for "
    "a detailed description of that resource (e.g. kubectl explain pods).";

// What was fetched: the objects, and whether they are to print as a list; for
// people, instead of objects the server's Tables of them.
struct Fetched {
  std::vector<json> objects;
  bool list = false;
};

bool IsForPeople(const std::string& output) {
  return output.empty() || output == "wide";
}

absl::Status CheckOutput(const std::string& output) {
  for (const char* known : {"", "wide", "name", "json", "yaml"}) {
    if (output == known) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unable to match a printer suitable for the output format "
                   "\"",
                   output, "\", allowed formats are: json,name,wide,yaml"));
}

// Mirrors: resource.Selector.Visit, which says what was looked for.
absl::Status AddSelection(const ResourceKind& kind, const GetOptions& options,
                          const absl::Status& status) {
  if (!api::IsApiStatus(status)) return status;
  api::ApiStatus error = api::StatusOfError(status);
  if (error.reason != "BadRequest" && error.reason != "NotFound") return status;
  const std::string resource =
      absl::StrCat("\"", kind.group, "/v1, Resource=", kind.plural, "\"");
  if (options.label_selector.empty() && options.field_selector.empty()) {
    error.message =
        absl::StrCat("Unable to list ", resource, ": ", error.message);
  } else {
    error.message = absl::StrCat(
        "Unable to find ", resource, " that match label selector \"",
        options.label_selector, "\", field selector \"", options.field_selector,
        "\": ", error.message);
  }
  return api::ErrorFromStatus(error);
}

Task<absl::StatusOr<Fetched>> FetchList(rest::RESTClient* client,
                                        ResourceArgs target, std::string ns,
                                        GetOptions options) {
  rest::Resource resource = ResourceOf(*target.kind, ns, "");
  if (!options.label_selector.empty()) {
    resource.query.emplace_back("labelSelector", options.label_selector);
  }
  if (!options.field_selector.empty()) {
    resource.query.emplace_back("fieldSelector", options.field_selector);
  }
  const bool table = IsForPeople(options.output);
  if (table) resource.accept = std::string(kAcceptTable);
  absl::StatusOr<std::string> text = co_await client->List(std::move(resource));
  if (!text.ok()) {
    co_return AddSelection(*target.kind, options, text.status());
  }
  absl::StatusOr<json> list = api::ParseJson(*text);
  if (!list.ok()) co_return list.status();
  Fetched fetched;
  fetched.list = true;
  if (table) {
    fetched.objects.push_back(*std::move(list));
    co_return fetched;
  }
  auto items = list->find("items");
  if (items == list->end() || !items->is_array()) co_return fetched;
  for (json& item : *items) {
    // A list's items leave out what the list says for all.
    if (item.is_object()) {
      item["kind"] = std::string(target.kind->kind);
      item["apiVersion"] = ApiVersionOf(*target.kind);
    }
    fetched.objects.push_back(std::move(item));
  }
  co_return fetched;
}

Task<absl::StatusOr<Fetched>> FetchNames(rest::RESTClient* client,
                                         ResourceArgs target, std::string ns,
                                         GetOptions options,
                                         std::vector<absl::Status>* errors) {
  Fetched fetched;
  fetched.list = target.names.size() > 1;
  for (const std::string& name : target.names) {
    rest::Resource resource = ResourceOf(*target.kind, ns, name);
    if (IsForPeople(options.output)) {
      resource.accept = std::string(kAcceptTable);
    }
    absl::StatusOr<std::string> text =
        co_await GetObject(client, std::move(resource));
    if (options.ignore_not_found && absl::IsNotFound(text.status())) continue;
    absl::StatusOr<json> object =
        text.ok() ? api::ParseJson(*text) : text.status();
    if (object.ok()) {
      fetched.objects.push_back(*std::move(object));
      continue;
    }
    errors->push_back(object.status());
  }
  co_return fetched;
}

std::string NameOf(const json& object, const char* field) {
  absl::Status error;
  return api::FieldReader(object, "", &error).Object("metadata").String(field);
}

std::string Indented(const json& value) {
  return value.dump(4, ' ', false, json::error_handler_t::replace) + "\n";
}

absl::StatusOr<std::string> PrintDocuments(const Fetched& fetched,
                                           const std::string& output) {
  json document;
  if (fetched.list) {
    document = {{"apiVersion", "v1"},
                {"items", fetched.objects},
                {"kind", "List"},
                {"metadata", {{"resourceVersion", ""}, {"selfLink", ""}}}};
  } else {
    document = fetched.objects[0];
  }
  if (output == "json") return Indented(document);
  return api::JsonToYaml(api::DumpJson(document));
}

std::string PrintTable(const ResourceKind& kind, const Fetched& fetched,
                       const GetOptions& options) {
  TableOptions table;
  table.width =
      options.output == "wide" ? TableWidth::kWide : TableWidth::kNormal;
  table.with_namespace = options.all_namespaces && kind.namespaced;
  table.no_headers = options.no_headers;
  return FormatTable(TableRows(fetched.objects, table, absl::Now()));
}

absl::StatusOr<std::string> Print(const ResourceKind& kind,
                                  const Fetched& fetched,
                                  const GetOptions& options) {
  if (options.output == "json" || options.output == "yaml") {
    return PrintDocuments(fetched, options.output);
  }
  if (options.output == "name") {
    std::string lines;
    for (const json& object : fetched.objects) {
      absl::StrAppend(&lines, TypeName(kind), "/", NameOf(object, "name"),
                      "\n");
    }
    return lines;
  }
  return PrintTable(kind, fetched, options);
}

void SayNothingFound(Factory* factory, const ResourceKind& kind,
                     const GetOptions& options, const std::string& ns) {
  if (options.ignore_not_found) return;
  *factory->streams().err_out << "No resources found";
  if (kind.namespaced && !options.all_namespaces) {
    *factory->streams().err_out << " in " << ns << " namespace.";
  }
  *factory->streams().err_out << "\n";
}

}  // namespace

Task<absl::Status> RunGet(Factory* factory, GetOptions options,
                          std::vector<std::string> args) {
  if (args.empty()) {
    *factory->streams().err_out << kNoType;
    co_return UsageError("get", kNoTypeError);
  }
  absl::StatusOr<rest::ClientConfig> config = factory->ToClientConfig();
  if (!config.ok()) co_return config.status();
  absl::Status known = CheckOutput(options.output);
  if (!known.ok()) co_return known;
  absl::StatusOr<ResourceArgs> target = ParseResourceArgs(args, "");
  if (!target.ok()) co_return target.status();
  if (options.all_namespaces && !target->names.empty() &&
      target->kind->namespaced) {
    co_return absl::InvalidArgumentError(
        "a resource cannot be retrieved by name across all namespaces");
  }
  absl::StatusOr<rest::RESTClient*> client = factory->RESTClient();
  if (!client.ok()) co_return client.status();
  const std::string ns = options.all_namespaces ? "" : config->namespace_;
  std::vector<absl::Status> errors;
  absl::StatusOr<Fetched> fetched = absl::UnknownError("not fetched");
  if (target->names.empty()) {
    fetched = co_await FetchList(*client, *target, ns, options);
  } else {
    fetched = co_await FetchNames(*client, *target, ns, options, &errors);
  }
  if (!fetched.ok()) co_return fetched.status();
  const bool document = options.output == "json" || options.output == "yaml";
  absl::StatusOr<std::string> text = "";
  if (!fetched->objects.empty() || (document && fetched->list)) {
    text = Print(*target->kind, *fetched, options);
  }
  if (!text.ok()) co_return text.status();
  if (text->empty() && target->names.empty()) {
    SayNothingFound(factory, *target->kind, options, ns);
  }
  *factory->streams().out << *text << std::flush;
  co_return NewAggregate(errors);
}

}  // namespace fairway::cmd
