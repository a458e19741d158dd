// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/handlers/{get,create,update,patch,
// delete}.go (v0.20.2)
#include "apiserver/endpoints/handlers/resource.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "api/errors.h"
#include "api/json.h"
#include "apiserver/endpoints/handlers/list_options.h"
#include "apiserver/endpoints/handlers/watch.h"
#include "apiserver/registry/rest/patch.h"
#include "apiserver/registry/rest/status_details.h"

namespace fairway::apiserver::endpoints::handlers {
namespace {

using net::http::QueryValue;

namespace rest = registry::rest;

Json ListJson(const rest::ResourceInfo& info, rest::List list) {
  Json json;
  json["kind"] = info.kind + "List";
  json["apiVersion"] = info.ApiVersion();
  json["metadata"]["resourceVersion"] = std::to_string(list.revision);
  if (!list.continue_token.empty()) {
    json["metadata"]["continue"] = list.continue_token;
  }
  json["items"] = Json::array();
  for (Json& item : list.items) {
    // The list's kind tells theirs.
    item.erase("kind");
    item.erase("apiVersion");
    json["items"].push_back(std::move(item));
  }
  return json;
}

// Mirrors: metav1.DeleteOptions, of the body or else of the query.
absl::StatusOr<rest::DeleteOptions> DecodeDeleteOptions(
    const net::http::Query& query, const std::string& body, DryRun* dry_run) {
  rest::DeleteOptions options;
  absl::StatusOr<DryRun> asked = DryRunOf(query);
  if (!asked.ok()) return asked.status();
  *dry_run = *asked;
  const absl::string_view grace = QueryValue(query, "gracePeriodSeconds");
  if (!grace.empty()) {
    int64_t seconds = 0;
    if (!absl::SimpleAtoi(grace, &seconds)) {
      return api::NewBadRequest(absl::StrCat("strconv.ParseInt: parsing \"",
                                             grace, "\": invalid syntax"));
    }
    options.grace_period_seconds = seconds;
  }
  if (body.empty()) return options;
  absl::StatusOr<Json> json = api::ParseJson(body);
  if (!json.ok()) return api::NewBadRequest(json.status().message());
  const std::optional<int64_t> seconds = IntAt(*json, {"gracePeriodSeconds"});
  if (seconds.has_value()) options.grace_period_seconds = seconds;
  options.uid = StringAt(*json, {"preconditions", "uid"});
  options.resource_version =
      StringAt(*json, {"preconditions", "resourceVersion"});
  if (!ArrayAt(*json, {"dryRun"}).empty()) *dry_run = DryRun::kAll;
  if (options.grace_period_seconds.value_or(0) < 0) {
    options.grace_period_seconds = 1;  // as upstream takes it
  }
  return options;
}

Task<absl::StatusOr<rest::DeleteOptions>> ReadDeleteOptions(Call& call,
                                                            DryRun* dry_run) {
  const std::string type =
      BareMediaType(call.request.headers.Get("Content-Type"));
  absl::StatusOr<std::string> body = co_await LimitedReadBody(call.request);
  if (!body.ok()) co_return body.status();
  if (!body->empty() && !type.empty() && type != "application/json") {
    co_return UnsupportedMediaType(kBodyMediaTypes);
  }
  co_return DecodeDeleteOptions(call.context.query, *body, dry_run);
}

Json DeletedStatus(const rest::ResourceInfo& info, const Json& object) {
  Json details = DetailsOf(StringAt(object, {"metadata", "name"}), info.group,
                           info.resource);
  details["uid"] = StringAt(object, {"metadata", "uid"});
  return SuccessStatus(details);
}

absl::StatusOr<rest::PatchType> PatchTypeOf(absl::string_view content_type) {
  const std::string type = BareMediaType(content_type);
  if (type == "application/json-patch+json") return rest::PatchType::kJson;
  if (type == "application/merge-patch+json") return rest::PatchType::kMerge;
  if (type == "application/strategic-merge-patch+json") {
    return rest::PatchType::kStrategicMerge;
  }
  return UnsupportedMediaType(kPatchMediaTypes);
}

Task<absl::StatusOr<Json>> Created(Call& call) {
  absl::StatusOr<DryRun> dry_run = DryRunOf(call.context.query);
  if (!dry_run.ok()) co_return dry_run.status();
  absl::StatusOr<Json> object = co_await ReadObject(call.request);
  if (!object.ok()) co_return object.status();
  std::string kind = call.scope.storage->info().kind;
  absl::Status admitted = co_await RunAdmission(
      call, admission::Operation::kCreate, std::move(kind), &*object);
  if (!admitted.ok()) co_return admitted;
  std::string ns = call.context.info.ns;
  std::string name = call.context.info.name;
  absl::StatusOr<Json> created = co_await call.scope.storage->Create(
      std::move(ns), std::move(name), *std::move(object), *dry_run);
  co_return created;
}

Task<absl::StatusOr<Json>> Changed(Call& call, rest::UpdateObject update,
                                   Json* object) {
  absl::StatusOr<DryRun> dry_run = DryRunOf(call.context.query);
  if (!dry_run.ok()) co_return dry_run.status();
  std::string kind = call.scope.storage->info().kind;
  absl::Status admitted = co_await RunAdmission(
      call, admission::Operation::kUpdate, std::move(kind), object);
  if (!admitted.ok()) co_return admitted;
  std::string ns = call.context.info.ns;
  std::string name = call.context.info.name;
  absl::StatusOr<Json> changed = co_await call.scope.storage->Update(
      std::move(ns), std::move(name), std::move(update), *dry_run);
  co_return changed;
}

Task<absl::StatusOr<Json>> Patched(Call& call) {
  absl::StatusOr<rest::PatchType> type =
      PatchTypeOf(call.request.headers.Get("Content-Type"));
  if (!type.ok()) co_return type.status();
  absl::StatusOr<std::string> body = co_await LimitedReadBody(call.request);
  if (!body.ok()) co_return body.status();
  absl::StatusOr<Json> patch = api::ParseJson(*body);
  if (!patch.ok()) co_return api::NewBadRequest(patch.status().message());
  rest::UpdateObject apply = [&](const Json& current) {
    return rest::ApplyPatch(*type, current, *patch);
  };
  absl::StatusOr<Json> changed =
      co_await Changed(call, std::move(apply), nullptr);
  co_return changed;
}

Task<absl::StatusOr<Json>> Replaced(Call& call) {
  absl::StatusOr<Json> object = co_await ReadObject(call.request);
  if (!object.ok()) co_return object.status();
  rest::UpdateObject replace = [&](const Json&) -> absl::StatusOr<Json> {
    return *object;
  };
  absl::StatusOr<Json> changed =
      co_await Changed(call, std::move(replace), &*object);
  co_return changed;
}

Task<absl::StatusOr<Json>> Deleted(Call& call) {
  DryRun dry_run = DryRun::kNo;
  absl::StatusOr<rest::DeleteOptions> options =
      co_await ReadDeleteOptions(call, &dry_run);
  if (!options.ok()) co_return options.status();
  std::string kind = call.scope.storage->info().kind;
  absl::Status admitted = co_await RunAdmission(
      call, admission::Operation::kDelete, std::move(kind), nullptr);
  if (!admitted.ok()) co_return admitted;
  std::string ns = call.context.info.ns;
  std::string name = call.context.info.name;
  absl::StatusOr<rest::DeleteResult> result =
      co_await call.scope.storage->Delete(std::move(ns), std::move(name),
                                          *std::move(options), dry_run);
  if (!result.ok()) co_return result.status();
  const rest::ResourceInfo& info = call.scope.storage->info();
  // Mirrors: ReturnDeletedObject, which pods have.
  if (result->deleted_immediately && info.kind != "Pod") {
    co_return DeletedStatus(info, result->object);
  }
  co_return std::move(result->object);
}

Task<absl::StatusOr<Json>> DeletedCollection(Call& call) {
  DryRun dry_run = DryRun::kNo;
  absl::StatusOr<rest::DeleteOptions> options =
      co_await ReadDeleteOptions(call, &dry_run);
  if (!options.ok()) co_return options.status();
  absl::StatusOr<rest::ListOptions> list_options =
      DecodeListOptions(call.context.query);
  if (!list_options.ok()) co_return list_options.status();
  Storage* storage = call.scope.storage.get();
  std::string ns = call.context.info.ns;
  absl::StatusOr<rest::List> list =
      co_await storage->ListObjects(std::move(ns), *std::move(list_options));
  if (!list.ok()) co_return list.status();
  for (const Json& object : list->items) {
    std::string object_ns = StringAt(object, {"metadata", "namespace"});
    std::string name = StringAt(object, {"metadata", "name"});
    rest::DeleteOptions one = *options;
    absl::StatusOr<rest::DeleteResult> deleted = co_await storage->Delete(
        std::move(object_ns), std::move(name), std::move(one), dry_run);
    if (!deleted.ok() && !absl::IsNotFound(deleted.status())) {
      co_return deleted.status();
    }
  }
  co_return ListJson(storage->info(), *std::move(list));
}

Task<absl::Status> Answer(Call& call, int code, absl::StatusOr<Json> result) {
  if (!result.ok()) {
    absl::Status error = result.status();
    absl::Status refused = co_await WriteError(call.writer, std::move(error));
    co_return refused;
  }
  if (StringAt(*result, {"kind"}) == "Status") (*result)["code"] = code;
  absl::Status written = co_await WriteObject(call, code, *std::move(result));
  co_return written;
}

}  // namespace

Task<absl::Status> GetResource(Call& call) {
  std::string ns = call.context.info.ns;
  std::string name = call.context.info.name;
  absl::StatusOr<Json> object =
      co_await call.scope.storage->Get(std::move(ns), std::move(name));
  absl::Status answered = co_await Answer(call, 200, std::move(object));
  co_return answered;
}

Task<absl::Status> ListResource(Call& call) {
  absl::StatusOr<rest::ListOptions> options =
      DecodeListOptions(call.context.query);
  if (!options.ok()) {
    absl::Status error = options.status();
    absl::Status refused = co_await WriteError(call.writer, std::move(error));
    co_return refused;
  }
  if (call.context.info.verb == "watch") {
    absl::Status watched = co_await ServeWatch(call, *std::move(options));
    co_return watched;
  }
  std::string ns = call.context.info.ns;
  absl::StatusOr<rest::List> list = co_await call.scope.storage->ListObjects(
      std::move(ns), *std::move(options));
  absl::StatusOr<Json> json;
  if (list.ok()) {
    json = ListJson(call.scope.storage->info(), *std::move(list));
  } else {
    json = list.status();
  }
  absl::Status answered = co_await Answer(call, 200, std::move(json));
  co_return answered;
}

Task<absl::Status> CreateResource(Call& call) {
  absl::StatusOr<Json> object = co_await Created(call);
  absl::Status answered = co_await Answer(call, 201, std::move(object));
  co_return answered;
}

Task<absl::Status> UpdateResource(Call& call) {
  absl::StatusOr<Json> object = co_await Replaced(call);
  absl::Status answered = co_await Answer(call, 200, std::move(object));
  co_return answered;
}

Task<absl::Status> PatchResource(Call& call) {
  absl::StatusOr<Json> object = co_await Patched(call);
  absl::Status answered = co_await Answer(call, 200, std::move(object));
  co_return answered;
}

Task<absl::Status> DeleteResource(Call& call) {
  absl::StatusOr<Json> object = co_await Deleted(call);
  absl::Status answered = co_await Answer(call, 200, std::move(object));
  co_return answered;
}

Task<absl::Status> DeleteCollection(Call& call) {
  absl::StatusOr<Json> list = co_await DeletedCollection(call);
  absl::Status answered = co_await Answer(call, 200, std::move(list));
  co_return answered;
}

}  // namespace fairway::apiserver::endpoints::handlers
