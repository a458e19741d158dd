"""One external repository for each library of third_party/."""

# name -> a folder of its package, watched so that a reinstall is noticed.
_LIBRARIES = {
    "benchmark": "/usr/include/benchmark",
    "boost": "/usr/include/boost",
    "boringssl": "/usr/include/android",
    "gflags": "/usr/include/gflags",
    "glog": "/usr/include/glog",
    "googletest": "/usr/include/gtest",
    "ipsec_mb": "/usr/share/doc/libipsec-mb-dev",
    "nghttp2": "/usr/include/nghttp2",
    "nlohmann_json": "/usr/include/nlohmann",
    "prometheus_cpp": "/usr/include/prometheus",
    "protobuf": "/usr/include/google/protobuf",
    "sqlite": "/usr/share/doc/libsqlite3-dev",
    "yaml_cpp": "/usr/include/yaml-cpp",
    "zlib": "/usr/share/doc/zlib1g-dev",
}

def _debian_archives_impl(ctx):
    pattern = "/usr/lib/x86_64-linux-gnu/" + ctx.attr.archives
    listed = ctx.execute(["sh", "-c", "ls " + pattern])
    if listed.return_code != 0:
        fail("%s: %s" % (pattern, listed.stderr))
    ctx.file("archives.bzl", "ARCHIVES = %r\n" % listed.stdout.strip().split("\n"))
    ctx.symlink(ctx.attr.build_file, "BUILD")

_debian_archives = repository_rule(
    implementation = _debian_archives_impl,
    attrs = {
        "archives": attr.string(mandatory = True),
        "build_file": attr.label(mandatory = True),
    },
    local = True,
    doc = "A library of many archives, whose names differ between the suites.",
)

def debian_libraries():
    """Declares @NAME for each library that third_party/NAME.BUILD wraps."""
    for name, path in _LIBRARIES.items():
        native.new_local_repository(
            name = name,
            build_file = "//third_party:%s.BUILD" % name,
            path = path,
        )
    _debian_archives(
        name = "absl",
        archives = "libabsl_*.a",
        build_file = "//third_party:absl.BUILD",
    )
