# SPDX-License-Identifier: MIT
"""Every public function has a comment by the one template; every fallible one must be looked at by its caller."""
import pathlib
import re
import sys

import checks


# Hands back the code that it is given: there is nothing to look at.
PASSES_ON = {"genlat_error_set"}


def body_of(comment):
    lines = [re.sub(r"^\s*\*( |$)", "", line) for line in comment.strip()[3:-2].split("\n")]
    return "\n".join(lines).strip()


def check(report, function):
    body = body_of(function.comment)
    sentence = re.split(r"\n@|\n\n", body)[0]
    if not body:
        report.fail(function.where, "has no comment")
        return
    if not re.match(r"[A-Z\"]", sentence) or not re.search(r"[.:?](\s|$)", sentence):
        report.fail(function.where, "the comment does not open with a sentence")
    told = re.findall(r"@param\s+(\w+)", body)
    for name in function.parameters:
        if name not in told:
            report.fail(function.where, f"@param {name} is missing")
    for name in told:
        if name not in function.parameters:
            report.fail(function.where, f"@param {name} is no parameter")
    if (function.result != "void") != ("@return" in body):
        report.fail(function.where, "@return is missing" if function.result != "void" else "@return of void")
    for word in ("Thread-safety:", "Allocates:", "Randomness:"):
        if word not in body:
            report.fail(function.where, f"'{word}' is missing")
    if not re.search(r"@since \d+\.\d+", body):
        report.fail(function.where, "@since is missing")
    if function.result == "genlat_status" and function.name not in PASSES_ON:
        if not function.nodiscard:
            report.fail(function.where, "returns a status and is not GENLAT_NODISCARD")
        if not re.search(r"@return (GENLAT_OK|as genlat_)", body):
            report.fail(function.where, "@return does not list the statuses, GENLAT_OK first")


def main():
    root, report, looked_at = pathlib.Path(sys.argv[1]), checks.Report(), 0
    for header in checks.public_headers(root):
        for function in checks.public_functions(header):
            looked_at += 1
            check(report, function)
    report.finish(looked_at, "public functions")


main()
