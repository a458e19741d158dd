"""The macros that every C++ target of Fairway is made with."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

FAIRWAY_COPTS = [
    "-Wall",
    "-Wextra",
    "-Werror",
    # Designated initializers name what differs from the default.
    "-Wno-missing-field-initializers",
    # GCC 12 misreads the frames of Asio's coroutines.
    "-Wno-maybe-uninitialized",
    "-Wno-mismatched-new-delete",
    # And std::string's own insert() and operator+ (GCC bug 105651).
    "-Wno-restrict",
]

def fairway_cc_library(name, copts = [], **kwargs):
    """A cc_library with the house's warnings."""
    cc_library(name = name, copts = FAIRWAY_COPTS + copts, **kwargs)

def fairway_cc_binary(name, copts = [], **kwargs):
    """A cc_binary with the house's warnings."""
    cc_binary(name = name, copts = FAIRWAY_COPTS + copts, **kwargs)

# Where a peer's bytes are taken apart: .ci/run runs the tests of these folders
# under ASan with UBSan and under TSan as well.
_SANITIZED = [
    "httpstream",
    "net/http/fuzz",
    "net/http1",
    "net/http2",
    "net/tls/fuzz",
    "net/websocket",
]

def room_tags():
    """The tags of every test of the calling package."""
    package = native.package_name() + "/"
    for folder in _SANITIZED:
        if package.startswith(folder + "/"):
            return ["sanitize"]
    return []

def fairway_cc_test(
        name,
        copts = [],
        deps = [],
        size = "small",
        tags = [],
        **kwargs):
    """A GoogleTest with its main(); small means at most ten seconds."""
    cc_test(
        name = name,
        size = size,
        copts = FAIRWAY_COPTS + copts,
        tags = tags + room_tags(),
        deps = deps + ["@googletest//:gtest_main"],
        **kwargs
    )
