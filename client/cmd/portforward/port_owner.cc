// SPDX-License-Identifier: Apache-2.0
#include "client/cmd/portforward/port_owner.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <set>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace fairway::cmd {
namespace {

constexpr absl::string_view kListen = "0A";  // TCP_LISTEN
// Of a line of /proc/net/tcp: "sl local remote st tx:rx tr:when retrnsmt uid
// timeout inode ...".
constexpr size_t kLocal = 1;
constexpr size_t kState = 3;
constexpr size_t kInode = 9;

// What links to the listening sockets of `port` look like: "socket:[4711]".
void AddSockets(const char* table, uint16_t port,
                std::set<std::string>* sockets) {
  std::ifstream in(table);
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string> fields =
        absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (fields.size() <= kInode || fields[kState] != kListen) continue;
    const std::string& local = fields[kLocal];
    const size_t colon = local.rfind(':');
    int number = 0;
    if (colon == std::string::npos ||
        !absl::SimpleHexAtoi(local.substr(colon + 1), &number) ||
        number != port) {
      continue;
    }
    sockets->insert(absl::StrCat("socket:[", fields[kInode], "]"));
  }
}

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

Folder Open(const std::string& path) {
  return {opendir(path.c_str()), closedir};
}

bool HoldsOneOf(const std::string& process,
                const std::set<std::string>& sockets, int* budget) {
  const std::string path = absl::StrCat(process, "/fd");
  Folder folder = Open(path);
  if (folder == nullptr) return false;
  while (const dirent* entry = readdir(folder.get())) {
    if (--*budget < 0) return false;
    char target[64];
    const ssize_t size = readlink(
        absl::StrCat(path, "/", entry->d_name).c_str(), target, sizeof(target));
    if (size > 0 && sockets.count(std::string(target, size)) > 0) return true;
  }
  return false;
}

// The name, as a terminal may show it.
std::string CommandOf(const std::string& process) {
  std::ifstream in(absl::StrCat(process, "/comm"));
  std::string name;
  std::getline(in, name);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

}  // namespace

absl::optional<PortOwner> FindPortOwner(uint16_t port) {
  std::set<std::string> sockets;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    AddSockets(table, port, &sockets);
  }
  Folder proc = Open("/proc");
  if (sockets.empty() || proc == nullptr) return absl::nullopt;
  int budget = kMaxDescriptors;
  while (const dirent* entry = readdir(proc.get())) {
    PortOwner owner;
    if (!absl::SimpleAtoi(entry->d_name, &owner.pid)) continue;
    const std::string process = absl::StrCat("/proc/", entry->d_name);
    if (!HoldsOneOf(process, sockets, &budget)) continue;
    owner.command = CommandOf(process);
    return owner;
  }
  return absl::nullopt;
}

}  // namespace fairway::cmd
