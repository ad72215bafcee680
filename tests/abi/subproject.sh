#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: subproject.sh ROOT
# Builds a meson project with genlat as a subproject, and runs its program. Tests and examples of genlat are not built.
set -e
root=$1
command -v meson >/dev/null || { echo "skipped: meson is not installed"; exit 77; }
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cp "$root"/tests/abi/consumer/meson.build "$root"/tests/abi/consumer/use.c "$tree"
mkdir "$tree/subprojects"
ln -s "$root" "$tree/subprojects/genlat"
# An installed genlat must not be used instead of the subproject.
meson setup "$tree/build" "$tree" --wrap-mode=forcefallback --buildtype=plain -Doptimization=0 \
  -Dgenlat:isa=false >"$tree/log" 2>&1 ||
  { cat "$tree/log"; exit 1; }
tests=$(meson test -C "$tree/build" --no-rebuild --list 2>"$tree/log")
[ "$tests" = "use" ] || { echo "tests are '$tests', 'use' expected"; exit 1; }
meson compile -C "$tree/build" >"$tree/log" 2>&1 || { tail -40 "$tree/log"; exit 1; }
meson test -C "$tree/build" --no-rebuild use
