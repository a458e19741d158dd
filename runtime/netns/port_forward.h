// SPDX-License-Identifier: Apache-2.0
// What a runtime does with one forwarded connection once it knows the pod's
// network namespace. Both ways count the dial in
// runtime_port_forward_dials_total{dial} and a failed one in
// runtime_port_forward_dial_failures_total{dial} ("netns", "socat").
#ifndef RUNTIME_NETNS_PORT_FORWARD_H_
#define RUNTIME_NETNS_PORT_FORWARD_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "base/task/task.h"
#include "net/io/byte_stream.h"
#include "runtime/netns/pod_netns.h"

namespace fairway::runtime::netns {

// Dials `port` in `netns` and moves bytes between it and `stream` until both
// directions have ended; each FIN is passed on. `netns` and `stream` must
// outlive the Task; `stream` is aborted on an error after the dial.
// Errors: of PodNetns::DialInPod; kAborted for all that goes wrong later.
Task<absl::Status> ForwardByNetns(PodNetns& netns, std::string name,
                                  uint16_t port, net::ByteStream& stream);

// Instead of a pid: the pod is on this process's network, so there is nothing
// to enter, and no nsenter.
inline constexpr pid_t kOwnNamespace = 0;

// Mirrors: pkg/kubelet/dockershim/docker_streaming_others.go (v1.20.2)
// The same by `nsenter -t PID -n socat ... TCP4:localhost:PORT`. The process
// dies with the connection, and with this process.
// Differs: socat is told to wait for either direction as long as it takes, to
// end its output with the pod's, and to warn of a reset; upstream's `socat -`
// cuts off what comes more than half a second after one direction's end, and
// shows a reset as a FIN.
// Errors: "unable to do port forwarding: socat not found" (or nsenter);
// "exit status 1: STDERR" if the dial failed; kAborted for all that goes wrong
// later.
Task<absl::Status> ForwardBySocat(pid_t pid, uint16_t port,
                                  net::ByteStream& stream);

}  // namespace fairway::runtime::netns

#endif  // RUNTIME_NETNS_PORT_FORWARD_H_
