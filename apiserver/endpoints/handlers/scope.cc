// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/endpoints/handlers/{rest,response}.go (v0.20.2)
#include "apiserver/endpoints/handlers/scope.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "api/errors.h"
#include "api/json.h"
#include "api/object.h"
#include "apiserver/registry/printers/printers.h"
#include "apiserver/registry/rest/status_details.h"
#include "apiserver/registry/validation/validation.h"

namespace fairway::apiserver::endpoints::handlers {
namespace {

using net::http::QueryValue;

constexpr char kJsonContentType[] = "application/json";

printers::IncludeObject IncludeObjectOf(const net::http::Query& query) {
  const absl::string_view value = QueryValue(query, "includeObject");
  if (value == "None") return printers::IncludeObject::kNone;
  if (value == "Object") return printers::IncludeObject::kObject;
  return printers::IncludeObject::kMetadata;
}

bool WantsPretty(const net::http::Query& query) {
  const absl::string_view value = QueryValue(query, "pretty");
  return value == "true" || value == "1";
}

absl::StatusOr<Json> DecodeBody(const std::string& body, bool yaml) {
  std::string text = body;
  if (yaml) {
    absl::StatusOr<std::string> converted = api::YamlToJson(body);
    if (!converted.ok()) {
      return api::NewBadRequest(converted.status().message());
    }
    text = *std::move(converted);
  }
  absl::StatusOr<Json> object = api::ParseJson(text);
  if (!object.ok()) return api::NewBadRequest(object.status().message());
  if (!object->is_object()) {
    return api::NewBadRequest(
        "couldn't get version/kind; json parse error: "
        "want an object");
  }
  return object;
}

}  // namespace

Task<absl::Status> WriteJson(net::http::ResponseWriter& writer, int code,
                             Json json) {
  const std::string body = api::DumpJson(json) + "\n";
  absl::Status written = co_await Respond(writer, code, kJsonContentType, body);
  co_return written;
}

Task<absl::Status> RunAdmission(Call& call, admission::Operation operation,
                                std::string kind, Json* object) {
  admission::Interface* admit = call.scope.admit;
  if (admit == nullptr || !admit->Handles(operation)) {
    co_return absl::OkStatus();
  }
  const RequestInfo& info = call.context.info;
  admission::Attributes attributes;
  attributes.operation = operation;
  attributes.kind = std::move(kind);
  attributes.ns = info.ns;
  attributes.name = info.name;
  attributes.api_group = info.api_group;
  attributes.resource = info.resource;
  attributes.subresource = info.subresource;
  attributes.user = call.context.user;
  attributes.object = object;
  absl::Status admitted = co_await admit->Admit(attributes);
  if (!admitted.ok()) co_return admitted;
  absl::Status valid = co_await admit->Validate(attributes);
  co_return valid;
}

Task<absl::Status> WriteError(net::http::ResponseWriter& writer,
                              absl::Status error) {
  if (absl::IsCancelled(error) || writer.wrote_header()) co_return error;
  Json status = StatusJson(error);
  const int code = static_cast<int>(IntAt(status, {"code"}).value_or(500));
  if (code == 429) writer.headers().Set("Retry-After", "1");
  absl::Status written = co_await WriteJson(writer, code, std::move(status));
  co_return written;
}

Json AsTable(const RequestContext& context, const MediaType& type,
             const std::string& kind, const Json& object, TableHeader header) {
  const printers::IncludeObject include = IncludeObjectOf(context.query);
  const absl::Time now = absl::Now();
  Json table;
  table["kind"] = "Table";
  table["apiVersion"] = "meta.k8s.io/" + type.table_version;
  Json& metadata = table["metadata"];
  metadata = Json::object();
  for (const char* field : {"resourceVersion", "continue"}) {
    const std::string value = StringAt(object, {"metadata", field});
    if (!value.empty()) metadata[field] = value;
  }
  table["columnDefinitions"] =
      header == TableHeader::kWith ? printers::ColumnDefinitions(kind) : Json();
  Json& rows = table["rows"];
  rows = Json::array();
  if (At(object, {"items"}) == nullptr) {
    rows.push_back(printers::Row(kind, object, now, include));
  }
  for (const Json& item : ArrayAt(object, {"items"})) {
    rows.push_back(printers::Row(kind, item, now, include));
  }
  return table;
}

Task<absl::Status> WriteObject(Call& call, int code, Json object) {
  const bool plain = StringAt(object, {"kind"}) == "Status";
  absl::StatusOr<MediaType> type =
      NegotiateOutput(call.request.headers.Get("Accept"),
                      plain ? Shape::kObject : Shape::kTable);
  // A Status goes to whoever asked, whatever they asked for.
  if (!type.ok() && !plain) {
    absl::Status error = type.status();
    absl::Status refused = co_await WriteError(call.writer, std::move(error));
    co_return refused;
  }
  if (type.ok() && type->shape == Shape::kTable) {
    object = AsTable(call.context, *type, call.scope.storage->info().kind,
                     object, TableHeader::kWith);
  }
  if (WantsPretty(call.context.query)) {
    const std::string body =
        object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    absl::Status pretty =
        co_await Respond(call.writer, code, kJsonContentType, body);
    co_return pretty;
  }
  absl::Status written =
      co_await WriteJson(call.writer, code, std::move(object));
  co_return written;
}

Task<absl::StatusOr<std::string>> LimitedReadBody(
    net::http::ServerRequest& request) {
  absl::StatusOr<std::string> body =
      co_await ReadAll(*request.body, kMaxBodyBytes);
  if (absl::IsOutOfRange(body.status())) {
    co_return NewStatusError(
        413, "RequestEntityTooLarge",
        absl::StrCat("Request entity too large: limit is ", kMaxBodyBytes));
  }
  co_return body;
}

Task<absl::StatusOr<Json>> ReadObject(net::http::ServerRequest& request) {
  const std::string type = BareMediaType(request.headers.Get("Content-Type"));
  const bool yaml = type == "application/yaml";
  if (!type.empty() && type != kJsonContentType && !yaml) {
    co_return UnsupportedMediaType(kBodyMediaTypes);
  }
  absl::StatusOr<std::string> body = co_await LimitedReadBody(request);
  if (!body.ok()) co_return body.status();
  co_return DecodeBody(*body, yaml);
}

absl::StatusOr<DryRun> DryRunOf(const net::http::Query& query) {
  DryRun result = DryRun::kNo;
  for (const auto& [key, value] : query) {
    if (key != "dryRun" || value.empty()) continue;
    if (value != "All") {
      return validation::InvalidIfAny(
          "CreateOptions", "",
          {validation::NotSupported("dryRun", value, {"All"})});
    }
    result = DryRun::kAll;
  }
  return result;
}

}  // namespace fairway::apiserver::endpoints::handlers
