# SPDX-License-Identifier: MIT
"""Plants the faults of a list, one at a time, in a copy of the tree, and reports those that no test notices.

For each fault the script builds and runs the tests of its module. A fault that they do not notice is tried with all
default tests. Results are kept, so that an interrupted run goes on where it ended: a fault is tried again when its
entry has changed, or with --again. docs/contributing.md says how to use it, faults.txt how an entry looks.

usage: plant.py [options] [ID...]      (IDs may contain * and ?; default: all)
"""
import argparse
import fnmatch
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
# Tests that build the whole tree again, or that read no code of the library: they notice nothing that others do not.
LEFT_OUT = {"subproject", "rules_can_fail", "installed", "plant", "growth", "test_mnist"}
SUITES_LEFT_OUT = {"train", "bench"}
SANITIZE = ["--buildtype=debugoptimized", "-Db_sanitize=address,undefined", "-Db_lundef=false",
            "-Ddefault_library=static"]
SKIPPED = 77
FEW = 4  # tests that are built at a time
PATIENCE = 20  # times the time limit of a test, since the machine may be busy


# ---- the list

class Fault:
    """An entry: file, old and new text, and optionally tests, sanitize, and the reason why it is equivalent."""
    KEYS = {"file", "old", "new", "tests", "sanitize", "equivalent"}

    def __init__(self, name, values):
        unknown = set(values) - self.KEYS
        if unknown or not {"file", "old", "new"} <= set(values):
            sys.exit(f"{name}: the keys are {sorted(values)}; file, old and new expected, and some of "
                     f"{sorted(self.KEYS)}")
        self.name, self.file = name, values["file"]
        self.old, self.new = (values[key].replace("\\n", "\n") for key in ("old", "new"))
        self.tests = values.get("tests", "").split()
        self.sanitize = values.get("sanitize") == "yes"
        self.equivalent = values.get("equivalent", "")
        self.key = hashlib.sha256(repr((self.file, self.old, self.new, self.sanitize)).encode()).hexdigest()[:16]


def read_list(path):
    """Returns the faults, and the tests of modules as pairs of a path prefix and patterns of tests."""
    faults, modules = [], []
    for number, block in enumerate(re.split(r"\n\s*\n", path.read_text()), 1):
        lines = [line for line in block.splitlines() if line.strip() and not line.startswith("#")]
        if not lines:
            continue
        name, values = lines[0].strip(), {}
        for line in lines[1:]:
            key, _, value = line.strip().partition(" ")
            values[key] = value.strip()
        if name == "modules":
            modules = list(values.items())
        else:
            faults.append(Fault(name, values))
    names = [fault.name for fault in faults]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        sys.exit(f"{path}: {', '.join(sorted(twice))} occurs twice")
    return faults, modules


def is_current(tree, fault):
    """Whether the old text of a fault occurs just once in its file."""
    path = tree / fault.file
    count = path.read_text().count(fault.old) if path.is_file() else 0
    if count != 1:
        print(f"{fault.name}: '{fault.old}' occurs {count} times in {fault.file}, 1 expected")
    return count == 1


def patterns_of(fault, modules):
    """The patterns of the entry, or those of the longest prefix of its file."""
    fitting = [(len(prefix), tests) for prefix, tests in modules if fault.file.startswith(prefix)]
    return fault.tests or (max(fitting)[1].split() if fitting else [])


# ---- the copy and its builds

def files_of(folder):
    """Names of the files of a tree. Build folders and the history are no part of it."""
    found = set()
    for top, folders, names in os.walk(folder):
        if pathlib.Path(top) == folder:
            folders[:] = [name for name in folders if name != ".git" and not name.startswith(("build", "install"))]
            names = [name for name in names if not name.endswith((".log", ".jsonl"))]
        folders[:] = [name for name in folders if name != "__pycache__"]
        found.update(os.path.relpath(os.path.join(top, name), folder) for name in names)
    return found


def synchronize(source, copy):
    """Makes the copy equal to the source. Files that have not changed keep their times."""
    wanted = files_of(source)
    for name in sorted(wanted):
        old, new = copy / name, source / name
        if not old.is_file() or old.read_bytes() != new.read_bytes():
            old.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(new, old)
    for name in sorted(files_of(copy) - wanted):
        (copy / name).unlink()


class Build:
    """A build folder of the copy: its tests, and what they need."""

    def __init__(self, copy, name, options):
        self.folder, self.log = copy / name, copy / f"{name}.log"
        if not (self.folder / "build.ninja").is_file():
            self.call(["meson", "setup", self.folder, copy, *options], "cannot be set up")
        self.call(["ninja", "-C", self.folder, "build.ninja"], "cannot be configured")
        outputs = {target["id"]: [os.path.relpath(path, self.folder) for path in target["filename"]]
                   for target in self.introspect("--targets")}
        self.tests, self.seconds, self.passed = {}, {}, set()
        for test in self.introspect("--tests"):
            suites = {suite.split(":")[-1] for suite in test["suite"]}
            if suites & SUITES_LEFT_OUT or test["name"] in LEFT_OUT:
                continue
            test["label"] = f"{min(suites)}/{test['name']}"
            test["targets"] = [path for needed in test["depends"] for path in outputs.get(needed, [])]
            self.tests[test["label"]] = test

    def call(self, command, what):
        with self.log.open("w") as log:
            if subprocess.run(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=False).returncode:
                sys.exit(f"{self.folder}: {what}, see {self.log}")

    def introspect(self, what):
        return json.loads(subprocess.run(["meson", "introspect", what, self.folder], check=True,
                                         stdout=subprocess.PIPE).stdout)

    def find(self, patterns):
        """Labels of tests that fit a pattern such as test_gan*, grad/test_vae or unit/*. Those of the double build come
        last, since it compiles the library once more; the others by their duration, which is guessed from the time
        limit before the first run."""
        labels = [label for label in self.tests for pattern in patterns
                  if fnmatch.fnmatch(label, pattern if "/" in pattern else f"*/{pattern}")]

        def order(label):
            double = label.startswith("grad/") or label.endswith("64")
            return double, self.seconds.get(label, self.tests[label]["timeout"] / 30)

        return sorted(dict.fromkeys(labels), key=order)

    def make(self, labels, jobs):
        """Builds what the tests need. Returns whether it compiles."""
        targets = sorted({path for label in labels for path in self.tests[label]["targets"]})
        with self.log.open("w") as log:
            return not targets or subprocess.run(["ninja", f"-j{jobs}", "-C", self.folder, *targets], check=False,
                                                 stdout=log, stderr=log, stdin=subprocess.DEVNULL).returncode == 0

    def run(self, label):
        """Runs a test. Returns whether it passes or is skipped."""
        test, began = self.tests[label], time.monotonic()
        leaks = f"suppressions={HERE.parent / 'support/lsan.supp'}:print_suppressions=0"
        environment = {**os.environ, **test["env"], "CK_DEFAULT_TIMEOUT": "600", "LSAN_OPTIONS": leaks}
        with self.log.open("w") as log:
            try:
                done = subprocess.run(test["cmd"], env=environment, cwd=test["workdir"] or self.folder, stdout=log,
                                      stderr=log, stdin=subprocess.DEVNULL, timeout=PATIENCE * test["timeout"],
                                      check=False)
            except subprocess.TimeoutExpired:
                return False
        self.seconds[label] = time.monotonic() - began
        if done.returncode not in (0, SKIPPED):
            return False
        self.passed.add(label)
        return True

    def noticing(self, labels, jobs):
        """Returns the first test that fails, 'compiler' if the tests cannot be built, or '' if all pass. Builds a few
        tests at a time, because one of the first usually fails."""
        for begin in range(0, len(labels), FEW):
            few = labels[begin:begin + FEW]
            if not self.make(few, jobs):
                return "compiler"
            for label in few:
                if not self.run(label):
                    return label
        return ""


# ---- results

class Results:
    """One JSON object per line; the last one of a fault counts."""

    def __init__(self, path):
        self.path, self.of = path, {}
        if path.is_file():
            for line in path.read_text().splitlines():
                result = json.loads(line)
                self.of[result["fault"]] = result

    def of_fault(self, fault):
        found = self.of.get(fault.name)
        return found if found and found["key"] == fault.key else None

    def add(self, fault, verdict, test, began):
        result = {"fault": fault.name, "key": fault.key, "verdict": verdict, "test": test,
                  "seconds": round(time.monotonic() - began, 1)}
        self.of[fault.name] = result
        with self.path.open("a") as file:
            file.write(json.dumps(result) + "\n")
        print(f"{fault.name}: {verdict}{' by ' + test if test else ''} ({result['seconds']} s)", flush=True)


# ---- trying

class Planter:
    def __init__(self, options, modules):
        self.options, self.modules = options, modules
        self.copy = options.work.resolve()
        self.results = Results(options.results or self.copy / "results.jsonl")
        self.builds = {}

    def build_of(self, fault):
        name = "build-sanitize" if fault.sanitize else "build"
        if name not in self.builds:
            self.builds[name] = Build(self.copy, name, SANITIZE if fault.sanitize else [])
        return self.builds[name]

    def write(self, faults):
        """Plants faults. Returns the original texts of the files, or None if an old text does not occur just once."""
        originals = {}
        for fault in faults:
            if not is_current(self.copy, fault):
                self.restore(originals)
                return None
            path = self.copy / fault.file
            originals.setdefault(path, path.read_text())
            path.write_text(path.read_text().replace(fault.old, fault.new))
        return originals

    @staticmethod
    def restore(originals):
        for path, text in originals.items():
            path.write_text(text)

    def run(self, faults, build, labels):
        """Plants the faults together and runs tests. Returns the test that notices them, '' if none does, 'compiler',
        or 'stale' if the old text is not in the file."""
        originals = self.write(faults)
        if originals is None:
            return "stale"
        try:
            return build.noticing(labels, self.options.jobs)
        finally:
            self.restore(originals)

    def noticed_by(self, faults, build, patterns):
        """As run(), but does not count a test that fails without a fault too: it is left out from then on."""
        while True:
            test = self.run(faults, build, build.find(patterns))
            if test not in build.tests or test in build.passed or not build.noticing([test], self.options.jobs):
                return test
            print(f"{test} fails without a planted fault, see {build.log}; it is left out", flush=True)
            del build.tests[test]

    def try_module(self, fault):
        began, build = time.monotonic(), self.build_of(fault)
        test = self.noticed_by([fault], build, patterns_of(fault, self.modules))
        verdict = {"": "pending", "stale": "stale", "compiler": "does not compile"}.get(test, "noticed")
        self.results.add(fault, verdict, test if verdict == "noticed" else "", began)

    def try_all(self, faults):
        """Tries faults together with all tests, and halves that are noticed apart."""
        began, build = time.monotonic(), self.build_of(faults[0])
        test = self.noticed_by(faults, build, ["*"])
        if test == "" or len(faults) == 1:
            for fault in faults:
                self.results.add(fault, "noticed" if test else "survived", test, began)
            return
        half = len(faults) // 2
        self.try_all(faults[:half])
        self.try_all(faults[half:])

    def go(self, faults):
        if self.options.again:
            self.results.of = {name: result for name, result in self.results.of.items()
                               if name not in {fault.name for fault in faults}}
        for fault in faults:
            if not self.results.of_fault(fault):
                self.try_module(fault)
        if self.options.module_only:
            return
        for sanitize in (False, True):
            left = [fault for fault in faults if fault.sanitize == sanitize and not fault.equivalent and
                    (self.results.of_fault(fault) or {}).get("verdict") == "pending"]
            if left:
                self.try_all(left)

    def report(self, faults):
        """Returns whether every fault is noticed, apart from those that are equivalent."""
        results = {fault: (self.results.of_fault(fault) or {"verdict": "not tried"})["verdict"] for fault in faults}
        counted = {fault: verdict for fault, verdict in results.items() if not fault.equivalent}
        noticed = sum(verdict == "noticed" for verdict in counted.values())
        for fault, verdict in results.items():
            if fault.equivalent and verdict == "noticed":
                print(f"{fault.name}: is called equivalent, but a test notices it")
            elif not fault.equivalent and verdict != "noticed":
                print(f"{fault.name}: {verdict}: {fault.file}: {fault.old}  ->  {fault.new}")
        print(f"{noticed} of {len(counted)} faults noticed; {len(results) - len(counted)} are equivalent")
        return noticed == len(counted)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("faults", nargs="*", metavar="ID", help="faults to try; * and ? are wild; default: all")
    parser.add_argument("--list", type=pathlib.Path, default=HERE / "faults.txt", help="list of faults")
    parser.add_argument("--source", type=pathlib.Path, default=HERE.parents[1], help="the tree")
    parser.add_argument("--work", type=pathlib.Path, default=HERE.parents[1] / "build-planted",
                        help="folder of the copy")
    parser.add_argument("--results", type=pathlib.Path, help="file of the results; default: results.jsonl in the copy")
    parser.add_argument("--range", metavar="A:B", default=":", help="try entries A to B-1 of the list, counted from 0")
    parser.add_argument("--jobs", type=int, default=1, help="jobs of the build")
    parser.add_argument("--module-only", action="store_true", help="run the tests of the modules only")
    parser.add_argument("--again", action="store_true", help="try faults with results again")
    parser.add_argument("--report", action="store_true", help="report results only")
    parser.add_argument("--check", action="store_true", help="check that the old texts are in the tree, nothing else")
    options = parser.parse_args()
    faults, modules = read_list(options.list)
    first, last = (int(end) if end else None for end in options.range.split(":"))
    chosen = [fault for fault in faults[first:last]
              if not options.faults or any(fnmatch.fnmatch(fault.name, wanted) for wanted in options.faults)]
    if options.check:
        stale = [fault for fault in chosen if not is_current(options.source, fault)]
        print(f"{len(chosen) - len(stale)} of {len(chosen)} faults can be planted")
        sys.exit(1 if stale else 0)
    options.work.mkdir(parents=True, exist_ok=True)
    planter = Planter(options, modules)
    if not options.report:
        synchronize(options.source.resolve(), planter.copy)
        planter.go(chosen)
    sys.exit(0 if planter.report(chosen) else 1)


if __name__ == "__main__":
    main()
