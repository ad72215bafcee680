#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: sh tests/support/blas.sh [NAME...]
# Runs the default tests with each CBLAS: openblas, blis, cblas (the reference). Run by hand, since it builds the
# library once per name, in build-NAME/.
set -e
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
. tests/support/prepare.sh
status=0
for name in ${*:-openblas blis cblas}; do
  prepare_build "build-$name" -Dblas="$name"
  meson test -C "build-$name" --no-rebuild --no-suite train --no-suite bench --no-suite abi --quiet || status=1
  readelf -d "build-$name/lib/libgenlat.so" |
    sed -n 's/.*NEEDED.*\[\(lib[a-z]*blas[^]]*\|libblis[^]]*\)\].*/'"$name"': \1/p'
done
exit $status
