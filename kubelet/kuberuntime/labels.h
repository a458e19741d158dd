// SPDX-License-Identifier: Apache-2.0
// Mirrors: pkg/kubelet/types/labels.go, pkg/kubelet/kuberuntime/labels.go
// (v1.20.2)
// How sandboxes and containers are marked as a pod's.
#ifndef KUBELET_KUBERUNTIME_LABELS_H_
#define KUBELET_KUBERUNTIME_LABELS_H_

namespace fairway::kubelet::kuberuntime {

inline constexpr char kPodNameLabel[] = "io.kubernetes.pod.name";
inline constexpr char kPodNamespaceLabel[] = "io.kubernetes.pod.namespace";
inline constexpr char kPodUidLabel[] = "io.kubernetes.pod.uid";
inline constexpr char kContainerNameLabel[] = "io.kubernetes.container.name";

inline constexpr char kContainerRestartCountAnnotation[] =
    "io.kubernetes.container.restartCount";
inline constexpr char kPodTerminationGracePeriodAnnotation[] =
    "io.kubernetes.pod.terminationGracePeriod";

}  // namespace fairway::kubelet::kuberuntime

#endif  // KUBELET_KUBERUNTIME_LABELS_H_
