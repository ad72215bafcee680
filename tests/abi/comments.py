# SPDX-License-Identifier: MIT
"""Every header states its defaults once. Every public function has a comment in the common format. The status of every
function that can fail must be used by the caller."""
import pathlib
import re
import sys

import checks


# Returns its argument: callers need not use the result.
RETURNS_ARGUMENT = {"genlat_error_set"}


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
        report.fail(function.where, "the comment does not begin with a sentence")
    documented = re.findall(r"@param\s+(\w+)", body)
    for name in function.parameters:
        if name not in documented:
            report.fail(function.where, f"@param {name} is missing")
    for name in documented:
        if name not in function.parameters:
            report.fail(function.where, f"@param {name} is no parameter")
    if (function.result != "void") != ("@return" in body):
        report.fail(function.where, "@return is missing" if function.result != "void" else "@return of void")
    for word in ("Threads: safe.", "Randomness: none.", "Since: 0.1."):
        if word in body:
            report.fail(function.where, f"repeats the default '{word}'")
    if function.result == "genlat_status" and function.name not in RETURNS_ARGUMENT:
        if not function.nodiscard:
            report.fail(function.where, "returns a status and is not GENLAT_NODISCARD")
        if not re.search(r"@return (GENLAT_OK|as genlat_)", body):
            report.fail(function.where, "@return does not list the statuses, GENLAT_OK first")


def check_header(report, header):
    """The comment at the top states the defaults for all functions."""
    opening = re.search(r"/\*\*\s*\n \* @file .*?\*/", header.read_text(), re.S)
    if not opening:
        report.fail(header.name, "does not begin with a comment '@file'")
        return
    for word in ("Threads", "emory", "rrors", "Randomness:", "Since: 0.1"):
        if word not in opening.group(0):
            report.fail(header.name, f"the comment '@file' does not state the default of '{word}'")


def main():
    root, report, checked = pathlib.Path(sys.argv[1]), checks.Report(), 0
    for header in checks.public_headers(root):
        if checks.public_functions(header):
            check_header(report, header)
        for function in checks.public_functions(header):
            checked += 1
            check(report, function)
    report.finish(checked, "public functions")


main()
