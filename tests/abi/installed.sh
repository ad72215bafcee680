#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: installed.sh BUILD CONSUMER 'C compiler' ['C++ compiler']
# Installs into an empty folder, and builds and runs a program that uses the installation through pkg-config:
# in C and in C++, shared and static.
set -e
build=$1 consumer=$2 c=$3 cpp=$4
for tool in pkg-config meson; do
  command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
DESTDIR=$tree meson install -C "$build" --no-rebuild --quiet

pc=$(find "$tree" -name genlat.pc)
[ -n "$pc" ] || { echo "genlat.pc was not installed"; exit 1; }
prefix=$tree$(sed -n 's/^prefix=//p' "$pc")
# The tree is not at its prefix, so that an earlier installation is not used by mistake.
sed -i "s|^prefix=.*|prefix=$prefix|" "$(dirname "$pc")"/genlat*.pc
PKG_CONFIG_PATH=$(dirname "$pc")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
libraries=$(pkg-config --variable=libdir genlat)
export LD_LIBRARY_PATH="$libraries"

try() {
  what=$1
  shift
  "$@" || { echo "$what: does not build"; exit 1; }
  output=$("$tree/use") || { echo "$what: does not run"; exit 1; }
  [ "$output" = "genlat $(pkg-config --modversion genlat)" ] || { echo "$what: prints '$output'"; exit 1; }
  echo "$what: $output"
}

# shellcheck disable=SC2046,SC2086
{
  [ -e "$libraries/libgenlat.so" ] &&
    try "C, shared" $c -std=c99 -Wall -Werror "$consumer" -o "$tree/use" $(pkg-config --cflags --libs genlat)
  [ -e "$libraries/libgenlat.so" ] && [ -n "$cpp" ] &&
    try "C++, shared" $cpp -x c++ -std=c++17 -Wall -Werror "$consumer" -x none -o "$tree/use" \
      $(pkg-config --cflags --libs genlat)
  # Only genlat is linked statically: static linking of its dependencies is not tested.
  [ -e "$libraries/libgenlat.a" ] &&
    try "C, static" $c "$consumer" -o "$tree/use" $(pkg-config --cflags genlat) "$libraries/libgenlat.a" \
      $(pkg-config --libs $(pkg-config --print-requires-private genlat | cut -d ' ' -f 1)) \
      $(sed -n 's/^Libs.private://p' "$pc")
  true
}
[ "$(find "$prefix/include" -name '*.h' | wc -l)" -gt 5 ] || { echo "headers are missing"; exit 1; }
