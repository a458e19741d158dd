// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/cli-runtime/pkg/resource/visitor.go (v0.20.2)
#include "client/cmd/manifests.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "api/json.h"
#include "api/object.h"
#include "client/cmd/source.h"

namespace fairway::cmd {
namespace {

using nlohmann::json;

class Collector {
 public:
  Collector(std::string source, const std::string& ns, bool enforced,
            Validation validation)
      : source_(std::move(source)),
        ns_(ns),
        enforced_(enforced),
        validation_(validation) {}

  absl::Status Add(const json& object) {
    absl::Status typed = CheckType(object);
    if (!typed.ok()) return typed;
    absl::Status error;
    const api::FieldReader reader(object, "", &error);
    const std::string kind = reader.String("kind");
    if (error.ok() && absl::EndsWith(kind, "List")) return AddItems(object);
    const std::string version = reader.String("apiVersion");
    const api::FieldReader metadata = reader.Object("metadata");
    Manifest manifest;
    manifest.source = source_;
    manifest.name = metadata.String("name");
    const std::string own_namespace = metadata.String("namespace");
    if (!error.ok()) return Unrecognized(std::string(error.message()));
    manifest.kind = FindKind(kind);
    if (manifest.kind == nullptr || ApiVersionOf(*manifest.kind) != version) {
      return Unrecognized(absl::StrCat("no matches for kind \"", kind,
                                       "\" in version \"", version, "\""));
    }
    json filled = object;
    if (manifest.kind->namespaced) {
      if (!own_namespace.empty() && enforced_ && own_namespace != ns_) {
        return absl::InvalidArgumentError(
            absl::StrCat("the namespace from the provided object \"",
                         own_namespace, "\" does not match the namespace \"",
                         ns_, "\". You must pass '--namespace=", own_namespace,
                         "' to perform this operation."));
      }
      manifest.namespace_ = own_namespace.empty() ? ns_ : own_namespace;
      filled["metadata"]["namespace"] = manifest.namespace_;
    }
    manifest.json = api::DumpJson(filled);
    manifests_.push_back(std::move(manifest));
    return absl::OkStatus();
  }

  std::vector<Manifest> Take() { return std::move(manifests_); }

 private:
  absl::Status AddItems(const json& list) {
    auto items = list.find("items");
    if (items == list.end() || !items->is_array()) return absl::OkStatus();
    for (const json& item : *items) {
      absl::Status status = Add(item);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Mirrors: ConjunctiveSchema with NoDoubleKeySchema and the schema of the
  // server as far as every kind shares it; and unstructured's decoding.
  absl::Status CheckType(const json& object) const {
    const auto given = [&object](const char* field) {
      auto it = object.find(field);
      return it != object.end() && it->is_string() && !it->empty() && *it != "";
    };
    const bool is_object = object.is_object();
    const bool version = is_object && given("apiVersion");
    const bool kind = is_object && given("kind");
    if (version && kind) return absl::OkStatus();
    if (validation_ == Validation::kOff) {
      if (!is_object) {
        return Faulty(
            "unable to decode",
            absl::StrCat("json: cannot unmarshal ", object.type_name(),
                         " into Go value of type "
                         "unstructured.detector"));
      }
      return Faulty(
          "unable to decode",
          absl::StrCat(
              "Object '", kind ? "apiVersion" : "Kind", "' is missing in '",
              object.dump(-1, ' ', false, json::error_handler_t::replace),
              "'"));
    }
    const absl::string_view why = !is_object ? "invalid object to validate"
                                  : kind     ? "apiVersion not set"
                                  : version
                                      ? "kind not set"
                                      : "[apiVersion not set, kind not set]";
    return Faulty("error validating",
                  absl::StrCat("error validating data: ", why,
                               "; if you choose to ignore these errors, turn "
                               "validation off with --validate=false"));
  }

  absl::Status Faulty(absl::string_view what, absl::string_view why) const {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " \"", source_, "\": ", why));
  }

  absl::Status Unrecognized(absl::string_view why) const {
    return Faulty("unable to recognize", why);
  }

  const std::string source_;
  const std::string ns_;
  const bool enforced_;
  const Validation validation_;
  std::vector<Manifest> manifests_;
};

}  // namespace

absl::StatusOr<std::vector<Manifest>> ReadManifests(
    Factory& factory, const std::vector<std::string>& filenames,
    Validation validation) {
  // A file that is not there is told before a server that is not.
  std::vector<Source> sources;
  for (const std::string& filename : filenames) {
    absl::StatusOr<Source> source = ReadSource(factory, filename);
    if (!source.ok()) return source.status();
    sources.push_back(*std::move(source));
  }
  absl::StatusOr<rest::ClientConfig> config = factory.ToClientConfig();
  if (!config.ok()) return config.status();
  std::vector<Manifest> all;
  for (const auto& [source, text] : sources) {
    Collector collector(source, config->namespace_,
                        factory.namespace_enforced(), validation);
    absl::StatusOr<std::vector<std::string>> documents =
        api::ManifestsToJson(text);
    if (!documents.ok()) {
      return ParseError(source, documents.status().message());
    }
    for (const std::string& document : *documents) {
      absl::StatusOr<json> object = api::ParseJson(document);
      if (!object.ok()) return object.status();
      absl::Status added = collector.Add(*object);
      if (!added.ok()) return added;
    }
    for (Manifest& manifest : collector.Take()) {
      all.push_back(std::move(manifest));
    }
  }
  return all;
}

}  // namespace fairway::cmd
