// SPDX-License-Identifier: Apache-2.0
#include "runtime/dockershim/libdocker/json.h"

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fairway::runtime::dockershim::libdocker {
namespace {

using Json = nlohmann::json;

// The member `key`, or null.
const Json& Get(const Json& object, const char* key) {
  static const Json& null = *new Json();
  if (!object.is_object()) return null;
  auto found = object.find(key);
  return found == object.end() ? null : *found;
}

std::string String(const Json& object, const char* key) {
  const Json& value = Get(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

int64_t Integer(const Json& object, const char* key) {
  const Json& value = Get(object, key);
  return value.is_number_integer() ? value.get<int64_t>() : 0;
}

bool Bool(const Json& object, const char* key) {
  const Json& value = Get(object, key);
  return value.is_boolean() && value.get<bool>();
}

std::vector<std::string> Strings(const Json& object, const char* key) {
  std::vector<std::string> strings;
  for (const Json& value : Get(object, key)) {
    if (value.is_string()) strings.push_back(value.get<std::string>());
  }
  return strings;
}

StringMap Map(const Json& object, const char* key) {
  StringMap map;
  const Json& members = Get(object, key);
  if (!members.is_object()) return map;
  for (const auto& [name, value] : members.items()) {
    if (value.is_string()) map[name] = value.get<std::string>();
  }
  return map;
}

Json Parse(absl::string_view text) {
  return Json::parse(text.begin(), text.end(), nullptr,
                     /*allow_exceptions=*/false);
}

absl::Status Malformed(absl::string_view what) {
  return absl::InternalError(
      absl::StrCat("docker: cannot parse the answer: want ", what));
}

absl::StatusOr<Json> ParseObject(absl::string_view text) {
  Json json = Parse(text);
  if (!json.is_object()) return Malformed("an object");
  return json;
}

// Each element of an array by `convert`.
template <typename T>
absl::StatusOr<std::vector<T>> ParseArray(absl::string_view text,
                                          T (*convert)(const Json&)) {
  const Json json = Parse(text);
  if (!json.is_array()) return Malformed("an array");
  std::vector<T> result;
  for (const Json& element : json) result.push_back(convert(element));
  return result;
}

Container ToContainer(const Json& json) {
  Container container;
  container.id = String(json, "Id");
  container.names = Strings(json, "Names");
  container.image = String(json, "Image");
  container.image_id = String(json, "ImageID");
  container.state = String(json, "State");
  container.created_seconds = Integer(json, "Created");
  container.labels = Map(json, "Labels");
  return container;
}

Image ToImage(const Json& json) {
  Image image;
  image.id = String(json, "Id");
  image.repo_tags = Strings(json, "RepoTags");
  image.repo_digests = Strings(json, "RepoDigests");
  image.size = Integer(json, "Size");
  image.user = String(Get(json, "Config"), "User");
  return image;
}

std::string NetworkName(const Json& json) { return String(json, "Name"); }

// The first address of any network: Docker's own field has only that of its
// default bridge.
std::string AddressIn(const Json& settings, const char* own_key,
                      const char* network_key) {
  std::string address = String(settings, own_key);
  const Json& networks = Get(settings, "Networks");
  if (!networks.is_object()) return address;
  for (const auto& [name, network] : networks.items()) {
    if (address.empty()) address = String(network, network_key);
  }
  return address;
}

// Sets what is not empty.
void Set(Json& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}
void Set(Json& object, const char* key, int64_t value) {
  if (value != 0) object[key] = value;
}
void Set(Json& object, const char* key,
         const std::vector<std::string>& values) {
  if (!values.empty()) object[key] = values;
}
void Set(Json& object, const char* key, const StringMap& values) {
  if (!values.empty()) object[key] = values;
}

Json HostConfig(const ContainerCreateConfig& config) {
  Json host = Json::object();
  Set(host, "Binds", config.binds);
  Set(host, "SecurityOpt", config.security_opt);
  Set(host, "CapAdd", config.cap_add);
  Set(host, "CapDrop", config.cap_drop);
  Set(host, "Dns", config.dns);
  Set(host, "DnsSearch", config.dns_search);
  Set(host, "DnsOptions", config.dns_options);
  Set(host, "Sysctls", config.sysctls);
  Set(host, "CgroupParent", config.cgroup_parent);
  Set(host, "NetworkMode", config.network_mode);
  Set(host, "IpcMode", config.ipc_mode);
  Set(host, "PidMode", config.pid_mode);
  Set(host, "UTSMode", config.uts_mode);
  host["Privileged"] = config.privileged;
  host["ReadonlyRootfs"] = config.readonly_rootfs;
  Set(host, "OomScoreAdj", config.oom_score_adj);
  Set(host, "Memory", config.memory_bytes);
  Set(host, "CpuShares", config.cpu_shares);
  Set(host, "CpuQuota", config.cpu_quota);
  Set(host, "CpuPeriod", config.cpu_period);
  for (const PortBinding& binding : config.port_bindings) {
    host["PortBindings"][binding.container_port].push_back(
        {{"HostIp", binding.host_ip},
         {"HostPort", absl::StrCat(binding.host_port)}});
  }
  return host;
}

// Bytes that are no UTF-8 become U+FFFD: no exception.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

absl::StatusOr<EngineVersion> ParseVersion(absl::string_view text) {
  absl::StatusOr<Json> json = ParseObject(text);
  if (!json.ok()) return json.status();
  return EngineVersion{String(*json, "Version"), String(*json, "ApiVersion")};
}

absl::StatusOr<std::vector<std::string>> ParseNetworks(absl::string_view text) {
  return ParseArray<std::string>(text, NetworkName);
}

absl::StatusOr<std::vector<Container>> ParseContainers(absl::string_view text) {
  return ParseArray<Container>(text, ToContainer);
}

absl::StatusOr<ContainerJson> ParseContainer(absl::string_view text) {
  absl::StatusOr<Json> json = ParseObject(text);
  if (!json.ok()) return json.status();
  ContainerJson container;
  container.id = String(*json, "Id");
  container.name = String(*json, "Name");
  container.image_id = String(*json, "Image");
  container.created = String(*json, "Created");
  container.log_path = String(*json, "LogPath");
  const Json& state = Get(*json, "State");
  container.state.running = Bool(state, "Running");
  container.state.oom_killed = Bool(state, "OOMKilled");
  container.state.pid = static_cast<pid_t>(Integer(state, "Pid"));
  container.state.exit_code = static_cast<int>(Integer(state, "ExitCode"));
  container.state.error = String(state, "Error");
  container.state.started_at = String(state, "StartedAt");
  container.state.finished_at = String(state, "FinishedAt");
  const Json& config = Get(*json, "Config");
  container.config.image = String(config, "Image");
  container.config.labels = Map(config, "Labels");
  const Json& host = Get(*json, "HostConfig");
  container.network_mode = String(host, "NetworkMode");
  container.pid_mode = String(host, "PidMode");
  container.ipc_mode = String(host, "IpcMode");
  const Json& network = Get(*json, "NetworkSettings");
  container.ip_address = AddressIn(network, "IPAddress", "IPAddress");
  container.global_ipv6_address =
      AddressIn(network, "GlobalIPv6Address", "GlobalIPv6Address");
  for (const Json& mount : Get(*json, "Mounts")) {
    container.mounts.push_back({String(mount, "Source"),
                                String(mount, "Destination"),
                                Bool(mount, "RW")});
  }
  return container;
}

absl::StatusOr<std::string> ParseCreated(absl::string_view text) {
  absl::StatusOr<Json> json = ParseObject(text);
  if (!json.ok()) return json.status();
  std::string id = String(*json, "Id");
  if (id.empty()) return Malformed("an id");
  return id;
}

absl::StatusOr<std::vector<Image>> ParseImages(absl::string_view text) {
  return ParseArray<Image>(text, ToImage);
}

absl::StatusOr<Image> ParseImage(absl::string_view text) {
  absl::StatusOr<Json> json = ParseObject(text);
  if (!json.ok()) return json.status();
  return ToImage(*json);
}

std::string ErrorMessage(absl::string_view text) {
  const std::string message = String(Parse(text), "message");
  if (!message.empty()) return message;
  return std::string(absl::StripAsciiWhitespace(text));
}

std::string ErrorInProgress(absl::string_view text) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    std::string error = String(Parse(line), "error");
    if (!error.empty()) return error;
  }
  return "";
}

std::string CreateContainerBody(const ContainerCreateConfig& config) {
  Json json = Json::object();
  json["Image"] = config.image;
  Set(json, "Hostname", config.hostname);
  Set(json, "User", config.user);
  Set(json, "WorkingDir", config.working_dir);
  Set(json, "Entrypoint", config.entrypoint);
  Set(json, "Cmd", config.cmd);
  Set(json, "Env", config.env);
  Set(json, "Labels", config.labels);
  json["OpenStdin"] = config.open_stdin;
  json["StdinOnce"] = config.stdin_once;
  json["Tty"] = config.tty;
  for (const PortBinding& binding : config.port_bindings) {
    json["ExposedPorts"][binding.container_port] = Json::object();
  }
  json["HostConfig"] = HostConfig(config);
  return Dump(json);
}

std::string FiltersOf(const ContainerFilter& filter) {
  Json json = Json::object();
  for (const auto& [key, value] : filter.labels) {
    json["label"].push_back(absl::StrCat(key, "=", value));
  }
  if (!filter.id.empty()) json["id"].push_back(filter.id);
  if (!filter.status.empty()) json["status"].push_back(filter.status);
  return Dump(json);
}

std::string ImageFiltersOf(absl::string_view reference) {
  Json json = Json::object();
  if (!reference.empty()) json["reference"].push_back(std::string(reference));
  return Dump(json);
}

}  // namespace fairway::runtime::dockershim::libdocker
