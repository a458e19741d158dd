// SPDX-License-Identifier: Apache-2.0
#include "runtime/process/launch.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/task/asio_status.h"

namespace fairway::runtime::process {
namespace {

constexpr char kDefaultPath[] =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::map<std::string, std::string> Environment(
    const runtimeapi::ContainerConfig& config, const std::string& hostname) {
  std::map<std::string, std::string> environment;
  const char* path = std::getenv("PATH");
  environment["PATH"] = path == nullptr ? kDefaultPath : path;
  const char* home = std::getenv("HOME");
  environment["HOME"] = home == nullptr ? "/" : home;
  environment["HOSTNAME"] = hostname;
  for (const runtimeapi::KeyValue& env : config.envs()) {
    environment[env.key()] = env.value();
  }
  return environment;
}

absl::StatusOr<int> OpenLog(const std::string& log_path) {
  std::error_code ec;
  std::filesystem::create_directories(
      std::filesystem::path(log_path).parent_path(), ec);
  const int fd =
      open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) return FromErrno(errno, absl::StrCat("open ", log_path));
  return fd;
}

}  // namespace

absl::Status ValidateContainer(const runtimeapi::ContainerConfig& config) {
  if (config.command().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "container \"", config.metadata().name(),
        "\": command is needed: the process runtime runs no images"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Subprocess>> Launch(
    Executor executor, const runtimeapi::ContainerConfig& config,
    const std::string& hostname, const std::string& log_path, int netns_fd) {
  const auto environment = Environment(config, hostname);
  SubprocessOptions options;
  absl::StatusOr<std::string> path =
      LookPath(config.command(0), environment.at("PATH"));
  if (!path.ok()) return path.status();
  options.path = *path;
  options.argv.assign(config.command().begin(), config.command().end());
  options.argv.insert(options.argv.end(), config.args().begin(),
                      config.args().end());
  for (const auto& [name, value] : environment) {
    options.env.push_back(absl::StrCat(name, "=", value));
  }
  options.working_directory =
      config.working_dir().empty() ? "/" : config.working_dir();
  options.netns_fd = netns_fd;
  options.new_session = true;
  absl::StatusOr<int> log = OpenLog(log_path);
  if (!log.ok()) return log.status();
  options.stdout_fd = *log;
  options.stderr_fd = *log;
  absl::StatusOr<std::unique_ptr<Subprocess>> child =
      Subprocess::Start(executor, options);
  close(*log);
  return child;
}

}  // namespace fairway::runtime::process
