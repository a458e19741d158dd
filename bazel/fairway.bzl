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

def fairway_cc_test(name, copts = [], deps = [], size = "small", **kwargs):
    """A GoogleTest with its main(); small means at most ten seconds."""
    cc_test(
        name = name,
        size = size,
        copts = FAIRWAY_COPTS + copts,
        deps = deps + ["@googletest//:gtest_main"],
        **kwargs
    )
