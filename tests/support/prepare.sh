# SPDX-License-Identifier: MIT
# Sourced by tests/run.sh, examples/quickstart.sh and .ci/run: packages and the build. `top` is the source folder.
#   prepare_packages      installs missing packages if permitted, else lists them and exits with 1
#   prepare_build FOLDER [meson options]

# Requirements by name of a program, a pkg-config module or a file, and the Debian package of each.
prepare_wanted='
command:cc gcc
command:c++ g++
command:pkg-config pkg-config
command:meson meson
command:ninja ninja-build
command:python3 python3
module:jansson libjansson-dev
module:zlib zlib1g-dev
module:libpng libpng-dev
module:libjpeg libjpeg-dev
module:sndfile libsndfile1-dev
module:cairo libcairo2-dev
module:check check
module:openblas|blis|cblas|blas libopenblas-dev'

# Tools of single tests, which are skipped without them.
prepare_optional='
command:abidiff abigail-tools
file:/usr/share/i18n/locales/ps_AF locales'

# Whether one of the names, separated by '|', is installed.
prepare_has() {
  kind=${1%%:*}
  for name in $(echo "${1#*:}" | tr '|' ' '); do
    case $kind in
      command) command -v "$name" >/dev/null 2>&1 && return 0 ;;
      module) pkg-config --exists "$name" 2>/dev/null && return 0 ;;
      file) [ -e "$name" ] && return 0 ;;
    esac
  done
  return 1
}

prepare_missing() {
  echo "$1" | while read -r what package; do
    [ -z "$what" ] || prepare_has "$what" || printf '%s ' "$package"
  done
}

prepare_packages() {
  missing=$(prepare_missing "$prepare_wanted") optional=$(prepare_missing "$prepare_optional")
  [ -n "$missing$optional" ] || return 0
  echo "missing packages: $missing$optional"
  as_root=
  [ "$(id -u)" -eq 0 ] || as_root='sudo -n'
  if command -v apt-get >/dev/null && { [ -z "$as_root" ] || sudo -n true 2>/dev/null; }; then
    echo "installing them with apt-get"
    # shellcheck disable=SC2086
    $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
      --no-install-recommends $missing $optional >/dev/null || true
    missing=$(prepare_missing "$prepare_wanted")
  fi
  [ -n "$missing" ] || return 0
  echo "please install: $missing" >&2
  exit 1
}

prepare_build() {
  folder=$1
  shift
  if [ -f "$folder/build.ninja" ]; then
    meson configure "$folder" "$@" >/dev/null
  else
    meson setup "$folder" "$top" "$@" >"$folder.log" 2>&1 || { cat "$folder.log" >&2; exit 1; }
    rm -f "$folder.log"
  fi
  ninja -C "$folder" >"$folder/build.log" 2>&1 || { tail -40 "$folder/build.log" >&2; exit 1; }
}
