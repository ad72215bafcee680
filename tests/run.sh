#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: sh tests/run.sh [meson test arguments]
# Installs or names missing packages, builds in build/, runs every default test. Long trainings are the suite `train` and
# run by `meson test -C build --suite train`. Ends with a line 'N passed, N failed, N skipped'.
set -e
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
. tests/support/prepare.sh
prepare_packages
prepare_build build

status=0
meson test -C build --no-rebuild --no-suite train --no-suite bench --print-errorlogs "$@" || status=$?

# meson's own summary, on one line.
python3 - build/meson-logs/testlog.json <<'END' || status=1
import json, sys
results = [json.loads(line)["result"] for line in open(sys.argv[1], encoding="utf-8") if line.strip()]
passed = sum(result in ("OK", "EXPECTEDFAIL") for result in results)
skipped = sum(result == "SKIP" for result in results)
failed = len(results) - passed - skipped
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed or not passed else 0)
END
exit $status
