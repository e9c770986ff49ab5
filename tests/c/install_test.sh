#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: install_test.sh SOURCE BUILD: installs into a folder of its own, compiles the example as a
# user would, with nothing but pkg-config, and runs it.
set -euo pipefail
refused() { # refused COMMAND...: its message is shown
  if "$@" >/dev/null; then echo "this should have failed: $*" && exit 1; fi
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cmake --install "$2" --prefix "$folder/usr" >"$folder/log" || { cat "$folder/log"; exit 1; }
# cmake --install knows the prefix that was configured; pkg-config is told where it is now.
pc=$(find "$folder/usr" -name znio.pc)
libraries=$(dirname "$(dirname "$pc")")
read -ra flags <<<"$(PKG_CONFIG_PATH=${pc%/*} pkg-config --define-variable=prefix="$folder/usr" \
  --cflags --libs znio)"
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -pedantic "$1/native/example/copy.c" \
  "${flags[@]}" -o "$folder/copy"
"${CC:-cc}" -x c++ -fsyntax-only -Wall -Werror "${flags[@]:0:1}" - <<<'#include <znio/znio.h>'
export LD_LIBRARY_PATH=$libraries
head -c 3000000 /dev/urandom >"$folder/file"
"$folder/copy" "$folder/file" >"$folder/to-file" 2>"$folder/said"
cat "$folder/said"
grep -qx '3000000 bytes by copy-file-range\|3000000 bytes by reflink' "$folder/said"
cmp "$folder/file" "$folder/to-file"
"$folder/copy" "$folder/file" 2>"$folder/said" | cmp - "$folder/file"
cat "$folder/said"
grep -qx '3000000 bytes by splice' "$folder/said"
refused "$folder/copy" "$folder/none"
refused "$folder/copy" "$folder" # a directory
refused "$folder/copy"
