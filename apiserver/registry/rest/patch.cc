// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/apimachinery/pkg/util/strategicpatch/patch.go (v0.20.2)
#include "apiserver/registry/rest/patch.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "api/errors.h"
#include "apiserver/registry/rest/status_details.h"

namespace fairway::apiserver::registry::rest {
namespace {

constexpr char kDirective[] = "$patch";
constexpr char kRetainKeys[] = "$retainKeys";
constexpr char kDeleteList[] = "$deleteFromPrimitiveList/";
constexpr char kElementOrder[] = "$setElementOrder/";

// The patchMergeKey tags of core/v1 and apps/v1 that occur in what is served;
// lists that have none here are replaced whole. `elements` are a patch's: the
// ports of a container and of a service are merged by different keys.
const char* MergeKey(const std::string& field, const Json& elements) {
  if (field == "ports") {
    const bool of_service = std::any_of(
        elements.begin(), elements.end(),
        [](const Json& element) { return At(element, {"port"}) != nullptr; });
    return of_service ? "port" : "containerPort";
  }
  static const auto* const kKeys = new std::map<std::string, const char*>{
      {"containers", "name"},
      {"initContainers", "name"},
      {"ephemeralContainers", "name"},
      {"env", "name"},
      {"volumes", "name"},
      {"imagePullSecrets", "name"},
      {"volumeMounts", "mountPath"},
      {"volumeDevices", "devicePath"},
      {"hostAliases", "ip"},
      {"conditions", "type"},
      {"addresses", "type"},
      {"podIPs", "ip"},
      {"ownerReferences", "uid"},
      {"topologySpreadConstraints", "topologyKey"},
  };
  auto it = kKeys->find(field);
  return it == kKeys->end() ? nullptr : it->second;
}

// Lists of plain values that are sets.
bool IsPrimitiveSet(const std::string& field) {
  return field == "finalizers" || field == "podCIDRs";
}

void MergeObject(Json& target, const Json& patch);

Json::iterator FindByKey(Json& list, const char* key, const Json& value) {
  return std::find_if(list.begin(), list.end(), [&](const Json& element) {
    const Json* have = At(element, {key});
    return have != nullptr && *have == value;
  });
}

void MergeElement(Json& list, const char* key, const Json& element) {
  const Json* value = At(element, {key});
  if (value == nullptr) return;
  auto found = FindByKey(list, key, *value);
  if (StringAt(element, {kDirective}) == "delete") {
    if (found != list.end()) list.erase(found);
    return;
  }
  if (found == list.end()) {
    list.push_back(Json::object());
    found = list.end() - 1;
  }
  MergeObject(*found, element);
}

void MergeList(Json& target, const std::string& field, const Json& patch) {
  Json& list = target[field];
  if (!list.is_array()) list = Json::array();
  if (IsPrimitiveSet(field)) {
    for (const Json& value : patch) {
      if (std::find(list.begin(), list.end(), value) == list.end()) {
        list.push_back(value);
      }
    }
    return;
  }
  const char* key = MergeKey(field, patch);
  const bool replace =
      std::any_of(patch.begin(), patch.end(), [](const Json& element) {
        return StringAt(element, {kDirective}) == "replace";
      });
  if (key == nullptr || replace) {
    list = Json::array();
    for (const Json& element : patch) {
      if (At(element, {kDirective}) == nullptr) list.push_back(element);
    }
    return;
  }
  for (const Json& element : patch) MergeElement(list, key, element);
}

// Sorts a merged list by the order that the client wants; what it does not
// name stays behind.
void OrderList(Json& target, const std::string& field, const Json& order) {
  const char* key = MergeKey(field, order);
  auto it = target.find(field);
  if (key == nullptr || it == target.end() || !it->is_array() ||
      !order.is_array()) {
    return;
  }
  auto rank = [&](const Json& element) {
    const Json* value = At(element, {key});
    for (size_t i = 0; i < order.size(); ++i) {
      const Json* want = At(order[i], {key});
      if (value != nullptr && want != nullptr && *value == *want) return i;
    }
    return order.size();
  };
  std::stable_sort(it->begin(), it->end(), [&](const Json& a, const Json& b) {
    return rank(a) < rank(b);
  });
}

void DeleteFromList(Json& target, const std::string& field,
                    const Json& values) {
  auto it = target.find(field);
  if (it == target.end() || !it->is_array() || !values.is_array()) return;
  Json kept = Json::array();
  for (const Json& value : *it) {
    if (std::find(values.begin(), values.end(), value) == values.end()) {
      kept.push_back(value);
    }
  }
  *it = std::move(kept);
}

void RetainKeys(Json& target, const Json& keys) {
  if (!keys.is_array()) return;
  for (auto it = target.begin(); it != target.end();) {
    const bool keep =
        std::find(keys.begin(), keys.end(), Json(it.key())) != keys.end();
    it = keep ? std::next(it) : target.erase(it);
  }
}

// Recursion is as deep as the patch, which its parser has bounded.
void MergeObject(Json& target, const Json& patch) {
  if (!target.is_object()) target = Json::object();
  const std::string directive = StringAt(patch, {kDirective});
  if (directive == "delete" || directive == "replace") {
    target = Json::object();
    if (directive == "delete") return;
  }
  if (const Json* keys = At(patch, {kRetainKeys})) RetainKeys(target, *keys);
  for (const auto& [name, value] : patch.items()) {
    if (name == kDirective || name == kRetainKeys ||
        absl::StartsWith(name, kElementOrder)) {
      continue;
    }
    if (absl::StartsWith(name, kDeleteList)) {
      DeleteFromList(target, name.substr(sizeof kDeleteList - 1), value);
    } else if (value.is_null()) {
      target.erase(name);
    } else if (value.is_object()) {
      MergeObject(target[name], value);
    } else if (value.is_array()) {
      MergeList(target, name, value);
    } else {
      target[name] = value;
    }
  }
  for (const auto& [name, value] : patch.items()) {
    if (absl::StartsWith(name, kElementOrder)) {
      OrderList(target, name.substr(sizeof kElementOrder - 1), value);
    }
  }
}

absl::StatusOr<Json> ApplyJsonPatch(const Json& object, const Json& patch) {
  // The library reports what does not fit by exceptions alone.
  try {
    return object.patch(patch);
  } catch (const Json::parse_error& error) {
    return api::NewBadRequest(error.what());
  } catch (const Json::exception& error) {
    return NewStatusError(
        422, "Invalid",
        absl::StrCat("the server rejected our request due to an error in our "
                     "request: ",
                     error.what()));
  }
}

}  // namespace

absl::StatusOr<Json> ApplyPatch(PatchType type, const Json& object,
                                const Json& patch) {
  if (type == PatchType::kJson) {
    if (!patch.is_array()) {
      return api::NewBadRequest("json: cannot unmarshal into jsonpatch.Patch");
    }
    return ApplyJsonPatch(object, patch);
  }
  if (!patch.is_object()) {
    return api::NewBadRequest("invalid patch: want a JSON object");
  }
  Json result = object;
  if (type == PatchType::kMerge) {
    result.merge_patch(patch);
  } else {
    MergeObject(result, patch);
  }
  return result;
}

}  // namespace fairway::apiserver::registry::rest
