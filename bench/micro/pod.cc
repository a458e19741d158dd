// SPDX-License-Identifier: Apache-2.0
#include "bench/micro/pod.h"

namespace fairway::bench::micro {

std::string PodJson() {
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"annotations":{
"example.com/owner":"team-a","example.com/checksum":"5f3c1d8a9b7e"},
"creationTimestamp":"2024-05-01T10:00:00Z","generateName":"web-6d4b75cb6d-",
"labels":{"app":"web","pod-template-hash":"6d4b75cb6d","tier":"frontend"},
"name":"web-6d4b75cb6d-hx7kp","namespace":"default","ownerReferences":[{
"apiVersion":"apps/v1","blockOwnerDeletion":true,"controller":true,
"kind":"ReplicaSet","name":"web-6d4b75cb6d",
"uid":"0c7f6f0e-53b8-4a3c-9d1e-4a2f6f3f8f11"}],
"uid":"b1946ac9-2492-4d23-9c2f-6235b4d2611a"},"spec":{"containers":[{
"args":["--port=8080","--log-level=info"],"env":[{"name":"MODE",
"value":"production"},{"name":"POD_NAME","valueFrom":{"fieldRef":{
"apiVersion":"v1","fieldPath":"metadata.name"}}}],
"image":"registry.example.com/web:1.4.2","imagePullPolicy":"IfNotPresent",
"livenessProbe":{"failureThreshold":3,"httpGet":{"path":"/healthz","port":8080,
"scheme":"HTTP"},"periodSeconds":10,"successThreshold":1,"timeoutSeconds":1},
"name":"web","ports":[{"containerPort":8080,"name":"http","protocol":"TCP"}],
"resources":{"limits":{"cpu":"500m","memory":"256Mi"},"requests":{"cpu":"100m",
"memory":"128Mi"}},"terminationMessagePath":"/dev/termination-log",
"terminationMessagePolicy":"File","volumeMounts":[{"mountPath":
"/var/run/secrets/kubernetes.io/serviceaccount","name":"default-token-4x8pl",
"readOnly":true}]}],"dnsPolicy":"ClusterFirst","enableServiceLinks":true,
"nodeName":"node-1","priority":0,"restartPolicy":"Always",
"schedulerName":"default-scheduler","securityContext":{},
"serviceAccountName":"default","terminationGracePeriodSeconds":30,
"tolerations":[{"effect":"NoExecute","key":"node.kubernetes.io/not-ready",
"operator":"Exists","tolerationSeconds":300}],"volumes":[{"name":
"default-token-4x8pl","secret":{"defaultMode":420,
"secretName":"default-token-4x8pl"}}]},"status":{"conditions":[{
"lastTransitionTime":"2024-05-01T10:00:00Z","status":"True",
"type":"Initialized"},{"lastTransitionTime":"2024-05-01T10:00:03Z",
"status":"True","type":"Ready"},{"lastTransitionTime":"2024-05-01T10:00:03Z",
"status":"True","type":"ContainersReady"},{
"lastTransitionTime":"2024-05-01T10:00:00Z","status":"True",
"type":"PodScheduled"}],"containerStatuses":[{
"containerID":"docker://7d9e0b0c2f4a","image":"registry.example.com/web:1.4.2",
"lastState":{},"name":"web","ready":true,"restartCount":0,"started":true,
"state":{"running":{"startedAt":"2024-05-01T10:00:02Z"}}}],
"hostIP":"192.0.2.10","phase":"Running","podIP":"10.0.0.5","podIPs":[{
"ip":"10.0.0.5"}],"qosClass":"Burstable",
"startTime":"2024-05-01T10:00:00Z"}})";
}

}  // namespace fairway::bench::micro
