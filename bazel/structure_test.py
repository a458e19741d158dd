#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the tree to ARCHITECTURE.md: who includes whom, and whose headers.

Reads the sources where they are (tags external and local in BUILD.bazel), so
that a new file is seen without being named here.
"""

import os
import re
import sys
import unittest

# room -> the folders whose headers it may include.
ROOMS = {
    "base": ["base"],
    "net": ["base", "net"],
    "api": ["base", "api"],
    "httpstream": ["base", "net", "httpstream"],
    "client/rest": ["base", "net", "api", "client/rest"],
    "client": ["base", "net", "api", "httpstream", "client"],
    "apiserver": ["base", "net", "api", "httpstream", "apiserver"],
    "kubelet/cri": ["base", "net", "httpstream", "kubelet/cri"],
    "kubelet": ["base", "net", "api", "httpstream", "client/rest", "kubelet"],
    "runtime": ["base", "net", "kubelet/cri", "runtime"],
    "cluster": ["base", "net", "api", "client/rest", "cluster"],
}

# Files that wire what their room must not see.
WIRING = {
    "kubelet/main.cc": ["runtime"],
    "kubelet/runtime_host.cc": ["runtime"],
}

# third-party header prefix -> the folders that may include it.
THIRD_PARTY = {
    "benchmark/": ["bench"],
    "boost/": ["base", "net", "runtime"],
    "CLI/": ["client/cmd"],
    "gflags/": ["base/flags", "apiserver", "kubelet", "runtime", "cluster",
                "bench", "e2e"],
    "google/protobuf/": ["kubelet/cri", "runtime"],
    "intel-ipsec-mb.h": ["net/tls"],
    "nghttp2/": ["net/http2"],
    "nlohmann/": ["api", "apiserver", "client", "kubelet", "runtime",
                  "cluster", "bench", "e2e", "httpstream"],
    "openssl/": ["net/tls/boringssl.h"],
    "prometheus/": ["base/metrics"],
    "sqlite3.h": ["apiserver/storage"],
    "yaml-cpp/": ["api", "client/rest"],
    "zlib.h": ["httpstream/spdy"],
}

# Public headers keep third-party types out, but where the type is the point.
IN_HEADERS = {
    "boost/": ["base/task", "net/socket/socket_internal.h"],
    "nlohmann/": ["api/json.h", "apiserver", "client", "kubelet", "runtime",
                  "httpstream/spdy/testing"],
    "openssl/": ["net/tls/boringssl.h"],
    "google/protobuf/": ["kubelet/cri", "runtime"],
    "gflags/": [],
}

# How long a file may grow before it is split, by the end of its name.
LONGEST = [("_test.cc", 800), (".cc", 600), (".h", 300)]

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def workspace():
    # The runfiles hold links into the source tree.
    link = os.path.join(os.environ["TEST_SRCDIR"], "fairway", "WORKSPACE")
    return os.path.dirname(os.path.realpath(link))


def within(path, folders):
    return any(path == f or path.startswith(f + "/") for f in folders)


def within_tests(name):
    return ("/testing/" in name or "/fuzz/" in name or
            name.endswith("_test.cc"))


def sources(top):
    for folder, subfolders, files in os.walk(top):
        subfolders[:] = [s for s in subfolders
                         if not s.startswith((".", "bazel-"))]
        for name in files:
            if name.endswith((".h", ".cc")):
                path = os.path.join(folder, name)
                yield os.path.relpath(path, top), path


def room_of(path):
    fitting = [r for r in ROOMS if within(path, [r])]
    return max(fitting, key=len) if fitting else None


class StructureTest(unittest.TestCase):

    def setUp(self):
        self.files = {}
        for name, path in sources(workspace()):
            with open(path, encoding="utf-8") as f:
                self.files[name] = f.read()
        self.assertGreater(len(self.files), 50)

    def report(self, faults):
        self.assertEqual([], faults, "\n" + "\n".join(faults))

    def test_rooms_know_only_whom_they_may(self):
        faults = []
        for name, text in self.files.items():
            room = room_of(name)
            if room is None or within_tests(name):
                continue
            allowed = ROOMS[room] + WIRING.get(name, [])
            for quote, header in INCLUDE.findall(text):
                first = header.split("/")[0]
                ours = quote == '"' and os.path.isdir(
                    os.path.join(workspace(), first))
                if ours and not within(header, allowed):
                    faults.append("%s includes %s" % (name, header))
        self.report(faults)

    def test_third_party_headers_stay_in_their_rooms(self):
        faults = []
        for name, text in self.files.items():
            for _, header in INCLUDE.findall(text):
                for prefix, folders in THIRD_PARTY.items():
                    if not header.startswith(prefix):
                        continue
                    if name.endswith(("_test.cc", "_benchmark.cc")):
                        continue
                    if not within(name, folders):
                        faults.append("%s includes <%s>" % (name, header))
                    elif (name.endswith(".h") and
                          prefix not in ("benchmark/",) and
                          not within(name, IN_HEADERS.get(prefix, []))):
                        faults.append("header %s includes <%s>" %
                                      (name, header))
        self.report(faults)

    def test_interfaces_of_httpstream_never_see_spdy(self):
        self.report([
            name for name, text in self.files.items()
            if re.match(r"httpstream/[^/]*$", name) and
            re.search(r'#include "httpstream/(spdy|wsstream)/', text)
        ])

    def test_every_file_names_its_licence(self):
        self.report([
            name for name, text in self.files.items()
            if not text.startswith("// SPDX-License-Identifier: Apache-2.0")
        ])

    def test_files_are_short(self):
        faults = []
        for name, text in self.files.items():
            longest = next(n for end, n in LONGEST if name.endswith(end))
            lines = text.count("\n")
            if lines > longest:
                faults.append("%s has %d lines, at most %d" %
                              (name, lines, longest))
        self.report(faults)

    def test_every_package_names_who_may_see_it(self):
        # The groups are in //visible_to; only //:programs is for all.
        faults = []
        for folder, subfolders, names in os.walk(workspace()):
            subfolders[:] = [s for s in subfolders
                             if not s.startswith((".", "bazel-")) and
                             s != "third_party"]
            if folder == workspace() or "BUILD.bazel" not in names:
                continue
            path = os.path.join(folder, "BUILD.bazel")
            with open(path, encoding="utf-8") as f:
                if "//visibility:public" in f.read():
                    faults.append(os.path.relpath(path, workspace()))
        self.report(faults)

    def test_guards_are_the_path(self):
        faults = []
        for name, text in self.files.items():
            if not name.endswith(".h"):
                continue
            guard = re.sub(r"[^A-Z0-9]", "_", name.upper()) + "_"
            if "#ifndef " + guard not in text:
                faults.append("%s: want %s" % (name, guard))
        self.report(faults)

    def test_coroutines_are_spawned_in_base_task_only(self):
        self.report([
            name for name, text in self.files.items()
            if not name.startswith("base/task/") and
            re.search(r"\bco_spawn\s*\(|asio::detached", text)
        ])

    def test_only_base_holds_mutexes(self):
        self.report([
            name for name, text in self.files.items()
            if not name.startswith("base/") and
            not name.endswith("_test.cc") and "/testing/" not in name and
            re.search(r"std::(recursive_|shared_|timed_)?mutex\b|"
                      r"absl::Mutex\b", text)
        ])


if __name__ == "__main__":
    sys.exit(unittest.main())
