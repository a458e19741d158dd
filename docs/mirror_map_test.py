#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds docs/mirror_map.md to the specification and to the code.

Fails when a function that the walkthrough of port-forward shows has no row, or
when a row names a file or a function of ours that does not exist.
"""

import os
import re
import sys
import unittest

# The functions that the walkthrough shows, in its order, as the map's first
# column names them: "upstream file: function".
SHOWN = """
pkg/kubectl/cmd/cmd.go: NewKubectlCommand
kubectl/pkg/cmd/portforward/portforward.go: NewCmdPortForward
kubectl/pkg/cmd/portforward/portforward.go: PortForwardOptions.RunPortForward
kubectl/pkg/cmd/portforward/portforward.go: defaultPortForwarder.ForwardPorts
client-go/tools/portforward/portforward.go: NewOnAddresses
client-go/tools/portforward/portforward.go: PortForwarder.ForwardPorts
client-go/tools/portforward/portforward.go: PortForwarder.forward
client-go/transport/spdy/spdy.go: RoundTripperFor
client-go/transport/spdy/spdy.go: NewDialer
client-go/transport/spdy/spdy.go: dialer.Dial
client-go/transport/spdy/spdy.go: Negotiate
apimachinery/pkg/util/httpstream/spdy/roundtripper.go: NewRoundTripperWithProxy
apimachinery/pkg/util/httpstream/spdy/roundtripper.go: SpdyRoundTripper.RoundTrip
apimachinery/pkg/util/httpstream/spdy/roundtripper.go: SpdyRoundTripper.Dial
apimachinery/pkg/util/httpstream/spdy/roundtripper.go: SpdyRoundTripper.dial
client-go/rest/transport.go: HTTPWrappersForConfig
client-go/transport/round_trippers.go: HTTPWrappersForConfig
pkg/registry/core/rest/storage_core.go: LegacyRESTStorageProvider.NewLegacyRESTStorage
pkg/registry/core/pod/rest/subresources.go: PortForwardREST.Connect
pkg/registry/core/pod/rest/subresources.go: newThrottledUpgradeAwareProxyHandler
pkg/registry/core/pod/strategy.go: PortForwardLocation
apiserver/pkg/endpoints/installer.go: APIInstaller.registerResourceHandlers
apiserver/pkg/endpoints/installer.go: restfulConnectResource
apiserver/pkg/endpoints/handlers/rest.go: ConnectResource
pkg/kubelet/server/server.go: Server.getPortForward
pkg/kubelet/server/server.go: proxyStream
pkg/kubelet/kubelet_pods.go: Kubelet.GetPortForward
pkg/kubelet/kuberuntime/kuberuntime_sandbox.go: kubeGenericRuntimeManager.GetPortForward
pkg/kubelet/cri/remote/remote_runtime.go: RemoteRuntimeService.PortForward
pkg/kubelet/cri/streaming/server.go: server.GetPortForward
pkg/kubelet/cri/streaming/server.go: server.servePortForward
pkg/kubelet/cri/streaming/portforward/portforward.go: ServePortForward
pkg/kubelet/cri/streaming/portforward/httpstream.go: handleHTTPStreams
pkg/kubelet/cri/streaming/portforward/httpstream.go: httpStreamHandler.run
pkg/kubelet/cri/streaming/portforward/httpstream.go: httpStreamHandler.portForward
pkg/kubelet/cri/streaming/server.go: criAdapter.PortForward
pkg/kubelet/dockershim/docker_streaming.go: streamingRuntime.PortForward
pkg/kubelet/dockershim/docker_streaming_others.go: streamingRuntime.portForward
""".strip().splitlines()


def workspace():
    link = os.path.join(os.environ["TEST_SRCDIR"], "fairway", "WORKSPACE")
    return os.path.dirname(os.path.realpath(link))


def rows():
    """The table's rows as lists of cells, without backquotes."""
    with open(os.path.join(workspace(), "docs/mirror_map.md"),
              encoding="utf-8") as f:
        for line in f:
            if not line.startswith("| `"):
                continue
            yield [c.strip().replace("`", "")
                   for c in line.strip().strip("|").split(" | ")]


class MirrorMapTest(unittest.TestCase):

    def test_every_shown_function_has_a_row(self):
        mapped = {row[0] for row in rows()}
        self.assertEqual([], [name for name in SHOWN if name not in mapped])

    def test_every_row_names_code_that_exists(self):
        faults = []
        count = 0
        for row in rows():
            count += 1
            self.assertEqual(4, len(row), "want four cells: %s" % row)
            path = os.path.join(workspace(), row[1])
            if not os.path.isfile(path):
                faults.append("%s: no file %s" % (row[0], row[1]))
                continue
            with open(path, encoding="utf-8") as f:
                text = f.read()
            # "Class::Method" may stand in a class body: look for both parts.
            for part in row[2].split("::"):
                if not re.search(r"\b%s\b" % re.escape(part), text):
                    faults.append("%s: %s has no %s" %
                                  (row[0], row[1], row[2]))
                    break
            last = row[2].split("::")[-1]
            if not re.search(r"\b%s\s*\(" % re.escape(last), text):
                faults.append("%s: %s defines no %s()" %
                              (row[0], row[1], last))
            if not row[3]:
                faults.append("%s: says not what differs" % row[0])
        self.assertEqual([], faults, "\n" + "\n".join(faults))
        self.assertGreaterEqual(count, len(SHOWN))


if __name__ == "__main__":
    sys.exit(unittest.main())
