// SPDX-License-Identifier: Apache-2.0
// Mirrors: k8s.io/kubectl/pkg/cmd/version/version.go (v0.20.2)
#include "client/cmd/version.h"

#include "absl/strings/str_cat.h"
#include "api/json.h"
#include "api/object.h"
#include "base/version/version.h"
#include "client/rest/config.h"

namespace fairway::cmd {
namespace {

using nlohmann::json;

// The fields of version.Info in upstream's order: in Go, in JSON.
struct Field {
  const char* go;
  const char* json;
};
constexpr Field kFields[] = {{"Major", "major"},
                             {"Minor", "minor"},
                             {"GitVersion", "gitVersion"},
                             {"GitCommit", "gitCommit"},
                             {"GitTreeState", "gitTreeState"},
                             {"BuildDate", "buildDate"},
                             {"GoVersion", "goVersion"},
                             {"Compiler", "compiler"},
                             {"Platform", "platform"}};

json ClientInfo() {
  return {{"major", "1"},
          {"minor", "20"},
          {"gitVersion", std::string(kGitVersion)},
          {"gitCommit", ""},
          {"gitTreeState", ""},
          {"buildDate", ""},
          {"goVersion", ""},
          {"compiler", "gcc"},
          {"platform", rest::GoPlatform()}};
}

std::string Text(const json& info, const char* key) {
  absl::Status error;
  return api::FieldReader(info, "", &error).String(key);
}

std::string Line(const char* who, const json& info, bool short_form) {
  if (short_form) {
    return absl::StrCat(who, " Version: ", Text(info, "gitVersion"), "\n");
  }
  std::string fields;
  for (const Field& field : kFields) {
    absl::StrAppend(&fields, fields.empty() ? "" : ", ", field.go, ":\"",
                    Text(info, field.json), "\"");
  }
  return absl::StrCat(who, " Version: version.Info{", fields, "}\n");
}

}  // namespace

Task<absl::Status> RunVersion(Factory* factory, VersionOptions options) {
  if (!options.output.empty() && options.output != "json" &&
      options.output != "yaml") {
    co_return absl::InvalidArgumentError("--output must be 'yaml' or 'json'");
  }
  json versions = {{"clientVersion", ClientInfo()}};
  absl::Status failed;
  if (!options.client_only) {
    absl::StatusOr<rest::RESTClient*> client = factory->RESTClient();
    absl::StatusOr<std::string> text = absl::UnknownError("not asked");
    if (client.ok()) {
      text = co_await (*client)->GetPath("/version");
    } else {
      text = client.status();
    }
    absl::StatusOr<json> server =
        text.ok() ? api::ParseJson(*text) : text.status();
    failed = server.status();
    if (server.ok()) versions["serverVersion"] = *std::move(server);
  }
  std::ostream& out = *factory->streams().out;
  if (options.output == "json") {
    out << versions.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  } else if (options.output == "yaml") {
    absl::StatusOr<std::string> yaml = api::JsonToYaml(api::DumpJson(versions));
    if (yaml.ok()) out << *yaml;
  } else {
    out << Line("Client", versions["clientVersion"], options.short_form);
    auto server = versions.find("serverVersion");
    if (server != versions.end()) {
      out << Line("Server", *server, options.short_form);
    }
  }
  out << std::flush;
  co_return failed;
}

}  // namespace fairway::cmd
