// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/client-go/tools/clientcmd/loader.go (v0.20.2)
#include "client/rest/kubeconfig.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "api/json.h"
#include "api/object.h"
#include "base/file/read_file.h"
#include "base/status/co_status.h"
#include "base/task/asio_status.h"
#include "client/rest/validation.h"

namespace fairway::rest {
namespace {

using api::FieldReader;

using nlohmann::json;

constexpr char kExecExtension[] = "client.authentication.k8s.io/exec";

// What says nothing of its kind is taken for a v1 Config.
absl::Status CheckKind(const FieldReader& document) {
  std::string version = document.String("apiVersion");
  std::string kind = document.String("kind");
  if (version.empty()) version = "v1";
  if (kind.empty()) kind = "Config";
  if (version == "v1" && kind == "Config") return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "no kind \"", kind, "\" is registered for version \"", version,
      "\" in scheme \"k8s.io/client-go/tools/clientcmd/api/latest/"
      "latest.go:50\""));
}

// Mirrors: cleanANSIEscapeCodes. Nothing in it moves a terminal's cursor.
std::string WithoutControls(absl::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (absl::ascii_iscntrl(c) && !absl::ascii_isspace(c)) {
      absl::StrAppendFormat(&clean, "U+%04X", static_cast<unsigned char>(c));
    } else {
      clean += c;
    }
  }
  return clean;
}

// Decodes a `*-data` field; the first that is no base64 goes into `error`.
std::string Data(const FieldReader& reader, const char* key,
                 absl::Status* error) {
  const std::string encoded = reader.String(key);
  std::string decoded;
  if (!absl::Base64Unescape(encoded, &decoded) && error->ok()) {
    *error =
        absl::InvalidArgumentError(absl::StrCat(key, ": illegal base64 data"));
  }
  return decoded;
}

// What an object has under `key`; null for anything else.
const json& Child(const json& object, const char* key) {
  static const json* const null = new json();
  if (!object.is_object()) return *null;
  const auto it = object.find(key);
  return it == object.end() ? *null : *it;
}

KubeCluster ReadCluster(const FieldReader& reader, const json& raw,
                        absl::string_view folder, absl::Status* error) {
  KubeCluster cluster;
  cluster.server = reader.String("server");
  cluster.tls_server_name = reader.String("tls-server-name");
  cluster.insecure_skip_tls_verify = reader.Bool("insecure-skip-tls-verify");
  cluster.certificate_authority =
      ResolvePath(reader.String("certificate-authority"), folder);
  cluster.certificate_authority_data =
      Data(reader, "certificate-authority-data", error);
  cluster.proxy_url = reader.String("proxy-url");
  cluster.disable_compression = reader.Bool("disable-compression");
  for (const json& entry : Child(raw, "extensions")) {
    if (Child(entry, "name") == kExecExtension) {
      cluster.exec_extension = api::DumpJson(Child(entry, "extension"));
    }
  }
  return cluster;
}

ExecConfig ReadExec(const FieldReader& reader, absl::string_view folder) {
  ExecConfig exec;
  exec.command = reader.String("command");
  // What has no slash is looked for in $PATH.
  if (absl::StrContains(exec.command, '/')) {
    exec.command = ResolvePath(exec.command, folder);
  }
  exec.args = reader.Strings("args");
  for (const FieldReader& variable : reader.Objects("env")) {
    exec.env.emplace_back(variable.String("name"), variable.String("value"));
  }
  exec.api_version = reader.String("apiVersion");
  exec.install_hint = WithoutControls(reader.String("installHint"));
  exec.provide_cluster_info = reader.Bool("provideClusterInfo");
  exec.interactive_mode = reader.String("interactiveMode");
  // Versions that are older than the field have a default.
  if (exec.interactive_mode.empty() &&
      exec.api_version != "client.authentication.k8s.io/v1") {
    exec.interactive_mode = "IfAvailable";
  }
  return exec;
}

KubeAuthInfo ReadUser(const FieldReader& reader, const json& raw,
                      absl::string_view folder, absl::Status* error) {
  KubeAuthInfo user;
  user.client_certificate =
      ResolvePath(reader.String("client-certificate"), folder);
  user.client_certificate_data = Data(reader, "client-certificate-data", error);
  user.client_key = ResolvePath(reader.String("client-key"), folder);
  user.client_key_data = Data(reader, "client-key-data", error);
  user.token = reader.String("token");
  user.token_file = ResolvePath(reader.String("tokenFile"), folder);
  user.username = reader.String("username");
  user.password = reader.String("password");
  user.impersonate = reader.String("as");
  user.impersonate_groups = reader.Strings("as-groups");
  user.impersonate_uid = reader.String("as-uid");
  const json& extra = Child(raw, "as-user-extra");
  if (extra.is_object()) {
    const FieldReader values = reader.Object("as-user-extra");
    for (const auto& [key, value] : extra.items()) {
      user.impersonate_user_extra[key] = values.Strings(key.c_str());
    }
  }
  if (reader.Has("exec")) user.exec = ReadExec(reader.Object("exec"), folder);
  if (reader.Has("auth-provider")) {
    user.auth_provider = reader.Object("auth-provider").String("name");
    if (user.auth_provider.empty()) user.auth_provider = "?";
  }
  return user;
}

// Adds what `from` has and `into` lacks.
void Merge(Kubeconfig from, std::string path, Kubeconfig* into) {
  into->clusters.merge(from.clusters);
  into->users.merge(from.users);
  into->contexts.merge(from.contexts);
  if (into->current_context.empty()) {
    into->current_context = std::move(from.current_context);
  }
  into->loaded.push_back(std::move(path));
}

absl::Status LoadError(const std::string& path, const absl::Status& why) {
  return absl::Status(why.code(), absl::StrCat("error loading config file \"",
                                               path, "\": ", why.message()));
}

absl::StatusOr<Kubeconfig> ParseFile(const std::string& path,
                                     const std::string& text) {
  std::error_code ec;
  const std::filesystem::path absolute = std::filesystem::absolute(path, ec);
  absl::StatusOr<Kubeconfig> kubeconfig =
      ParseKubeconfig(text, absolute.parent_path().string());
  if (!kubeconfig.ok()) return LoadError(path, kubeconfig.status());
  return kubeconfig;
}

// Adds the entry, unless its name stands for another already.
template <typename T>
void AddNamed(const std::string& name, T entry, const char* type,
              const char* api_type, std::map<std::string, T>* map,
              absl::Status* error) {
  const bool added = map->emplace(name, std::move(entry)).second;
  if (added || !error->ok()) return;
  *error = absl::InvalidArgumentError(
      absl::StrCat("error converting *[]", type, " into *map[string]*api.",
                   api_type, ": duplicate name \"", name, "\" in list"));
}

// The files of $KUBECONFIG, each once; else ~/.kube/config.
std::vector<std::string> DefaultPaths(bool* from_variable) {
  std::vector<std::string> paths;
  const char* list = std::getenv("KUBECONFIG");
  *from_variable = list != nullptr && *list != '\0';
  if (*from_variable) {
    for (absl::string_view path : absl::StrSplit(list, ':')) {
      if (!path.empty() &&
          std::find(paths.begin(), paths.end(), path) == paths.end()) {
        paths.emplace_back(path);
      }
    }
  } else if (const char* home = std::getenv("HOME"); home != nullptr) {
    paths.push_back(absl::StrCat(home, "/.kube/config"));
  }
  return paths;
}

}  // namespace

absl::StatusOr<Kubeconfig> ParseKubeconfig(absl::string_view text,
                                           absl::string_view folder) {
  absl::StatusOr<std::string> as_json = api::YamlToJson(text);
  if (!as_json.ok()) return as_json.status();
  absl::StatusOr<json> value = api::ParseJson(*as_json);
  if (!value.ok()) return value.status();
  absl::Status error;
  const FieldReader document(*value, "", &error);
  FAIRWAY_RETURN_IF_ERROR(CheckKind(document));
  Kubeconfig kubeconfig;
  size_t index = 0;
  for (const FieldReader& entry : document.Objects("clusters")) {
    const json& raw = Child((*value)["clusters"][index++], "cluster");
    AddNamed(entry.String("name"),
             ReadCluster(entry.Object("cluster"), raw, folder, &error),
             "NamedCluster", "Cluster", &kubeconfig.clusters, &error);
  }
  index = 0;
  for (const FieldReader& entry : document.Objects("users")) {
    const json& raw = Child((*value)["users"][index++], "user");
    AddNamed(entry.String("name"),
             ReadUser(entry.Object("user"), raw, folder, &error),
             "NamedAuthInfo", "AuthInfo", &kubeconfig.users, &error);
  }
  for (const FieldReader& entry : document.Objects("contexts")) {
    const FieldReader context = entry.Object("context");
    AddNamed(entry.String("name"),
             KubeContext{context.String("cluster"), context.String("user"),
                         context.String("namespace")},
             "NamedContext", "Context", &kubeconfig.contexts, &error);
  }
  kubeconfig.current_context = document.String("current-context");
  if (!error.ok()) return error;
  return kubeconfig;
}

absl::StatusOr<Kubeconfig> LoadKubeconfig(absl::string_view explicit_path) {
  bool from_variable = false;
  std::vector<std::string> paths;
  if (!explicit_path.empty()) {
    paths.emplace_back(explicit_path);
    struct stat info {};
    if (stat(paths[0].c_str(), &info) != 0 && errno == ENOENT) {
      return FromErrno(errno, absl::StrCat("stat ", paths[0]));
    }
  } else {
    paths = DefaultPaths(&from_variable);
  }
  Kubeconfig merged;
  std::vector<std::string> missing;
  std::vector<absl::Status> errors;
  for (const std::string& path : paths) {
    absl::StatusOr<std::string> text = ReadFile(path);
    if (absl::IsNotFound(text.status())) {
      missing.push_back(path);
      continue;
    }
    absl::StatusOr<Kubeconfig> kubeconfig =
        text.ok() ? ParseFile(path, *text) : LoadError(path, text.status());
    if (kubeconfig.ok()) {
      Merge(*std::move(kubeconfig), path, &merged);
    } else {
      errors.push_back(kubeconfig.status());
    }
  }
  FAIRWAY_RETURN_IF_ERROR(Aggregate(errors));
  if (from_variable && merged.loaded.empty()) {
    merged.missing = std::move(missing);
  }
  return merged;
}

std::string ResolvePath(absl::string_view path, absl::string_view folder) {
  if (path.empty() || path[0] == '/' || folder.empty()) {
    return std::string(path);
  }
  const std::filesystem::path joined =
      std::filesystem::path(std::string(folder)) / std::string(path);
  return joined.lexically_normal().string();
}

}  // namespace fairway::rest
