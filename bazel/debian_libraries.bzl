"""One external repository for each library of third_party/."""

# name -> a folder of its package, watched so that a reinstall is noticed.
_LIBRARIES = {
    "absl": "/usr/include/absl",
    "benchmark": "/usr/include/benchmark",
    "boost": "/usr/include/boost",
    "boringssl": "/usr/include/android",
    "cli11": "/usr/include/CLI",
    "gflags": "/usr/include/gflags",
    "glog": "/usr/include/glog",
    "googletest": "/usr/include/gtest",
    "nghttp2": "/usr/include/nghttp2",
    "nlohmann_json": "/usr/include/nlohmann",
    "prometheus_cpp": "/usr/include/prometheus",
    "protobuf": "/usr/include/google/protobuf",
    "sqlite": "/usr/share/doc/libsqlite3-dev",
    "wslay": "/usr/include/wslay",
    "yaml_cpp": "/usr/include/yaml-cpp",
    "zlib": "/usr/share/doc/zlib1g-dev",
}

def debian_libraries():
    """Declares @NAME for each library that third_party/NAME.BUILD wraps."""
    for name, path in _LIBRARIES.items():
        native.new_local_repository(
            name = name,
            build_file = "//third_party:%s.BUILD" % name,
            path = path,
        )
