// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/ports_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/task/asio_status.h"

namespace fairway::cmd {
namespace {

using nlohmann::ordered_json;

ordered_json ToJson(const portforward::LocalEnd& local) {
  ordered_json json;
  if (local.unix_path.empty()) {
    json["localAddress"] = local.address;
    json["localPort"] = local.port;
  } else {
    json["unixPath"] = local.unix_path;
  }
  json["remotePort"] = local.remote_port;
  json["pod"] = local.pod;
  return json;
}

absl::Status WriteAll(int fd, const std::string& text, struct stat* written) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FromErrno(errno, "write");
    done += static_cast<size_t>(n);
  }
  if (fstat(fd, written) != 0) return FromErrno(errno, "stat");
  return absl::OkStatus();
}

}  // namespace

std::string PortsFileText(pid_t pid, absl::Span<const ForwardListeners> all) {
  ordered_json forwards = ordered_json::array();
  for (const ForwardListeners& one : all) {
    ordered_json forward;
    forward["name"] = one.name;
    forward["target"] = one.target;
    forward["namespace"] = one.namespace_;
    forward["listeners"] = ordered_json::array();
    for (const portforward::LocalEnd& local : one.listeners) {
      forward["listeners"].push_back(ToJson(local));
    }
    if (!one.error.empty()) forward["error"] = one.error;
    forwards.push_back(std::move(forward));
  }
  ordered_json file;
  file["pid"] = pid;
  file["forwards"] = std::move(forwards);
  return file.dump(2, ' ', false, ordered_json::error_handler_t::replace) +
         "\n";
}

absl::Status PortsFile::Write(const std::string& text) {
  if (path_.empty()) return absl::OkStatus();
  const std::string draft = absl::StrCat(path_, ".", getpid(), ".tmp");
  const int fd =
      open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
           0644);
  if (fd < 0) return FromErrno(errno, absl::StrCat("open ", draft));
  struct stat written = {};
  absl::Status status = WriteAll(fd, text, &written);
  close(fd);
  if (status.ok() && rename(draft.c_str(), path_.c_str()) != 0) {
    status = FromErrno(errno, absl::StrCat("rename ", draft, " ", path_));
  }
  if (!status.ok()) {
    unlink(draft.c_str());
    return status;
  }
  written_ = true;
  device_ = written.st_dev;
  inode_ = written.st_ino;
  return absl::OkStatus();
}

void PortsFile::Remove() {
  struct stat now = {};
  if (!written_ || lstat(path_.c_str(), &now) != 0) return;
  written_ = false;
  if (now.st_dev == device_ && now.st_ino == inode_) unlink(path_.c_str());
}

}  // namespace fairway::cmd
