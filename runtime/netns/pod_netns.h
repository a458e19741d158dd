// SPDX-License-Identifier: Apache-2.0
// A pod's network namespace, held by a thread that lives in it and hands
// sockets out: a socket belongs to the namespace that it was made in, whoever
// uses it afterwards. So a connection costs no process; and, since a pod that
// was dialled before has a few sockets made in advance, no turn of that thread.
#ifndef RUNTIME_NETNS_POD_NETNS_H_
#define RUNTIME_NETNS_POD_NETNS_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/task/task.h"
#include "net/socket/socket.h"

namespace fairway::runtime::netns {

// Sockets of a family that a pod has in advance once it was dialled by that:
// more or less what comes at a time. They are filled up when half are left.
inline constexpr size_t kSocketsInAdvance = 16;

// Threads:  on the executor that it was made on; the thread inside is its own.
// Lifetime: no call may be under way when it dies. The namespace goes with the
//           last process and socket in it.
class PodNetns {
 public:
  // Makes a namespace whose loopback is up, and gives the loopback `address`
  // (IPv4) beside its own unless that is empty.
  // Errors: kPermissionDenied where the process may not make namespaces.
  static Task<absl::StatusOr<std::unique_ptr<PodNetns>>> Create(
      std::string address);
  // Enters the namespace of the running process `pid`.
  // Errors: kNotFound when there is no such process; kPermissionDenied.
  static Task<absl::StatusOr<std::unique_ptr<PodNetns>>> Join(pid_t pid);
  // That of this process, for pods that share it.
  static Task<absl::StatusOr<std::unique_ptr<PodNetns>>> Own();

  virtual ~PodNetns() = default;

  // Connects to the pod's port as a process in it would: to 127.0.0.1, and to
  // ::1 if that fails. The socket lives on the caller's executor.
  // Errors: kUnavailable: "failed to connect to localhost:80 inside namespace
  // \"NAME\": IPv4: dial tcp4 127.0.0.1:80: connect: connection refused IPv6:
  // dial tcp6 [::1]:80: connect: connection refused"; kAborted where the pod
  // took the connection and reset it at once; kResourceExhausted when
  // descriptors ran out; kCancelled.
  virtual Task<absl::StatusOr<std::unique_ptr<net::Socket>>> DialInPod(
      std::string name, uint16_t port) = 0;

  // For setns(2); valid as long as this is.
  virtual int fd() const = 0;
  // A process or thread that is in the namespace, for `nsenter -t`.
  virtual pid_t holder() const = 0;
};

}  // namespace fairway::runtime::netns

#endif  // RUNTIME_NETNS_POD_NETNS_H_
