// SPDX-License-Identifier: Apache-2.0
// A Docker engine of a test's own: under a folder of its own, with no network
// but the containers' own, and no registry.
#ifndef RUNTIME_DOCKERSHIM_TESTING_DOCKER_DAEMON_H_
#define RUNTIME_DOCKERSHIM_TESTING_DOCKER_DAEMON_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/process/subprocess.h"
#include "base/task/task.h"
#include "runtime/dockershim/libdocker/client.h"

namespace fairway::runtime::dockershim {

// Threads:  on the executor that it was started on.
// Lifetime: Stop() before it dies; else it is killed, and may leave mounts.
class DockerDaemon {
 public:
  // Returns when it answers. Needs root.
  // Errors: kNotFound if there is no dockerd; kDeadlineExceeded or kUnavailable
  // with the end of its log.
  static Task<absl::StatusOr<std::unique_ptr<DockerDaemon>>> Start();

  // Removes all containers, ends the engine and removes its folder.
  Task<absl::Status> Stop();

  // "unix:///tmp/.../s"
  std::string endpoint() const { return "unix://" + directory_ + "/s"; }
  const std::string& directory() const { return directory_; }
  libdocker::Client& client() { return *client_; }

  // An image of one static program, which is its entrypoint.
  Task<absl::Status> MakeImage(std::string reference, std::string program);

 private:
  DockerDaemon(std::string directory, std::unique_ptr<Subprocess> process,
               std::unique_ptr<libdocker::Client> client);
  Task<absl::Status> AwaitAnswer();

  const std::string directory_;
  std::unique_ptr<Subprocess> process_;
  std::unique_ptr<libdocker::Client> client_;
};

// A tar archive of one executable file.
std::string TarOf(absl::string_view name, absl::string_view contents);

}  // namespace fairway::runtime::dockershim

#endif  // RUNTIME_DOCKERSHIM_TESTING_DOCKER_DAEMON_H_
