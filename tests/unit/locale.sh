#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: locale.sh TEST_PROCESS
# Runs test_process in locales that are generated here: with a decimal comma, and with a decimal point of two bytes.
set -e
sources=/usr/share/i18n/locales
command -v localedef >/dev/null || { echo "skipped: localedef is not installed"; exit 77; }
[ -e $sources/ps_AF ] || { echo "skipped: the sources of locales (Debian: locales) are not installed"; exit 77; }
LOCPATH=$(mktemp -d)
export LOCPATH
trap 'rm -rf "$LOCPATH"' EXIT
for name in de_DE ps_AF; do
  localedef -i $name -f UTF-8 "$LOCPATH/$name.UTF-8" 2>"$LOCPATH/log" || [ -d "$LOCPATH/$name.UTF-8" ] ||
    { cat "$LOCPATH/log"; exit 1; }
  GENLAT_TEST_LOCALE=$name.UTF-8 "$1"
done
