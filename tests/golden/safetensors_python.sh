#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: safetensors_python.sh TEST_IO SOURCE_FOLDER   Python's safetensors package reads a file of the library.
set -e
if ! python3 -c 'import safetensors, numpy' 2>/dev/null; then
  echo "skipped: Python packages safetensors and numpy are not installed"
  exit 77
fi
file=$(mktemp)
trap 'rm -f "$file"' EXIT
TEST_IO_WRITES=$file CK_RUN_CASE=containers "$1" >/dev/null
python3 "$2/make_safetensors.py" check "$file"
