// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/cli-runtime/pkg/resource/visitor.go (v0.20.2)
#include "client/cmd/manifests.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "api/json.h"
#include "api/object.h"
#include "base/file/read_file.h"

namespace fairway::cmd {
namespace {

using nlohmann::json;

constexpr char kStdin[] = "-";

absl::StatusOr<std::string> ReadStdin(std::istream& in) {
  std::string text;
  char buffer[16384];
  while (in.read(buffer, sizeof(buffer)) || in.gcount() > 0) {
    text.append(buffer, in.gcount());
    if (text.size() > kMaxFileBytes) {
      return absl::ResourceExhaustedError("standard input is too large");
    }
  }
  return text;
}

absl::StatusOr<std::string> ReadSource(Factory& factory,
                                       const std::string& filename) {
  if (filename == kStdin) return ReadStdin(*factory.streams().in);
  absl::StatusOr<std::string> text = ReadFile(TypedPath(filename));
  if (absl::IsNotFound(text.status())) {
    return absl::NotFoundError(
        absl::StrCat("the path \"", filename, "\" does not exist"));
  }
  return text;
}

// JSON is told from YAML by its first byte, and has words of its own.
absl::Status ParseError(absl::string_view source, absl::string_view why) {
  if (why == "json: unexpected end of JSON input") {
    why = "unexpected EOF";
  } else if (!absl::StartsWith(why, "json: ")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "error parsing ", source, ": error converting YAML to JSON: ", why));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("error parsing ", source, ": ", why));
}

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
    manifest.kind = version == "v1" ? FindKind(kind) : nullptr;
    if (manifest.kind == nullptr) {
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
  std::vector<std::pair<std::string, std::string>> texts;
  for (const std::string& filename : filenames) {
    absl::StatusOr<std::string> text = ReadSource(factory, filename);
    if (!text.ok()) return text.status();
    texts.emplace_back(filename == kStdin ? "STDIN" : filename,
                       *std::move(text));
  }
  absl::StatusOr<rest::ClientConfig> config = factory.ToClientConfig();
  if (!config.ok()) return config.status();
  std::vector<Manifest> all;
  for (const auto& [source, text] : texts) {
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
