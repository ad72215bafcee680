# SPDX-License-Identifier: MIT
"""Every *_init_sized function with structs of older and newer programs: it writes all bytes within the caller's size
and none beyond it, and sets the size member to the caller's size.

usage: options.py ROOT 'C compiler' LIBRARY.so...
"""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import checks

PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void init_function(void *options, size_t size);

static int bad(const char *name, const char *what, size_t size)
{
    printf("%s with size %zu: %s\\n", name, size, what);
    return 1;
}

static int try_size(const char *name, init_function *init, size_t full, size_t size)
{
    unsigned char *block = malloc(full + 128), *expected = malloc(full);
    size_t found = 0;
    int failed = 0;
    memset(block, 0xAA, full + 128);
    init(expected, full);
    init(block, size);
    memcpy(&found, block, sizeof found);
    if (found != size)
        failed += bad(name, "the size member differs", size);
    for (size_t i = size; i < full + 128; i++)
        if (block[i] != 0xAA)
            failed += bad(name, "wrote past the end", size), i = full + 128;
    for (size_t i = full; i < size; i++)
        if (block[i] != 0)
            failed += bad(name, "unknown members are not zero", size), i = size;
    for (size_t i = sizeof found; i < size && i < full && size % 8 == 0; i++)
        if (block[i] != expected[i])
            failed += bad(name, "the default differs from that of the full struct", size), i = size;
    free(block);
    free(expected);
    return failed;
}

static int try_all(const char *name, init_function *init, size_t full)
{
    int failed = 0;
    unsigned char tiny[sizeof(size_t)];
    init(NULL, full);
    memset(tiny, 0xAA, sizeof tiny);
    init(tiny, 1);
    if (tiny[1] != 0xAA)
        failed += bad(name, "wrote past one byte", 1);
    for (size_t size = sizeof(size_t); size <= full + 64; size += 4)
        failed += try_size(name, init, full, size);
    return failed;
}

int main(void)
{
    int failed = 0;
@CALLS@
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
"""


def main():
    root, report = pathlib.Path(sys.argv[1]), checks.Report()
    compiler, libraries = shlex.split(sys.argv[2]), [pathlib.Path(name) for name in sys.argv[3:]]
    known = {checks.library_of(header) for header in checks.public_headers(root)}
    linked = {"genlat-files" if "genlat-files" in library.name else "genlat" for library in libraries}
    functions = [function for header in checks.public_headers(root) if checks.library_of(header) in known & linked
                 for function in checks.public_functions(header) if function.name.endswith("_init_sized")]
    calls = "\n".join(f'    failed += try_all("{f.name}", (init_function *){f.name},\n'
                      f'                      sizeof({re.sub("_init_sized$", "", f.name)}));' for f in functions)
    includes = "\n".join(f'#include "genlat/{header.name}"' for header in checks.public_headers(root))
    with tempfile.TemporaryDirectory() as folder:
        source, program = pathlib.Path(folder) / "options.c", pathlib.Path(folder) / "options"
        source.write_text(includes + PROGRAM.replace("@CALLS@", calls))
        subprocess.run([*compiler, "-std=c11", "-I", str(root / "include"), str(source), "-o", str(program),
                        *map(str, libraries), *(f"-Wl,-rpath,{library.parent.resolve()}" for library in libraries)],
                       check=True)
        result = subprocess.run([str(program)], capture_output=True, text=True)
    for line in result.stdout.splitlines():
        report.fail("init", line)
    if result.returncode not in (0, 1):
        report.fail("init", f"ended with status {result.returncode}")
    report.finish(len(functions), "init functions")


main()
