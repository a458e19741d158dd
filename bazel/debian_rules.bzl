"""Bazel's rule sets from Debian's packages, made to fit Bazel 4.2.3."""

def _debian_rules_cc_impl(ctx):
    ctx.execute(["cp", "-r", "/usr/share/bazel/rules/cc/.", "."])
    for name in ["compiler_flag", "cc_flags_supplier"]:
        path = "cc/private/rules_impl/%s.bzl" % name
        text = ctx.read("/usr/share/bazel/rules/cc/" + path)

        # 4.2.3 has no use_cpp_toolchain: name its toolchain type instead.
        text = text.replace(', "use_cpp_toolchain")', ")")
        text = text.replace(
            "use_cpp_toolchain()",
            '["@bazel_tools//tools/cpp:toolchain_type"]',
        )
        ctx.delete(path)
        ctx.file(path, text, executable = False)

debian_rules_cc = repository_rule(
    implementation = _debian_rules_cc_impl,
    local = True,
    doc = "rules_cc of package bazel-rules-cc, patched for Bazel 4.2.3.",
)

def _empty_coverage_tools_impl(ctx):
    ctx.file(
        "BUILD",
        'filegroup(name = "coverage_report_generator", ' +
        'visibility = ["//visibility:public"])\n',
    )

empty_coverage_tools = repository_rule(
    implementation = _empty_coverage_tools_impl,
    doc = "Stands where Bazel would download its coverage tools.",
)

def _debian_extract_impl(ctx):
    home = ctx.os.environ.get("HOME", "/root")
    cache = ctx.os.environ.get("XDG_CACHE_HOME", home + "/.cache")
    path = "%s/fairway/extract/%s/%s" % (cache, ctx.attr.package, ctx.attr.file)
    name = ctx.attr.file.split("/")[-1]
    if ctx.path(path).exists:
        ctx.symlink(path, name)
        ctx.file("BUILD", 'exports_files(["%s"])\n' % name)
    else:
        # Only what needs the file fails, and says how to get it.
        ctx.file("BUILD", """genrule(
    name = "missing",
    outs = ["%s"],
    cmd = "echo '%s is not there: run ./bazelw once' >&2; exit 1",
    visibility = ["//visibility:public"],
)
""" % (name, path))

debian_extract = repository_rule(
    implementation = _debian_extract_impl,
    attrs = {
        "package": attr.string(mandatory = True),
        "file": attr.string(mandatory = True),
    },
    environ = [
        "HOME",
        "XDG_CACHE_HOME",
    ],
    local = True,
    doc = "One file of a package that ./bazelw unpacked into its cache.",
)
