// SPDX-License-Identifier: Apache-2.0
#include "runtime/process/leftovers.h"

#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/process/subprocess.h"
#include "base/task/asio_status.h"

namespace fairway::runtime::process {

namespace fs = std::filesystem;

namespace {

struct Entry {
  std::string boot_id;
  pid_t pid = 0;
  uint64_t start_time = 0;
};

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id;
}

std::optional<Entry> ReadEntry(const fs::path& path) {
  std::ifstream file(path);
  Entry entry;
  if (!(file >> entry.boot_id >> entry.pid >> entry.start_time) ||
      entry.pid <= 1) {
    return std::nullopt;
  }
  return entry;
}

// Kills the session that `entry`'s process led. A session keeps its number as
// long as somebody is in it, so a leader of another start time means that the
// session has ended and its number was given again.
int KillSession(const Entry& entry) {
  const std::optional<uint64_t> leader = ProcessStartTime(entry.pid);
  if (leader.has_value() && *leader != entry.start_time) return 0;
  int killed = 0;
  std::error_code ec;
  for (const fs::directory_entry& process :
       fs::directory_iterator("/proc", ec)) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(process.path().filename().string(), &pid) ||
        getsid(pid) != entry.pid) {
      continue;
    }
    const std::optional<uint64_t> started = ProcessStartTime(pid);
    if (!started.has_value() || *started < entry.start_time) continue;
    if (kill(pid, SIGKILL) == 0) ++killed;
  }
  return killed;
}

}  // namespace

absl::Status Leftovers::Open() {
  std::error_code ec;
  fs::create_directories(directory_, ec);
  return FromErrno(ec.value(), absl::StrCat("mkdir ", directory_));
}

absl::Status Leftovers::Record(absl::string_view container_id, pid_t pid) {
  const std::optional<uint64_t> started = ProcessStartTime(pid);
  // One that has already ended leaves nothing.
  if (!started.has_value()) return absl::OkStatus();
  const std::string path = PathOf(container_id);
  std::ofstream file(path);
  file << BootId() << " " << pid << " " << *started << "\n";
  file.close();
  if (!file) return absl::InternalError(absl::StrCat("write ", path));
  return absl::OkStatus();
}

void Leftovers::Forget(absl::string_view container_id) {
  std::error_code ignored;
  fs::remove(PathOf(container_id), ignored);
}

int Leftovers::KillAll() {
  const std::string boot_id = BootId();
  int killed = 0;
  std::error_code ec;
  for (const fs::directory_entry& file :
       fs::directory_iterator(directory_, ec)) {
    const std::optional<Entry> entry = ReadEntry(file.path());
    if (entry.has_value() && entry->boot_id == boot_id) {
      killed += KillSession(*entry);
    }
    std::error_code ignored;
    fs::remove(file.path(), ignored);
  }
  return killed;
}

std::string Leftovers::PathOf(absl::string_view container_id) const {
  return absl::StrCat(directory_, "/", container_id);
}

}  // namespace fairway::runtime::process
