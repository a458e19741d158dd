// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apiserver/pkg/registry/generic/registry/store.go (v0.20.2)
#include "apiserver/registry/generic/store.h"

#include <deque>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "api/errors.h"
#include "apiserver/registry/generic/object_meta.h"
#include "apiserver/registry/rest/status_details.h"
#include "base/status/co_status.h"

namespace fairway::apiserver::registry::generic {
namespace {

constexpr int kMaxConflicts = 100;
// How much is read at once when a limit meets a selector.
constexpr size_t kPage = 500;

struct Continue {
  int64_t revision = 0;
  std::string key;
};

std::string EncodeContinue(const Continue& token) {
  return absl::WebSafeBase64Escape(
      absl::StrCat("v1:", token.revision, ":", token.key));
}

absl::StatusOr<Continue> DecodeContinue(const std::string& text,
                                        const std::string& prefix) {
  Continue token;
  std::string plain;
  std::vector<std::string> parts;
  if (absl::WebSafeBase64Unescape(text, &plain)) {
    parts = absl::StrSplit(plain, absl::MaxSplits(':', 2));
  }
  if (parts.size() != 3 || parts[0] != "v1" ||
      !absl::SimpleAtoi(parts[1], &token.revision) ||
      !absl::StartsWith(parts[2], prefix)) {
    return api::NewBadRequest("continue key is not valid");
  }
  token.key = parts[2];
  return token;
}

// Why one cannot select by `field`. Mirrors: the conversions of field labels:
// DefaultMetaV1FieldSelectorConversion for a kind that has none of its own.
std::string FieldFault(const rest::FieldMap& known, const std::string& field) {
  if (known.size() == 2 && known.count("metadata.namespace") > 0) {
    return absl::StrCat("\"", field,
                        "\" is not a known field selector: only "
                        "\"metadata.name\", \"metadata.namespace\"");
  }
  return absl::StrCat("field label not supported: ", field);
}

// The events of a storage watch that a selector lets through.
class StoreWatch final : public rest::Watch {
 public:
  StoreWatch(const Strategy& strategy, rest::ListOptions options,
             std::deque<Json> initial, std::unique_ptr<storage::Watch> watch)
      : strategy_(strategy),
        options_(std::move(options)),
        initial_(std::move(initial)),
        watch_(std::move(watch)) {}

  Task<absl::StatusOr<rest::WatchEvent>> Next() override {
    rest::WatchEvent out;
    if (!initial_.empty()) {
      out.type = "ADDED";
      out.object = std::move(initial_.front());
      initial_.pop_front();
      co_return out;
    }
    for (;;) {
      absl::StatusOr<std::shared_ptr<const storage::Event>> event =
          co_await watch_->Next();
      if (absl::IsOutOfRange(event.status())) {
        co_return api::NewGone(event.status().message());
      }
      if (!event.ok()) co_return event.status();
      absl::StatusOr<bool> wanted = Translate(**event, &out);
      if (!wanted.ok()) co_return wanted.status();
      if (*wanted) co_return out;
    }
  }

  int64_t revision() const override { return watch_->revision(); }

 private:
  bool Matches(const Json& object) const {
    return rest::MatchesLabels(options_.labels, object) &&
           rest::MatchesFields(options_.fields, strategy_.Fields(object));
  }

  // An object that a change moves into or out of the selector appears or
  // disappears to the watcher. False if it sees nothing of it.
  absl::StatusOr<bool> Translate(const storage::Event& event,
                                 rest::WatchEvent* out) const {
    absl::StatusOr<Json> object = Decode(event.document);
    if (!object.ok()) return object.status();
    const bool matches = Matches(*object);
    bool matched = false;
    if (event.type != storage::EventType::kAdded) {
      absl::StatusOr<Json> old = Decode(
          {event.document.key, event.previous_json, event.document.revision});
      if (!old.ok()) return old.status();
      matched = Matches(*old);
      if (matched && !matches) *object = *std::move(old);
    }
    const bool exists = event.type != storage::EventType::kDeleted && matches;
    if (!exists && !matched) return false;
    out->type = !matched ? "ADDED" : exists ? "MODIFIED" : "DELETED";
    out->object = *std::move(object);
    return true;
  }

  const Strategy& strategy_;
  rest::ListOptions options_;
  std::deque<Json> initial_;
  std::unique_ptr<storage::Watch> watch_;
};

}  // namespace

std::vector<std::string> AllVerbs() {
  return {"create", "delete", "deletecollection", "get",
          "list",   "patch",  "update",           "watch"};
}

std::vector<std::string> StatusVerbs() { return {"get", "patch", "update"}; }

std::unique_ptr<rest::Storage> NewStore(
    storage::Interface* storage, std::unique_ptr<const Strategy> strategy,
    std::vector<std::string> verbs) {
  StoreOptions options;
  options.storage = storage;
  options.strategy = std::move(strategy);
  options.verbs = std::move(verbs);
  return std::make_unique<Store>(std::move(options));
}

absl::StatusOr<std::string> Store::Key(const std::string& ns,
                                       const std::string& name) const {
  for (const std::string* part : {&ns, &name}) {
    const bool optional = part == &ns && !info().namespaced;
    if (*part == "." || *part == ".." ||
        part->find_first_of("/%") != std::string::npos ||
        (part->empty() && !optional)) {
      return api::NewBadRequest(absl::StrCat(
          "Name parameter invalid: \"", absl::Utf8SafeCEscape(*part), "\""));
    }
  }
  return Prefix(info().namespaced ? ns : "") + name;
}

std::string Store::Prefix(const std::string& ns) const {
  std::string prefix = options_.strategy->key_root() + "/";
  if (!ns.empty()) absl::StrAppend(&prefix, ns, "/");
  return prefix;
}

absl::Status Store::Interpret(const absl::Status& error,
                              const std::string& name) const {
  const std::string resource = info().GroupResource();
  absl::Status status = error;
  if (absl::IsNotFound(error)) {
    status = api::NewNotFound(resource, name);
  } else if (absl::IsAlreadyExists(error)) {
    status = api::NewAlreadyExists(resource, name);
  } else {
    return error;
  }
  return WithDetails(status, DetailsOf(name, info().group, info().resource));
}

absl::Status Store::CheckFields(const rest::Requirements& fields) const {
  const rest::FieldMap known = options_.strategy->Fields(Json::object());
  for (const rest::Requirement& requirement : fields) {
    if (known.count(requirement.key) > 0) continue;
    return api::NewBadRequest(FieldFault(known, requirement.key));
  }
  return absl::OkStatus();
}

absl::Status Store::CheckVersion(const std::string& version) const {
  if (version.empty()) return absl::OkStatus();
  int64_t number = 0;
  if (!absl::SimpleAtoi(version, &number) || number < 0) {
    return validation::InvalidIfAny(
        "ListOptions", "",
        {validation::Invalid("resourceVersion", version,
                             "invalid resource version")});
  }
  const int64_t current = options_.storage->revision();
  if (number <= current) return absl::OkStatus();
  return WithDetails(
      NewStatusError(504, "Timeout",
                     absl::StrCat("Timeout: Too large resource version: ",
                                  number, ", current: ", current)),
      {{"causes",
        {{{"reason", "ResourceVersionTooLarge"},
          {"message", "Too large resource version"}}}},
       {"retryAfterSeconds", 1}});
}

Task<absl::StatusOr<Json>> Store::Get(std::string ns, std::string name) {
  absl::StatusOr<std::string> key = Key(ns, name);
  if (!key.ok()) co_return key.status();
  absl::StatusOr<storage::Document> document =
      co_await options_.storage->Get(*std::move(key));
  if (!document.ok()) co_return Interpret(document.status(), name);
  co_return Decode(*document);
}

Task<absl::StatusOr<rest::List>> Store::ListObjects(std::string ns,
                                                    rest::ListOptions options) {
  FAIRWAY_CO_RETURN_IF_ERROR(CheckFields(options.fields));
  FAIRWAY_CO_RETURN_IF_ERROR(CheckVersion(options.resource_version));
  const size_t limit =
      options.limit > 0 ? static_cast<size_t>(options.limit) : 0;
  storage::ListRequest request;
  request.prefix = Prefix(ns);
  rest::List list;
  if (!options.continue_token.empty()) {
    absl::StatusOr<Continue> token =
        DecodeContinue(options.continue_token, request.prefix);
    if (!token.ok()) co_return token.status();
    request.after_key = token->key;
    // Later pages show later states; a watch from the first page's revision
    // tells what it missed.
    list.revision = token->revision;
  }
  request.limit = limit == 0 ? 0 : std::max(limit, kPage);
  for (bool more = true; more;) {
    storage::ListRequest page = request;
    absl::StatusOr<storage::DocumentList> documents =
        co_await options_.storage->List(std::move(page));
    if (!documents.ok()) co_return documents.status();
    if (list.revision == 0) list.revision = documents->revision;
    more = documents->more;
    for (const storage::Document& document : documents->documents) {
      if (limit != 0 && list.items.size() == limit) {
        list.continue_token =
            EncodeContinue({list.revision, request.after_key});
        co_return list;
      }
      request.after_key = document.key;
      absl::StatusOr<Json> object = Decode(document);
      if (!object.ok()) co_return object.status();
      if (rest::MatchesLabels(options.labels, *object) &&
          rest::MatchesFields(options.fields,
                              options_.strategy->Fields(*object))) {
        list.items.push_back(*std::move(object));
      }
    }
  }
  co_return list;
}

Task<absl::StatusOr<std::unique_ptr<rest::Watch>>> Store::NewWatch(
    std::string ns, rest::ListOptions options) {
  FAIRWAY_CO_RETURN_IF_ERROR(CheckFields(options.fields));
  FAIRWAY_CO_RETURN_IF_ERROR(CheckVersion(options.resource_version));
  int64_t from = 0;
  if (!options.resource_version.empty() &&
      !absl::SimpleAtoi(options.resource_version, &from)) {
    co_return api::NewBadRequest("invalid resource version");
  }
  std::deque<Json> initial;
  if (from == 0) {
    // Without a version a watch begins with what there is.
    rest::ListOptions all = options;
    all.limit = 0;
    all.continue_token.clear();
    std::string list_ns = ns;
    absl::StatusOr<rest::List> list =
        co_await ListObjects(std::move(list_ns), std::move(all));
    if (!list.ok()) co_return list.status();
    from = list->revision;
    for (Json& object : list->items) initial.push_back(std::move(object));
  }
  std::string prefix = Prefix(ns);
  absl::StatusOr<std::unique_ptr<storage::Watch>> watch =
      co_await options_.storage->NewWatch(std::move(prefix), from);
  if (absl::IsOutOfRange(watch.status())) {
    co_return api::NewGone(watch.status().message());
  }
  if (!watch.ok()) co_return watch.status();
  std::unique_ptr<rest::Watch> result =
      std::make_unique<StoreWatch>(*options_.strategy, std::move(options),
                                   std::move(initial), *std::move(watch));
  co_return result;
}

Task<absl::StatusOr<Json>> Store::Create(std::string ns, std::string,
                                         Json object, rest::DryRun dry_run) {
  const absl::Time now = options_.now();
  FAIRWAY_CO_RETURN_IF_ERROR(BeforeCreate(*options_.strategy, ns, now, object));
  const std::string name = StringAt(object, {"metadata", "name"});
  absl::StatusOr<std::string> key = Key(ns, name);
  if (!key.ok()) co_return key.status();
  if (dry_run == rest::DryRun::kAll) {
    absl::StatusOr<storage::Document> existing =
        co_await options_.storage->Get(*std::move(key));
    if (existing.ok()) {
      co_return Interpret(absl::AlreadyExistsError(""), name);
    }
    co_return object;
  }
  std::string json = Encode(object);
  absl::StatusOr<storage::Document> created =
      co_await options_.storage->Create(*std::move(key), std::move(json));
  if (!created.ok()) co_return Interpret(created.status(), name);
  SetResourceVersion(object, created->revision);
  co_return object;
}

Task<absl::StatusOr<Json>> Store::Update(std::string ns, std::string name,
                                         rest::UpdateObject update,
                                         rest::DryRun dry_run) {
  absl::StatusOr<std::string> key = Key(ns, name);
  if (!key.ok()) co_return key.status();
  for (int attempt = 0; attempt < kMaxConflicts; ++attempt) {
    std::string get_key = *key;
    absl::StatusOr<storage::Document> document =
        co_await options_.storage->Get(std::move(get_key));
    if (!document.ok()) co_return Interpret(document.status(), name);
    absl::StatusOr<Json> old = Decode(*document);
    if (!old.ok()) co_return old.status();
    absl::StatusOr<Json> object = update(*old);
    if (!object.ok()) co_return object.status();
    FAIRWAY_CO_RETURN_IF_ERROR(BeforeUpdate(*options_.strategy, *old, *object));
    if (dry_run == rest::DryRun::kAll || *object == *old) co_return object;
    std::string write_key = *key;
    absl::StatusOr<storage::Document> written;
    if (DeletionIsDue(*object)) {
      // The last finalizer has gone.
      written = co_await options_.storage->Delete(std::move(write_key),
                                                  document->revision);
    } else {
      std::string json = Encode(*object);
      written = co_await options_.storage->Update(
          std::move(write_key), std::move(json), document->revision);
    }
    if (written.ok()) {
      SetResourceVersion(*object, written->revision);
      co_return object;
    }
    if (!absl::IsAborted(written.status())) {
      co_return Interpret(written.status(), name);
    }
  }
  co_return api::NewServiceUnavailable("too many concurrent changes");
}

Task<absl::StatusOr<rest::DeleteResult>> Store::Delete(
    std::string ns, std::string name, rest::DeleteOptions options,
    rest::DryRun dry_run) {
  absl::StatusOr<std::string> key = Key(ns, name);
  if (!key.ok()) co_return key.status();
  for (int attempt = 0; attempt < kMaxConflicts; ++attempt) {
    std::string get_key = *key;
    absl::StatusOr<storage::Document> document =
        co_await options_.storage->Get(std::move(get_key));
    if (!document.ok()) co_return Interpret(document.status(), name);
    absl::StatusOr<Json> object = Decode(*document);
    if (!object.ok()) co_return object.status();
    const absl::Time now = options_.now();
    absl::StatusOr<DeleteStep> step =
        BeforeDelete(*options_.strategy, options, now, *object);
    if (!step.ok()) co_return step.status();
    rest::DeleteResult result;
    result.deleted_immediately = *step == DeleteStep::kRemove;
    result.object = *std::move(object);
    if (*step == DeleteStep::kPending || dry_run == rest::DryRun::kAll) {
      co_return result;
    }
    std::string write_key = *key;
    absl::StatusOr<storage::Document> written;
    if (*step == DeleteStep::kRemove) {
      written = co_await options_.storage->Delete(std::move(write_key),
                                                  document->revision);
    } else {
      std::string json = Encode(result.object);
      written = co_await options_.storage->Update(
          std::move(write_key), std::move(json), document->revision);
    }
    if (written.ok()) {
      SetResourceVersion(result.object, written->revision);
      co_return result;
    }
    if (!absl::IsAborted(written.status())) {
      co_return Interpret(written.status(), name);
    }
  }
  co_return api::NewServiceUnavailable("too many concurrent changes");
}

}  // namespace fairway::apiserver::registry::generic
