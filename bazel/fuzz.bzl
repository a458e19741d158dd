"""Fuzz targets: replayed by every test run, driven by libFuzzer on demand."""

load("//bazel:fairway.bzl", "FAIRWAY_COPTS", "room_tags")
load("@rules_cc//cc:defs.bzl", "cc_test")

def fairway_fuzz_test(name, srcs, corpus, deps, **kwargs):
    """A target that defines LLVMFuzzerTestOneInput.

    Plainly built it runs over the files of its corpus and over deterministic
    changes of them. With --config=fuzz it is a libFuzzer program, and as a test
    runs over the corpus only: docs/fuzzing.md.

    Args:
      name: ends in _fuzz_test.
      srcs: the target; what it fuzzes is in `deps`, without coroutines.
      corpus: a folder of this package that holds the seeds, a file each.
      deps: as of a cc_test.
      **kwargs: as of a cc_test.
    """
    cc_test(
        name = name,
        size = "small",
        srcs = srcs,
        args = select({
            "//bazel/fuzz:enabled": ["-runs=0"],
            "//conditions:default": [],
        }) + [native.package_name() + "/" + corpus],
        copts = FAIRWAY_COPTS,
        data = native.glob([corpus + "/*"]),
        linkopts = select({
            "//bazel/fuzz:enabled": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        # One file, that can be run from anywhere.
        linkstatic = True,
        tags = room_tags(),
        deps = deps + ["//bazel/fuzz:fuzz_input"] + select({
            "//bazel/fuzz:enabled": [],
            "//conditions:default": ["//bazel/fuzz:replay_main"],
        }),
        **kwargs
    )
