// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/dockershim/libdocker/client.go (v1.20.2): Interface
// A client of the Docker Engine API over its Unix socket.
#ifndef RUNTIME_DOCKERSHIM_LIBDOCKER_CLIENT_H_
#define RUNTIME_DOCKERSHIM_LIBDOCKER_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/task/task.h"
#include "runtime/dockershim/libdocker/types.h"

namespace fairway::runtime::dockershim::libdocker {

// Threads:  on the executor of its making.
// Lifetime: must outlive its calls.
// Cancel:   honoured; the request is dropped.
// Errors:   the engine's words behind "Error response from daemon: ", as the
//           code that its HTTP status means: kNotFound, kAlreadyExists (409),
//           kInvalidArgument, kInternal; kUnavailable when it cannot be
//           reached, kDeadlineExceeded when it does not answer.
class Client {
 public:
  virtual ~Client() = default;

  virtual Task<absl::StatusOr<EngineVersion>> Version() = 0;
  // The names of its networks: "bridge", "host", "none".
  virtual Task<absl::StatusOr<std::vector<std::string>>> ListNetworks() = 0;

  virtual Task<absl::StatusOr<std::vector<Container>>> ListContainers(
      ContainerFilter filter) = 0;
  virtual Task<absl::StatusOr<ContainerJson>> InspectContainer(
      std::string id) = 0;
  // The new container's ID.
  virtual Task<absl::StatusOr<std::string>> CreateContainer(
      ContainerCreateConfig config) = 0;
  // OK if it runs already.
  virtual Task<absl::Status> StartContainer(std::string id) = 0;
  // Kills it after `timeout`. OK if it has ended already.
  virtual Task<absl::Status> StopContainer(std::string id,
                                           absl::Duration timeout) = 0;
  // With its volumes, and though it runs.
  virtual Task<absl::Status> RemoveContainer(std::string id) = 0;

  // All, or those that `reference` names if it is not empty.
  virtual Task<absl::StatusOr<std::vector<Image>>> ListImages(
      std::string reference) = 0;
  // By name, ID or digest.
  virtual Task<absl::StatusOr<Image>> InspectImage(std::string reference) = 0;
  // Errors of the pull itself are kInternal.
  virtual Task<absl::Status> PullImage(std::string reference) = 0;
  virtual Task<absl::Status> RemoveImage(std::string reference) = 0;
  // Makes the image `reference` of a root filesystem; `changes` are lines of a
  // Dockerfile ("ENTRYPOINT [\"/x\"]").
  virtual Task<absl::Status> ImportImage(std::string reference, std::string tar,
                                         std::vector<std::string> changes) = 0;
};

// `endpoint` is "unix:///path" or a path. Which version of the API is spoken is
// agreed at the first call: the engine's, at most 1.41.
// Errors: kInvalidArgument for another kind of endpoint.
absl::StatusOr<std::unique_ptr<Client>> ConnectToDocker(
    Executor executor, absl::string_view endpoint);

}  // namespace fairway::runtime::dockershim::libdocker

#endif  // RUNTIME_DOCKERSHIM_LIBDOCKER_CLIENT_H_
