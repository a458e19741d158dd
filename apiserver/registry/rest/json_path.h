// SPDX-License-Identifier: Apache-2.0
// Reads documents of any shape without surprises: a field that is missing, null
// or of another type reads as empty.
#ifndef APISERVER_REGISTRY_REST_JSON_PATH_H_
#define APISERVER_REGISTRY_REST_JSON_PATH_H_

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace fairway::apiserver {

using Json = nlohmann::json;
using JsonPath = std::initializer_list<const char*>;

// Null if there is no such value, or a JSON null.
const Json* At(const Json& object, JsonPath path);
std::string StringAt(const Json& object, JsonPath path);
std::optional<int64_t> IntAt(const Json& object, JsonPath path);
bool BoolAt(const Json& object, JsonPath path);
// The array there, or an empty one.
const Json& ArrayAt(const Json& object, JsonPath path);

// The object at `path`, made where it is missing or is no object.
Json& MutableObjectAt(Json& object, JsonPath path);
// Sets `key` in `object` if it is missing or null.
void SetDefault(Json& object, const char* key, Json value);

}  // namespace fairway::apiserver

#endif  // APISERVER_REGISTRY_REST_JSON_PATH_H_
