// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/forwards_file.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "api/json.h"
#include "api/object.h"

namespace fairway::cmd {
namespace {

using nlohmann::json;

absl::Status Faulty(absl::string_view path, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", why));
}

absl::Status CheckFields(const json& object, absl::string_view path,
                         absl::Span<const absl::string_view> known) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), absl::string_view(key)) !=
        known.end()) {
      continue;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("unknown field \"", path, key, "\""));
  }
  return absl::OkStatus();
}

// Whether `object` has a value for `key`: null is none.
const json* Find(const json& object, const char* key) {
  auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

// A port may be written as a number.
absl::Status ReadText(const json& value, const std::string& path,
                      std::string* out) {
  if (value.is_number_unsigned()) {
    *out = absl::StrCat(value.get<uint64_t>());
  } else if (value.is_string() && value != "") {
    *out = value.get<std::string>();
  } else {
    return Faulty(path, "want a text that is not empty");
  }
  // Some of it is written to terminals.
  if (std::any_of(out->begin(), out->end(),
                  [](char c) { return absl::ascii_iscntrl(c); })) {
    return Faulty(path, "want a text without control characters");
  }
  return absl::OkStatus();
}

absl::Status ReadField(const json& object, const std::string& path,
                       const char* key, std::string* out) {
  const json* value = Find(object, key);
  if (value == nullptr) return absl::OkStatus();
  return ReadText(*value, absl::StrCat(path, key), out);
}

absl::Status ReadList(const json& object, const std::string& path,
                      const char* key, std::vector<std::string>* out) {
  const json* value = Find(object, key);
  if (value == nullptr) return absl::OkStatus();
  const std::string here = absl::StrCat(path, key);
  if (!value->is_array() || value->empty()) {
    return Faulty(here, "want a list that is not empty");
  }
  for (size_t i = 0; i < value->size(); ++i) {
    std::string text;
    absl::Status read =
        ReadText((*value)[i], absl::StrCat(here, "[", i, "]"), &text);
    if (!read.ok()) return read;
    out->push_back(std::move(text));
  }
  return absl::OkStatus();
}

absl::StatusOr<ForwardSpec> ReadForward(const json& object,
                                        const std::string& name) {
  if (!object.is_object()) return Faulty(name, "want an object");
  const std::string path = absl::StrCat(name, ".");
  ForwardSpec forward;
  for (const absl::Status& read : {
           CheckFields(object, path,
                       {"target", "ports", "name", "namespace", "context",
                        "addresses", "pods"}),
           ReadField(object, path, "target", &forward.target),
           ReadList(object, path, "ports", &forward.ports),
           ReadField(object, path, "name", &forward.name),
           ReadField(object, path, "namespace", &forward.namespace_),
           ReadField(object, path, "context", &forward.context),
           ReadList(object, path, "addresses", &forward.addresses),
           ReadField(object, path, "pods", &forward.pods),
       }) {
    if (!read.ok()) return read;
  }
  if (forward.target.empty()) return Faulty(path + "target", "required");
  if (forward.ports.empty()) return Faulty(path + "ports", "required");
  return forward;
}

absl::Status ReadDocument(const json& document,
                          std::vector<ForwardSpec>* forwards) {
  if (!document.is_object()) {
    return absl::InvalidArgumentError("want an object with \"forwards\"");
  }
  absl::Status known = CheckFields(document, "", {"forwards"});
  if (!known.ok()) return known;
  const json* list = Find(document, "forwards");
  if (list == nullptr) return Faulty("forwards", "required");
  if (!list->is_array()) return Faulty("forwards", "want a list");
  for (size_t i = 0; i < list->size(); ++i) {
    absl::StatusOr<ForwardSpec> forward =
        ReadForward((*list)[i], absl::StrCat("forwards[", i, "]"));
    if (!forward.ok()) return forward.status();
    forwards->push_back(*std::move(forward));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<ForwardSpec>> ForwardsOfFile(const Source& source) {
  absl::StatusOr<std::vector<std::string>> documents =
      api::ManifestsToJson(source.text);
  if (!documents.ok()) {
    return ParseError(source.name, documents.status().message());
  }
  std::vector<ForwardSpec> forwards;
  for (const std::string& document : *documents) {
    absl::StatusOr<json> parsed = api::ParseJson(document);
    if (!parsed.ok()) return parsed.status();
    absl::Status read = ReadDocument(*parsed, &forwards);
    if (!read.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("error parsing ", source.name, ": ", read.message()));
    }
  }
  return forwards;
}

}  // namespace fairway::cmd
