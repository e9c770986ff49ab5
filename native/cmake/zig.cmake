# SPDX-License-Identifier: Apache-2.0
# A toolchain file: Zig's C compiler for ZNIO_TARGET (linux-ARCH-LIBC). native/cross makes the
# commands in ZNIO_TOOLS, and says what its glibc is.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ZNIO_TARGET ZNIO_TOOLS)
if(NOT ZNIO_TARGET MATCHES "^linux-(x86_64|aarch64)-(glibc|musl)$")
  message(FATAL_ERROR "ZNIO_TARGET is \"${ZNIO_TARGET}\", not linux-ARCH-LIBC: use native/cross.")
endif()
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${CMAKE_MATCH_1})
set(ZNIO_LIBC ${CMAKE_MATCH_2})
set(CMAKE_C_COMPILER "${ZNIO_TOOLS}/${ZNIO_TARGET}-cc")
set(CMAKE_AR "${ZNIO_TOOLS}/ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "${ZNIO_TOOLS}/ranlib" CACHE FILEPATH "")
# Nothing of this machine's own libraries; its headers of the JDK are named by path.
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# Tests run by it, with the C library that tests/cross puts there.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64" AND NOT CMAKE_HOST_SYSTEM_PROCESSOR STREQUAL "aarch64")
  set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L "${ZNIO_TOOLS}/../root-${ZNIO_TARGET}")
endif()
# Without debug sections, which are two thirds of the bytes; names of functions stay.
set(CMAKE_C_FLAGS_RELWITHDEBINFO_INIT "-O2 -g0 -DNDEBUG")

# A page of jemalloc must be a multiple of the kernel's: on aarch64 that has 4, 16 or 64 KiB.
# 48 bits of addresses: no kernel hands out more to who does not ask for it.
set(lg_page_x86_64 12)
set(lg_page_aarch64 16)
string(REPLACE glibc gnu host "${CMAKE_SYSTEM_PROCESSOR}-linux-${ZNIO_LIBC}")
set(ZNIO_JEMALLOC_TARGET_FLAGS --host=${host} --with-lg-page=${lg_page_${CMAKE_SYSTEM_PROCESSOR}}
  --with-lg-vaddr=48 --with-lg-hugepage=21)
