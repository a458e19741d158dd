// SPDX-License-Identifier: Apache-2.0
#include "runtime/dockershim/testing/docker_daemon.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/file/read_file.h"
#include "base/status/co_status.h"
#include "base/task/asio_status.h"
#include "base/task/deadline.h"

namespace fairway::runtime::dockershim {

namespace fs = std::filesystem;

namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(40);
constexpr absl::Duration kStopTimeout = absl::Seconds(30);
constexpr char kPath[] =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr size_t kTarBlock = 512;

std::string Tail(const std::string& text) {
  constexpr size_t kTailBytes = 2000;
  return text.substr(text.size() - std::min(text.size(), kTailBytes));
}

// What was mounted below `directory`, the deepest first.
void UnmountBelow(const std::string& directory) {
  std::ifstream mounts("/proc/self/mounts");
  std::vector<std::string> points;
  for (std::string device, point, rest;
       mounts >> device >> point && std::getline(mounts, rest);) {
    if (absl::StartsWith(point, directory + "/")) points.push_back(point);
  }
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    umount2(point->c_str(), MNT_DETACH);
  }
}

SubprocessOptions DaemonOptions(const std::string& program,
                                const std::string& directory) {
  SubprocessOptions options;
  options.path = program;
  options.argv = {"dockerd",
                  "--data-root=" + directory + "/d",
                  "--exec-root=" + directory + "/x",
                  "--host=unix://" + directory + "/s",
                  "--pidfile=" + directory + "/p",
                  "--bridge=none",
                  "--iptables=false",
                  "--ip6tables=false",
                  "--storage-driver=vfs"};
  options.env = {absl::StrCat("PATH=", kPath), "HOME=" + directory};
  return options;
}

}  // namespace

Task<absl::StatusOr<std::unique_ptr<DockerDaemon>>> DockerDaemon::Start() {
  Executor executor = co_await kThisExecutor;
  absl::StatusOr<std::string> program = LookPath("dockerd", kPath);
  if (!program.ok()) co_return program.status();
  char name[] = "/tmp/fwdk.XXXXXX";
  if (mkdtemp(name) == nullptr) co_return FromErrno(errno, "mkdtemp");
  std::string directory = name;
  const std::string log = directory + "/log";
  const int log_fd =
      open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) co_return FromErrno(errno, log);
  SubprocessOptions options = DaemonOptions(*program, directory);
  options.stdout_fd = log_fd;
  options.stderr_fd = log_fd;
  auto process = Subprocess::Start(executor, options);
  close(log_fd);
  if (!process.ok()) co_return process.status();
  auto client = libdocker::ConnectToDocker(executor, directory + "/s");
  if (!client.ok()) co_return client.status();
  std::unique_ptr<DockerDaemon> daemon(new DockerDaemon(
      std::move(directory), *std::move(process), *std::move(client)));
  DockerDaemon* started = daemon.get();
  std::function<Task<absl::Status>()> answer =
      [started]() -> Task<absl::Status> { return started->AwaitAnswer(); };
  std::string what = "dockerd";
  absl::Status answered =
      co_await WithDeadline(kStartTimeout, std::move(what), std::move(answer));
  if (answered.ok()) co_return daemon;
  const std::string why = Tail(ReadFile(log).value_or(""));
  absl::Status stopped = co_await daemon->Stop();
  co_return absl::Status(answered.code(),
                         absl::StrCat(answered.message(), "\n", why));
}

DockerDaemon::DockerDaemon(std::string directory,
                           std::unique_ptr<Subprocess> process,
                           std::unique_ptr<libdocker::Client> client)
    : directory_(std::move(directory)),
      process_(std::move(process)),
      client_(std::move(client)) {}

Task<absl::Status> DockerDaemon::AwaitAnswer() {
  for (;;) {
    if (const ExitState* ended = process_->exit_state()) {
      co_return absl::UnavailableError(
          absl::StrCat("dockerd: ", ended->ToString()));
    }
    absl::StatusOr<libdocker::EngineVersion> version =
        co_await client_->Version();
    if (version.ok()) co_return absl::OkStatus();
    absl::Status slept = co_await Sleep(absl::Milliseconds(50));
    FAIRWAY_CO_RETURN_IF_ERROR(slept);
  }
}

Task<absl::Status> DockerDaemon::Stop() {
  libdocker::ContainerFilter all;
  absl::StatusOr<std::vector<libdocker::Container>> containers =
      co_await client_->ListContainers(std::move(all));
  if (containers.ok()) {
    for (const libdocker::Container& container : *containers) {
      absl::Status removed = co_await client_->RemoveContainer(container.id);
      if (!removed.ok()) fprintf(stderr, "%s\n", removed.ToString().c_str());
    }
  }
  process_->SignalGroup(SIGTERM);
  Subprocess* process = process_.get();
  std::function<Task<absl::Status>()> wait = [process]() -> Task<absl::Status> {
    absl::StatusOr<ExitState> ended = co_await process->Wait();
    co_return ended.status();
  };
  std::string what = "end of dockerd";
  absl::Status ended =
      co_await WithDeadline(kStopTimeout, std::move(what), std::move(wait));
  process_->SignalGroup(SIGKILL);
  absl::StatusOr<ExitState> reaped = co_await process_->WaitThoughCancelled();
  ended.Update(reaped.status());
  UnmountBelow(directory_);
  std::error_code ec;
  fs::remove_all(directory_, ec);
  ended.Update(FromErrno(ec.value(), absl::StrCat("remove ", directory_)));
  co_return ended;
}

Task<absl::Status> DockerDaemon::MakeImage(std::string reference,
                                           std::string program) {
  absl::StatusOr<std::string> contents = ReadFile(program);
  if (!contents.ok()) co_return contents.status();
  std::string tar = TarOf("program", *contents);
  std::vector<std::string> changes;
  changes.emplace_back("ENTRYPOINT [\"/program\"]");
  absl::Status made = co_await client_->ImportImage(
      std::move(reference), std::move(tar), std::move(changes));
  co_return made;
}

std::string TarOf(absl::string_view name, absl::string_view contents) {
  std::string header(kTarBlock, '\0');
  auto put = [&header](size_t offset, absl::string_view text) {
    header.replace(offset, text.size(), std::string(text));
  };
  auto octal = [](size_t digits, uint64_t value) {
    char text[32];
    snprintf(text, sizeof(text), "%0*llo", static_cast<int>(digits),
             static_cast<unsigned long long>(value));
    return std::string(text);
  };
  put(0, name);
  put(100, octal(7, 0755));
  put(108, octal(7, 0));
  put(116, octal(7, 0));
  put(124, octal(11, contents.size()));
  put(136, octal(11, 0));
  put(148, "        ");  // the checksum, which counts as spaces
  put(156, "0");         // a plain file
  put(257, "ustar");
  put(263, "00");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, octal(6, sum));
  header[154] = '\0';
  std::string tar = absl::StrCat(header, contents);
  // To a whole block, and two empty ones for the end.
  tar.resize((tar.size() + kTarBlock - 1) / kTarBlock * kTarBlock +
             2 * kTarBlock);
  return tar;
}

}  // namespace fairway::runtime::dockershim
