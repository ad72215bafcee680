#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: abidiff.sh LIBRARY.so BASELINE.abi HEADERS [--write]
# Compares the interface of the built library with the stored one, and fails after changes and removals. After a review,
# --write stores the present interface. Needs debug information and libabigail; is skipped without.
library=$1 baseline=$2 headers=$3
for tool in abidw abidiff; do
  command -v $tool >/dev/null || { echo "skipped: $tool (libabigail) is not installed"; exit 77; }
done
describe() {
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs --drop-private-types --headers-dir "$headers" "$library" |
    sed '/<elf-needed>/,/<\/elf-needed>/d' # the CBLAS that it is linked with may differ
}
if [ "$4" = --write ]; then
  describe >"$baseline"
  exit
fi
[ -f "$baseline" ] || { echo "skipped: no baseline $baseline"; exit 77; }
now=$(mktemp)
trap 'rm -f "$now"' EXIT
describe >"$now"
# Additions are allowed.
abidiff --no-added-syms --headers-dir1 "$headers" --headers-dir2 "$headers" "$baseline" "$now"
