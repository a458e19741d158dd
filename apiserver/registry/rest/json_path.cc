// SPDX-License-Identifier: Apache-2.0
#include "apiserver/registry/rest/json_path.h"

#include <utility>

namespace fairway::apiserver {

const Json* At(const Json& object, JsonPath path) {
  const Json* value = &object;
  for (const char* key : path) {
    if (!value->is_object()) return nullptr;
    auto it = value->find(key);
    if (it == value->end() || it->is_null()) return nullptr;
    value = &*it;
  }
  return value;
}

std::string StringAt(const Json& object, JsonPath path) {
  const Json* value = At(object, path);
  if (value == nullptr || !value->is_string()) return "";
  return value->get_ref<const std::string&>();
}

std::optional<int64_t> IntAt(const Json& object, JsonPath path) {
  const Json* value = At(object, path);
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  return value->get<int64_t>();
}

bool BoolAt(const Json& object, JsonPath path) {
  const Json* value = At(object, path);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

const Json& ArrayAt(const Json& object, JsonPath path) {
  static const Json* const kEmpty = new Json(Json::array());
  const Json* value = At(object, path);
  return value != nullptr && value->is_array() ? *value : *kEmpty;
}

Json& MutableObjectAt(Json& object, JsonPath path) {
  Json* value = &object;
  if (!value->is_object()) *value = Json::object();
  for (const char* key : path) {
    value = &(*value)[key];
    if (!value->is_object()) *value = Json::object();
  }
  return *value;
}

void SetDefault(Json& object, const char* key, Json value) {
  Json& field = object[key];
  if (field.is_null()) field = std::move(value);
}

}  // namespace fairway::apiserver
