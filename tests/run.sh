#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: sh tests/run.sh [meson test arguments]
# Installs or lists missing packages, builds in build/, and runs every default test. Prints at the end
# 'N passed, N failed, N skipped'. Long trainings are the suite `train`: `meson test -C build --suite train`.
set -e
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
. tests/support/prepare.sh
prepare_packages
prepare_build build

status=0
meson test -C build --no-rebuild --no-suite train --no-suite bench --print-errorlogs "$@" || status=$?

# The summary of meson, on one line.
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
