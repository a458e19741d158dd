// SPDX-License-Identifier: Apache-2.0
#include "bench/path_beside.h"

#include <pwd.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/path_hops.h"

namespace fairway::bench {
namespace {

using e2e::DataFile;
using e2e::Process;

constexpr e2e::Seconds kStartTimeout(30);

// Programs of ours to end, and a folder of theirs.
class ProgramsPath : public Path {
 public:
  explicit ProgramsPath(std::string name)
      : name_(std::move(name)), folder_(e2e::MakeShortFolder()) {}
  ~ProgramsPath() override {
    // Whatever forked asks to be ended with those it forked.
    for (Program& program : programs_) EndAll(program);
    e2e::RemoveFolder(folder_);
  }

  const std::string& name() const override { return name_; }
  Ports ports() const override { return ports_; }
  std::vector<Hop> hops() const override {
    std::vector<Hop> all;
    for (const Program& program : programs_) {
      const std::vector<Hop> some =
          HopsBelow(program.role, program.process.pid());
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }

  void set_ports(const Ports& ports) { ports_ = ports; }
  const std::string& folder() const { return folder_; }
  std::string log() const { return folder_ + "/log"; }

  Process& Start(const std::string& role, std::vector<std::string> argv) {
    programs_.push_back({role, Process({std::move(argv), {}, log()})});
    return programs_.back().process;
  }

 private:
  struct Program {
    std::string role;
    Process process;
  };

  // A child may have a process group of its own (sshd's have).
  static void EndAll(Program& program) {
    std::vector<Hop> hops;
    try {
      hops = HopsBelow(program.role, program.process.pid());
    } catch (const std::runtime_error&) {
      return;  // it has ended by itself
    }
    for (const Hop& hop : hops) kill(hop.pid, SIGKILL);
    program.process.Wait(e2e::Seconds(5));
  }

  const std::string name_;
  const std::string folder_;
  Ports ports_;
  std::vector<Program> programs_;
};

std::string Loopback(uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

std::vector<uint16_t> QuietPorts(size_t count) {
  std::vector<uint16_t> ports;
  while (ports.size() < count) ports.push_back(QuietPort());
  return ports;
}

// The numbers of the line that a program prints once it is ready.
std::vector<uint16_t> ReadPorts(Process& process, const std::string& log) {
  const std::optional<std::string> line = process.ReadLine(kStartTimeout);
  std::istringstream numbers(line.value_or(""));
  std::vector<uint16_t> ports;
  for (uint16_t port; numbers >> port;) ports.push_back(port);
  if (ports.empty()) {
    throw std::runtime_error("bare_relay did not start: " + e2e::ReadFile(log));
  }
  return ports;
}

void MakeKey(const std::string& path) {
  const e2e::Result made =
      e2e::Run({FindProgram("ssh-keygen", "openssh-client"), "-q", "-t",
                "ed25519", "-N", "", "-f", path},
               kStartTimeout);
  if (made.exit_status != 0) {
    throw std::runtime_error("ssh-keygen: " + made.err);
  }
}

// Who sshd runs as, and whom it lets in. As root it would want a user "sshd"
// and a folder in /run, which only an installed one has.
passwd* SshUser() {
  passwd* user = getuid() == 0 ? getpwnam("daemon") : getpwuid(getuid());
  if (user == nullptr) throw std::runtime_error("sshd: no user to run as");
  return user;
}

// Starts sshd, which reads what lies in `folder`; returns its port.
uint16_t StartSshd(ProgramsPath& path, const std::string& folder) {
  const uint16_t port = QuietPort();
  e2e::WriteFile(folder + "/sshd_config",
                 "ListenAddress 127.0.0.1\nPort " + std::to_string(port) +
                     "\nHostKey " + folder + "/host\nAuthorizedKeysFile " +
                     folder +
                     "/user.pub\nAuthenticationMethods publickey\n"
                     "UsePAM no\nStrictModes no\nPidFile none\n"
                     "LogLevel ERROR\n");
  // It starts itself again, by a path that its user must be able to read.
  std::filesystem::copy_file(DataFile("external/debian_sshd/sshd"),
                             folder + "/sshd");
  std::vector<std::string> argv = {folder + "/sshd", "-D", "-e", "-f",
                                   folder + "/sshd_config"};
  if (getuid() == 0) {
    const passwd* user = SshUser();
    for (const char* name : {"", "/host", "/user.pub", "/sshd_config"}) {
      if (chown((folder + name).c_str(), user->pw_uid, user->pw_gid) != 0) {
        throw std::runtime_error("chown " + folder + name);
      }
    }
    argv.insert(argv.begin(),
                {FindProgram("setpriv", "util-linux"),
                 "--reuid=" + std::to_string(user->pw_uid),
                 "--regid=" + std::to_string(user->pw_gid), "--clear-groups"});
  }
  WaitUntilListens("sshd", path.Start("sshd", argv), {port}, path.log());
  return port;
}

}  // namespace

std::vector<std::string> ServerArguments(const Ports& ports) {
  return {"echo:" + std::to_string(ports.echo),
          "sink:" + std::to_string(ports.sink),
          "give:" + std::to_string(ports.source),
          "deaf:" + std::to_string(ports.deaf)};
}

ServersBeside::ServersBeside() : ports_(PortsOf(QuietPorts(4))) {
  std::vector<std::string> argv = {DataFile("runtime/testing/pod_server"),
                                   "--address=127.0.0.1"};
  for (const std::string& server : ServerArguments(ports_)) {
    argv.push_back(server);
  }
  process_ = Process({argv, {}, ""});
  if (process_.ReadLine(kStartTimeout) != "ready") {
    throw std::runtime_error("pod_server did not start");
  }
}

std::unique_ptr<Path> OpenDirectly(const Ports& servers) {
  auto path = std::make_unique<ProgramsPath>("no forwarder");
  path->set_ports(servers);
  return path;
}

std::unique_ptr<Path> OpenSocat(const Ports& servers) {
  auto path = std::make_unique<ProgramsPath>("socat");
  const std::string program = FindProgram("socat", "socat");
  std::vector<uint16_t> ports;
  for (const uint16_t server : ListOf(servers)) {
    const uint16_t port = QuietPort();
    ports.push_back(port);
    Process& process =
        path->Start("socat", {program, "-t", "60",
                              "TCP4-LISTEN:" + std::to_string(port) +
                                  ",bind=127.0.0.1,fork,reuseaddr,backlog=4096",
                              "TCP4:" + Loopback(server)});
    WaitUntilListens("socat", process, {port}, path->log());
  }
  path->set_ports(PortsOf(ports));
  return path;
}

std::unique_ptr<Path> OpenSsh(const Ports& servers) {
  auto path = std::make_unique<ProgramsPath>("ssh -L");
  const std::string ssh = FindProgram("ssh", "openssh-client");
  const std::string folder = path->folder() + "/sshd";
  std::filesystem::create_directory(folder);
  // Everybody may pass through to that folder, which is sshd's alone.
  std::filesystem::permissions(
      path->folder(),
      std::filesystem::perms::group_exec | std::filesystem::perms::others_exec,
      std::filesystem::perm_options::add);
  MakeKey(folder + "/host");
  MakeKey(path->folder() + "/user");
  std::filesystem::copy_file(path->folder() + "/user.pub",
                             folder + "/user.pub");
  const uint16_t sshd = StartSshd(*path, folder);

  std::vector<std::string> argv = {ssh,
                                   "-F",
                                   "none",
                                   "-N",
                                   "-T",
                                   "-c",
                                   "aes128-gcm@openssh.com",
                                   "-i",
                                   path->folder() + "/user",
                                   "-p",
                                   std::to_string(sshd)};
  for (const char* option :
       {"BatchMode=yes", "ExitOnForwardFailure=yes", "IdentitiesOnly=yes",
        "LogLevel=ERROR", "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null"}) {
    argv.push_back("-o");
    argv.push_back(option);
  }
  std::vector<uint16_t> ports;
  for (const uint16_t server : ListOf(servers)) {
    ports.push_back(QuietPort());
    argv.push_back("-L");
    argv.push_back(Loopback(ports.back()) + ":" + Loopback(server));
  }
  argv.push_back(std::string(SshUser()->pw_name) + "@127.0.0.1");
  WaitUntilListens("ssh", path->Start("ssh", argv), ports, path->log());
  path->set_ports(PortsOf(ports));
  return path;
}

std::unique_ptr<Path> OpenBareRelays(const Ports& servers) {
  auto path = std::make_unique<ProgramsPath>("bare relay chain");
  const std::string program = DataFile("bench/bare_relay");
  struct Relay {
    const char* role;
    const char* in;
    const char* out;
  };
  std::vector<uint16_t> ports = ListOf(servers);
  for (const Relay& relay :
       {Relay{"relay 4", "plain", "plain"}, Relay{"relay 3", "tls", "plain"},
        Relay{"relay 2", "tls", "tls"}, Relay{"relay 1", "plain", "tls"}}) {
    std::vector<std::string> argv = {program, relay.in, relay.out};
    for (const uint16_t port : ports) argv.push_back(std::to_string(port));
    ports = ReadPorts(path->Start(relay.role, argv), path->log());
  }
  path->set_ports(PortsOf(ports));
  return path;
}

}  // namespace fairway::bench
