#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: dependency.sh jemalloc|liburing|cmocka VERSION ROOT [CONFIGURE-FLAG...]
# Builds a library from its sources into ROOT, as a static archive for a shared library.
# Environment: CC, AR, RANLIB; SHA256 of the sources; URL of the project's own release; SOURCES, the
# folder where sources are kept; TARBALL, the sources if they are at hand.
# The sources come from TARBALL, else from SOURCES, else from Debian's source package (the same
# bytes), else from URL. All are checked against SHA256.
set -euo pipefail
name=$1 version=$2 root=$3
shift 3
tarball=${TARBALL:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

matches() { [ -s "$1" ] && echo "$SHA256  $1" | sha256sum --check --status; }

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
    timeout 300 apt-get "${options[@]}" source --download-only "$name") >"$work/apt.log" 2>&1 ||
    return 1
  compgen -G "$work/${name}_$version.orig.tar.*z*" | grep -v '[.]asc$'
}

from_release() {
  local out=$work/${URL##*/}
  if command -v curl >/dev/null; then
    curl -fsSL --max-time 300 -o "$out" "$URL" || return 1
  else
    wget -nv --tries=2 --timeout=300 -O "$out" "$URL" || return 1
  fi
  echo "$out"
}

# Keeps what was fetched for the next target; whole or not at all.
keep() {
  mkdir -p "$SOURCES"
  cp "$1" "$kept.new.$$" && mv "$kept.new.$$" "$kept"
}

kept=$SOURCES/$name-$version-${SHA256:0:16}
if [ -n "$tarball" ] && ! matches "$tarball"; then
  echo "$name: $tarball is not ${URL##*/} (SHA-256 $SHA256)" >&2
  exit 1
fi
[ -n "$tarball" ] || ! matches "$kept" || tarball=$kept
for source in from_debian from_release; do
  [ -z "$tarball" ] || break
  tarball=$($source) && matches "$tarball" && keep "$tarball" || tarball=""
done
if [ -z "$tarball" ]; then
  echo "$name: neither the source package nor the release could be fetched." >&2
  echo "Get ${URL##*/} and start again with -DZNIO_${name^^}_TARBALL=FILE." >&2
  [ ! -s "$work/apt.log" ] || tail -n 3 "$work/apt.log" >&2
  exit 1
fi

mkdir "$work/source"
tar -xf "$tarball" -C "$work/source" --strip-components=1
mkdir -p "$(dirname "$root")"
made=$root.new.$$
log=$work/build.log

build_jemalloc() {
  ./configure CC="$CC" AR="$AR" RANLIB="$RANLIB" CFLAGS="-O3 -g0 -fPIC" --prefix="$made" "$@"
  make -j"$(nproc)" lib/libjemalloc_pic.a
  install -D -m 644 lib/libjemalloc_pic.a "$made/lib/libjemalloc_pic.a"
  make install_include
  # The JVM has started when the library comes: there is no static TLS left for it.
  if readelf -r lib/libjemalloc_pic.a 2>/dev/null | grep -E 'GOTTPOFF|TLSIE'; then
    echo "jemalloc: the archive uses initial-exec TLS; a running JVM could not load it."
    return 1
  fi
}

build_liburing() {
  ./configure --cc="$CC" --prefix="$made"
  make -C src -j"$(nproc)" install CC="$CC" AR="$AR" RANLIB="$RANLIB" ENABLE_SHARED=0 \
    CFLAGS="-O3 -g0 -fPIC"
}

build_cmocka() {
  cmake -S . -B build -DCMAKE_C_COMPILER="$CC" -DCMAKE_AR="$AR" -DCMAKE_RANLIB="$RANLIB" \
    -DCMAKE_BUILD_TYPE=Release -DWITH_STATIC_LIB=ON -DWITH_EXAMPLES=OFF "$@"
  cmake --build build --target cmocka-static
  install -D -m 644 build/src/libcmocka-static.a "$made/lib/libcmocka.a"
  install -D -m 644 include/cmocka.h "$made/include/cmocka.h"
}

rm -rf "$made"
export -f build_jemalloc build_liburing build_cmocka
export made
# shellcheck disable=SC2016 # for another shell
timeout 3600 bash -euc 'cd "$1" && "build_$2" "${@:3}"' build "$work/source" "$name" "$@" \
  >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
# Another build may have finished first; its result is the same.
mv -T "$made" "$root" 2>/dev/null || rm -rf "$made"
