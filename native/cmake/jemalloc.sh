#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: jemalloc.sh ROOT SHA256 TARBALL|"" CC CONFIGURE-FLAG...
# Builds jemalloc 5.3.0 into ROOT. The source: TARBALL, else Debian's source package (the same
# bytes), else the project's release page. Every source is checked against SHA256.
set -euo pipefail
root=$1 sha256=$2 tarball=$3 cc=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

matches() { [ -s "$1" ] && echo "$sha256  $1" | sha256sum --check --status; }

# Debian's source package, through the machine's own sources with "deb" read as "deb-src", in
# private lists, so that nothing of the machine's own apt state is changed.
from_debian() {
  command -v apt-get >/dev/null || return 1
  mkdir -p "$work/apt/parts" "$work/apt/lists/partial"
  chmod 755 "$work" "$work/apt" # apt reads as the user _apt
  for f in /etc/apt/sources.list.d/*.sources; do
    [ -e "$f" ] && sed 's/^Types:.*/Types: deb-src/' "$f" >"$work/apt/parts/$(basename "$f")"
  done
  for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -e "$f" ] || sed -n 's/^deb\(-src\)\? /deb-src /p' "$f" \
      >"$work/apt/parts/$(basename "$f" .list).list"
  done
  local options=(-q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/apt/parts"
    -o Dir::State::lists="$work/apt/lists" -o APT::Sandbox::User=root -o Acquire::Languages=none)
  [ "$(id -u)" = 0 ] || options+=(-o Debug::NoLocking=1)
  (cd "$work" && timeout 300 apt-get "${options[@]}" update &&
    timeout 300 apt-get "${options[@]}" source --download-only jemalloc) >"$work/apt.log" 2>&1 ||
    return 1
  ls "$work"/jemalloc_5.3.0.orig.tar.bz2 2>/dev/null
}

from_release() {
  local url=https://github.com/jemalloc/jemalloc/releases/download/5.3.0/jemalloc-5.3.0.tar.bz2
  local out=$work/jemalloc-5.3.0.tar.bz2
  if command -v curl >/dev/null; then
    curl -fsSL --max-time 300 -o "$out" "$url" || return 1
  else
    wget -nv --tries=2 --timeout=300 -O "$out" "$url" || return 1
  fi
  echo "$out"
}

if [ -n "$tarball" ] && ! matches "$tarball"; then
  echo "jemalloc: $tarball is not jemalloc-5.3.0.tar.bz2 (SHA-256 $sha256)" >&2
  exit 1
fi
for source in from_debian from_release; do
  [ -z "$tarball" ] || break
  tarball=$($source) && matches "$tarball" || tarball=""
done
if [ -z "$tarball" ]; then
  echo "jemalloc: neither the source package nor the release could be fetched." >&2
  echo "Get jemalloc-5.3.0.tar.bz2, set ZNIO_JEMALLOC_TARBALL to its path and start again." >&2
  [ ! -s "$work/apt.log" ] || tail -n 3 "$work/apt.log" >&2
  exit 1
fi

mkdir "$work/source"
tar -xjf "$tarball" -C "$work/source" --strip-components=1
mkdir -p "$(dirname "$root")"
made=$root.new.$$
log=$work/build.log
build() {
  cd "$work/source"
  ./configure CC="$cc" CFLAGS="-O3 -g0 -fPIC" --prefix="$made" "$@"
  make -j"$(nproc)" build_lib_static
  make install_lib_static install_include
}
rm -rf "$made"
export -f build
export made work cc
timeout 1200 bash -euc 'build "$@"' build "$@" >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
if readelf -r "$made/lib/libjemalloc_pic.a" 2>/dev/null | grep -qE 'GOTTPOFF|TLSIE'; then
  echo "jemalloc: the archive uses initial-exec TLS; a running JVM could not load it." >&2
  exit 1
fi
# Another build may have finished first; its result is the same.
mv -T "$made" "$root" 2>/dev/null || rm -rf "$made"
