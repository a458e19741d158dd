// SPDX-License-Identifier: Apache-2.0
#include "bench/path_hops.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace fairway::bench {
namespace {

constexpr e2e::Seconds kStartTimeout(30);

bool IsAlive(pid_t pid) {
  const std::string stat =
      e2e::ReadFile("/proc/" + std::to_string(pid) + "/stat");
  // The state follows the name, which may hold anything.
  const size_t name_end = stat.rfind(") ");
  return name_end != std::string::npos && stat[name_end + 2] != 'Z';
}

bool IsFree(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool free = bind(fd, reinterpret_cast<const sockaddr*>(&address),
                         sizeof(address)) == 0;
  close(fd);
  return free;
}

bool IsListenedAt(uint16_t port) {
  char local[16];
  std::snprintf(local, sizeof(local), "0100007F:%04X", port);
  std::ifstream sockets("/proc/net/tcp");
  for (std::string line; std::getline(sockets, line);) {
    std::istringstream words(line);
    std::string number, address, peer, state;
    words >> number >> address >> peer >> state;
    if (address == local && state == "0A") return true;
  }
  return false;
}

}  // namespace

std::vector<uint16_t> ListOf(const Ports& ports) {
  return {ports.echo, ports.sink, ports.source, ports.deaf};
}

Ports PortsOf(const std::vector<uint16_t>& list) {
  return {list.at(0), list.at(1), list.at(2), list.at(3)};
}

std::vector<Hop> HopsBelow(const std::string& role, pid_t pid) {
  std::vector<Hop> hops = {{role, pid}};
  RequireAlive(hops[0]);
  for (size_t i = 0; i < hops.size(); ++i) {
    for (const pid_t child : e2e::Children(hops[i].pid)) {
      if (IsAlive(child)) hops.push_back({role, child});
    }
  }
  return hops;
}

void RequireAlive(const Hop& hop) {
  if (!IsAlive(hop.pid)) {
    throw std::runtime_error(hop.role + " is gone (process " +
                             std::to_string(hop.pid) + ")");
  }
}

uint16_t QuietPort() {
  constexpr int kFirst = 20000;
  constexpr int kPorts = 10000;
  static int next = getpid() % kPorts;
  for (int i = 0; i < kPorts; ++i) {
    const uint16_t port = static_cast<uint16_t>(kFirst + next++ % kPorts);
    if (IsFree(port)) return port;
  }
  throw std::runtime_error("no port is free");
}

void WaitUntilListens(const std::string& what, e2e::Process& process,
                      const std::vector<uint16_t>& ports,
                      const std::string& log_path) {
  const bool known = e2e::Eventually(kStartTimeout, [&] {
    return process.Wait(e2e::Seconds(0)).has_value() ||
           std::all_of(ports.begin(), ports.end(), IsListenedAt);
  });
  if (!known || process.Wait(e2e::Seconds(0)).has_value()) {
    throw std::runtime_error(what +
                             " did not start: " + e2e::ReadFile(log_path));
  }
}

std::string FindProgram(const std::string& name, const std::string& package) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path == nullptr ? "" : path) +
                             ":/usr/bin:/usr/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = folder + "/" + name;
    if (!folder.empty() && access(file.c_str(), X_OK) == 0) return file;
  }
  throw std::runtime_error(name + " is not installed (Debian: " + package +
                           ")");
}

}  // namespace fairway::bench
