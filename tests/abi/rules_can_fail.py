# SPDX-License-Identifier: MIT
"""Checks that each rule can fail: plants violations in copies of the tree, one per file, or in a small library, and
expects the checker to report each of them.

usage: rules_can_fail.py ROOT 'C compiler'
"""
import concurrent.futures
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent

# checker, file, text to replace (None: append), new text, part of the expected message
PLANTED = [
    ("modules.py", "lib/base/alloc.c", None, '#include "tensor/tensor.h"\n', "module tensor comes after base"),
    ("modules.py", "lib/gan/step.c", None, '#include "vae/vae.h"\n', "must not depend on each other"),
    ("modules.py", "lib/model/use.c", None, '#include "latent/prior/x.h"\n', "private to latent"),
    ("modules.py", "lib/net/exec.h", None, "struct genlat_exec {\n    int rows;\n};\n", "belongs into a *_priv.h"),
    ("modules.py", "lib/tensor/tensor.c", None, '#include "base/base_priv.h"\n', "private to base"),
    ("modules.py", "examples/intruder.c", None, '#include "base/base.h"\n', "private to the library"),
    ("modules.py", "lib/base/base.h", " * Tests: ", " * Trials: ", "does not begin with"),
    ("comments.py", "include/genlat/tensor.h", "@param", "@parameter", "@param"),
    ("comments.py", "include/genlat/tensor.h", " * - Threads:", " * - Strands:",
     "does not state the default of 'Threads'"),
    ("comments.py", "include/genlat/optim.h", "@return GENLAT_OK", "@return something", "list the statuses"),
    ("comments.py", "include/genlat/tensor.h", " * @return GENLAT_OK", " * Randomness: none.\n * @return GENLAT_OK",
     "repeats the default"),
    ("comments.py", "include/genlat/loss.h", "GENLAT_API GENLAT_NODISCARD", "GENLAT_API", "GENLAT_NODISCARD"),
    ("comments.py", "include/genlat/common.h", "GENLAT_END", "GENLAT_API int genlat_bare(void);\nGENLAT_END",
     "genlat_bare: has no comment"),
    ("sources.py", "lib/base/alloc.c", "/* SPDX", "/* No SPDX", "license line"),
    ("sources.py", "lib/base/context.c", None, "int x; \n", "trailing spaces"),
    ("sources.py", "lib/base/cpu.c", None, "/* TO" "DO */\n", "says TO" "DO"),
    ("sources.py", "lib/base/names.c", None, 'static void say(void)\n{\n    printf("x");\n}\n', "calls printf()"),
    ("sources.py", "lib/base/numbers.c", None, "#include <cblas.h>\n", "includes cblas.h"),
    ("sources.py", "lib/base/object.c", None, "typedef int size_kind_t;\n", "ends in _t"),
    ("sources.py", "lib/base/options.c", None, "\n" * 600, "at most 600 expected"),
    ("sources.py", "lib/base/rng.c", None, "int long_one(void)\n{\n" + "    ;\n" * 90 + "}\n", "has 90 lines"),
    ("sources.py", "include/genlat/common.h", None, "#define BARE 1\n", "macro BARE"),
    ("sources.py", "include/genlat/common.h", None, "typedef int bare;\n", "type bare"),
    ("sources.py", "include/genlat/common.h", None, "enum { BARE_ONE = 1, GENLAT_TWO };\n", "constant BARE_ONE"),
    ("docs.py", "docs/derivations/glu.md", "Layers: `glu`", "Layers: `gated`", "glu has no page"),
    ("docs.py", "docs/derivations/glu.md", "Layers: `glu`", "Layers: `glu`, `gated`", "names gated"),
    ("docs.py", "docs/derivations/glu.md", "$y = a", "y = a", "a $ that is not closed"),
    ("docs.py", "docs/derivations/README.md", "[Dense](dense.md)", "[Dense](dence.md)", "links to dence.md"),
    ("docs.py", "lib/layer/norm_core.c", "docs/derivations/norm", "docs/derivations/nrom", "which does not exist"),
    ("docs.py", "docs/derivations/glu.md", None, "See `lib/no.c`.\n", "names lib/no.c"),
    ("docs.py", "docs/reference/sources.md", "| `raw` |", "| `rar` |", "does not list raw"),
    ("docs.py", "docs/genlat.1", ".It Cm holdout Ns", ".It Cm hold Ns", "does not list the key holdout"),
    ("docs.py", "docs/howto.md", "| `stack` |", "| `stick` |", "does not list the key stack"),
    ("docs.py", "docs/grammar.md", "have `holdout` and", "have `hold` and", "does not list the key holdout"),
    ("docs.py", "include/genlat/files.h", "- lines=yes", "- line=yes", "does not list the key lines"),
    ("words.py", "docs/derivations/glu.md", None, "The ro" "om is large.\n", "the word 'ro" "om'"),
    ("words.py", "lib/base/alloc.c", None, "/* A gu" "est_exec. */\n", "the word 'gu" "est'"),
    ("words.py", "lib/base/object.c", None, f"/* {'x' * 120} */\n", "has 126 columns"),
    ("words.py", "docs/planted.md", None, f"[text]({'x' * 120}) and more\n", "has 137 columns"),
    ("words.py", "docs/planted_a.md", None, f"\nA{' word' * 40}.\n", "a sentence has 41 words"),
    ("words.py", "docs/planted_b.md", None, f"\n- A{' word' * 40}.\n", "a sentence has 41 words"),
    ("words.py", "docs/planted_c.md", None, f"\nA{' word' * 18}.\n",
     "docs/planted_c.md: the median sentence has 19 words"),
    ("words.py", "docs/planted.1", None, f".Sh TEXT\nA\n.Cm {'word ' * 18}.\n", "docs/planted.1: the median sentence"),
    ("headers.py", "include/genlat/rng.h", '#include "genlat/', '#include "no/', "rng.h in c99"),
    ("headers.py", "include/genlat/rng.h", None,
     "typedef int genlat_x; int genlat_f(genlat_x class, genlat_x restrict);\n", "rng.h in c"),
    ("ranges.py", "include/genlat/optim.h", "0 to 0.999999; 0: none", "0 to 1; 0: none",
     "the library checks 0 to 0.999999"),
    ("ranges.py", "include/genlat/vae.h", "65536. Default 20.", "65536. Default 21.", "says default 21,"),
    ("ranges.py", "include/genlat/vae.h", "part of the encoder's input set to 0 in training, 0 to 0.99.", "part.",
     "has no range"),
    ("ranges.py", "lib/optim/ema.c", "copy_states, 0,", "copy_states, 1,", "says default 0"),
    ("ranges.py", "lib/vae/config.c", "GENLAT_BOUND_IMPORTANCE,", "GENLAT_BOUND_ELBO,", "the library takes up to"),
    ("sizes.py", "include/genlat/rng.h", None,
     "GENLAT_API int genlat_new_one(const genlat_ctx_opts *opts);\n", "has no row for genlat_ctx_opts"),
    ("sizes.py", "include/genlat/context.h", "    genlat_log_fn log; ",
     "    uint32_t reserved2;\n    genlat_log_fn log; ",
     "has no row RESERVED for the member reserved2"),
    ("sizes.py", "tests/promises/test_sizes.c", "    RESULT(genlat_net_check,", "    RESULT(genlat_no_check,",
     "has no row for genlat_check_result"),
    ("layout.py", "include/genlat/context.h", "int64_t seed;", "double seed;", "genlat_ctx_opts seed"),
    ("layout.py", "include/genlat/context.h", "int64_t seed;", "", "is missing"),
    ("layout.py", "include/genlat/context.h", "    uint32_t reserved;                 /**< 0. */\n", "",
     "bytes of padding"),
    ("layout.py", "include/genlat/context.h", "size_t size;                       /**< sizeof(genlat_ctx_opts)",
     "uint64_t size; /**< sizeof(genlat_ctx_opts)", "does not start with size_t size"),
]

HEADER = """/* SPDX-License-Identifier: MIT */
#define GENLAT_API __attribute__((visibility("default")))
GENLAT_API int genlat_one(void);
GENLAT_API int genlat_two(void);
"""
SCRIPT = "GENLAT_0.1 {\n  global:\n    genlat_one;\n    genlat_two;\n  local:\n    *;\n};\n"
SOURCE = ('#include "genlat/common.h"\nint genlat_one(void) { return 1; }\n'
          'int genlat_two(void) { return genlat_one(); }\n')

# header, version script, source, link flag, part of the expected message of symbols.py or None for success
TINY = [
    (HEADER, SCRIPT, SOURCE, "-Wl,-Bsymbolic-functions", None),
    (HEADER, SCRIPT, SOURCE, "-Wl,-z,lazy", "genlat_one: is reached through"),
    (HEADER.replace("GENLAT_API int genlat_two(void);\n", "int genlat_two(void);\n"), SCRIPT, SOURCE,
     "-Wl,-Bsymbolic-functions", "genlat_two: in the version script but not exported"),
    (HEADER + "GENLAT_API int genlat_three(void);\n", SCRIPT, SOURCE, "-Wl,-Bsymbolic-functions",
     "genlat_three: in a public header but not exported"),
    (HEADER, SCRIPT.replace("genlat_two;", "genlat_two;\n    gnl_spare;"),
     SOURCE + '__attribute__((visibility("default"))) int gnl_spare(void) { return 2; }\n', "-Wl,-Bsymbolic-functions",
     "gnl_spare: exported but in no public header"),
    (HEADER, SCRIPT, SOURCE + "int gnl_state = 3;\n", "-Wl,-Bsymbolic-functions", "gnl_state: is a writable global"),
    (HEADER, SCRIPT, SOURCE + "static int state; int gnl_f(void) { return state++; }\n", "-Wl,-Bsymbolic-functions",
     "state: is a writable global"),
    (HEADER, SCRIPT, SOURCE + "int bare(void) { return 3; }\n", "-Wl,-Bsymbolic-functions", "bare: is a global name"),
    (HEADER, SCRIPT, SOURCE + "void abort(void); void gnl_f(void) { abort(); }\n", "-Wl,-Bsymbolic-functions",
     "abort: is called"),
    (HEADER, SCRIPT, SOURCE + "const char gnl_big[1600000] = {1};\n"
     '__attribute__((visibility("default"))) const char *gnl_f(void) { return gnl_big; }\n',
     "-Wl,-Bsymbolic-functions", "at most 1600000 expected"),
]

COPIES = """#include <string.h>
int genlat_one(const char *text, unsigned length)
{
    char copy[64];
    memcpy(copy, text, length);
    return copy[length / 2];
}
"""
HARDENED = ["-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"]

# flag that is replaced, flag instead, part of the expected message of hardened.py or None for success
SOFT = [
    ("", "", None),
    ("-fstack-protector-strong", "-fno-stack-protector", "without -fstack-protector-strong"),
    ("-D_FORTIFY_SOURCE=2", "-U_FORTIFY_SOURCE", "without _FORTIFY_SOURCE"),
    ("-Wl,-z,relro", "-Wl,-z,norelro", "no read-only relocations"),
    ("-Wl,-z,now", "-Wl,-z,lazy", "not bound at load time"),
    ("-Wl,-z,noexecstack", "-Wl,-z,execstack", "an executable stack"),
]


def checker(name, *arguments):
    command = [sys.executable, "-S", str(HERE / name), *map(str, arguments)]  # -S: a checker needs no packages
    result = subprocess.run(command, capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def expect(case, code, output, says):
    if (code == 0) == (says is None) and (says or "") in output:
        return 0
    print(f"{case}: status {code}, '{says}' expected in:\n{output[-800:]}")
    return 1


def rounds_of(cases):
    """Groups the cases of each checker, one planting per file in a round: one run of the checker serves a round."""
    rounds = []
    for case in cases:
        for placed in rounds:
            if placed[0][0] == case[0] and all(other[1] != case[1] for other in placed):
                placed.append(case)
                break
        else:
            rounds.append([case])
    return rounds


def copy_tree(root, copy):
    for folder in ("include", "lib", "docs", "tests/promises"):
        shutil.copytree(root / folder, copy / folder)
    (copy / "examples").mkdir()
    (copy / "tests/abi").mkdir()
    for stored in ("layout.txt", "libgenlat.abi"):
        shutil.copy(root / "tests/abi" / stored, copy / "tests/abi" / stored)


def plant(root, compiler, cases):
    """Copies the files that are checked, plants the violations of a round, runs the checker, and returns how many it
    does not report."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "tree"
        copy_tree(root, copy)
        for name, path, old, new, _ in cases:
            file = copy / path
            text = file.read_text() if file.exists() else "/* SPDX-License-Identifier: MIT */\n/* Planted. */\n"
            if old is not None and old not in text:
                return expect(f"{name} {path}", 1, f"'{old}' is not in the file", None)
            file.write_text(text + new if old is None else text.replace(old, new, 1))
        arguments = {"headers.py": [compiler], "layout.py": [compiler]}
        code, output = checker(name, copy, *arguments.get(name, []))
    if code == 77:
        print(output, end="")
        return 0
    return sum(expect(f"{name} {path} {new!r:.40}", code, output, says) for name, path, _, new, says in cases)


def tiny(compiler, header, script, source, flag, says):
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        (tree / "include/genlat").mkdir(parents=True)
        (tree / "lib").mkdir()
        (tree / "include/genlat/common.h").write_text(header)
        (tree / "lib/genlat.map").write_text(script)
        (tree / "lib/tiny.c").write_text(source)
        build = [*shlex.split(compiler), "-fPIC", "-O0", "-fvisibility=hidden", "-I", str(tree / "include")]
        subprocess.run([*build, "-c", str(tree / "lib/tiny.c"), "-o", str(tree / "tiny.o")], check=True)
        subprocess.run([*build, "-shared", str(tree / "tiny.o"), "-o", str(tree / "libgenlat.so"), flag,
                        f"-Wl,--version-script={tree}/lib/genlat.map"], check=True)
        subprocess.run(["ar", "rc", str(tree / "tiny.a"), str(tree / "tiny.o")], check=True)
        code, output = checker("symbols.py", tree, tree / "libgenlat.so", tree / "tiny.a")
    return expect(f"symbols.py, {says}", code, output, says)


def soft(compiler, flag, instead, says):
    """Compiles a small library with one of the flags replaced."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = pathlib.Path(folder) / "copies.c", pathlib.Path(folder) / "libcopies.so"
        source.write_text(COPIES)
        flags = [instead if f == flag else f for f in ["-U_FORTIFY_SOURCE", *HARDENED]]
        subprocess.run([*shlex.split(compiler), "-O2", "-w", "-fPIC", "-shared", *flags, str(source), "-o",
                        str(library)], check=True)
        code, output = checker("hardened.py", library)
    return expect(f"hardened.py {instead}", code, output, says)


def main():
    root, compiler = pathlib.Path(sys.argv[1]), sys.argv[2]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = [pool.submit(plant, root, compiler, cases) for cases in rounds_of(PLANTED)]
        runs += [pool.submit(tiny, compiler, *case) for case in TINY]
        runs += [pool.submit(soft, compiler, *case) for case in SOFT]
    failed = sum(run.result() for run in runs)
    print(f"{len(PLANTED) + len(TINY) + len(SOFT)} violations planted, {failed} not found")
    sys.exit(1 if failed else 0)


main()
