// SPDX-License-Identifier: Apache-2.0
// Mirrors: github.com/docker/docker/api/types
// What of the Docker Engine API's objects a CRI runtime needs.
#ifndef RUNTIME_DOCKERSHIM_LIBDOCKER_TYPES_H_
#define RUNTIME_DOCKERSHIM_LIBDOCKER_TYPES_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fairway::runtime::dockershim::libdocker {

using StringMap = std::map<std::string, std::string>;

struct EngineVersion {
  std::string version;      // "20.10.24+dfsg1"
  std::string api_version;  // "1.41", the highest it speaks
};

// An element of a list.
struct Container {
  std::string id;
  std::vector<std::string> names;  // "/k8s_POD_..."
  std::string image;
  std::string image_id;
  std::string state;  // "created", "running", "exited", ...
  int64_t created_seconds = 0;
  StringMap labels;
};

struct MountPoint {
  std::string source;
  std::string destination;
  bool read_write = false;
};

// What inspecting a container gives. Times are RFC 3339; "0001-01-01T00:00:00Z"
// stands for never.
struct ContainerJson {
  std::string id;
  std::string name;
  std::string image_id;
  std::string created;
  std::string log_path;
  struct {
    bool running = false;
    bool oom_killed = false;
    pid_t pid = 0;
    int exit_code = 0;
    std::string error;
    std::string started_at;
    std::string finished_at;
  } state;
  struct {
    std::string image;
    StringMap labels;
  } config;
  std::string network_mode;
  std::string pid_mode;
  std::string ipc_mode;
  std::string ip_address;           // empty without a network
  std::string global_ipv6_address;  // likewise
  std::vector<MountPoint> mounts;
};

struct Image {
  std::string id;  // "sha256:..."
  std::vector<std::string> repo_tags;
  std::vector<std::string> repo_digests;
  uint64_t size = 0;
  std::string user;  // of inspection only
};

struct PortBinding {
  std::string container_port;  // "80/tcp"
  std::string host_ip;
  int host_port = 0;
};

struct ContainerCreateConfig {
  std::string name;
  std::string image;
  std::string hostname;
  std::string user;
  std::string working_dir;
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::vector<std::string> env;  // "NAME=value"
  StringMap labels;
  bool open_stdin = false;
  bool stdin_once = false;
  bool tty = false;
  // Of the host config; what is empty or 0 is left to the engine.
  std::vector<std::string> binds;  // "/host:/container:ro"
  std::vector<std::string> security_opt;
  std::vector<std::string> cap_add;
  std::vector<std::string> cap_drop;
  std::vector<std::string> dns;
  std::vector<std::string> dns_search;
  std::vector<std::string> dns_options;
  std::vector<PortBinding> port_bindings;
  StringMap sysctls;
  std::string cgroup_parent;
  std::string network_mode;
  std::string ipc_mode;
  std::string pid_mode;
  std::string uts_mode;
  bool privileged = false;
  bool readonly_rootfs = false;
  int oom_score_adj = 0;
  int64_t memory_bytes = 0;
  int64_t cpu_shares = 0;
  int64_t cpu_quota = 0;
  int64_t cpu_period = 0;
};

// Which containers to list; all that is set must match.
struct ContainerFilter {
  bool all = true;     // those that do not run, too
  std::string id;      // a beginning
  std::string status;  // "running", "created", "exited"
  StringMap labels;
};

}  // namespace fairway::runtime::dockershim::libdocker

#endif  // RUNTIME_DOCKERSHIM_LIBDOCKER_TYPES_H_
