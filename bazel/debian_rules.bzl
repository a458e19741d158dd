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
