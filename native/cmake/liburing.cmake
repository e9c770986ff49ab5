# SPDX-License-Identifier: Apache-2.0
# znio_uring: liburing as a static archive; the library must not depend on what is installed where
# it runs. Of the system for a build for the system, of pinned sources (the same release as in
# Debian 12) for another.
if(ZNIO_TARGET)
  set(ZNIO_URING_VERSION 2.3)
  zn_dependency(liburing ${ZNIO_URING_VERSION}
    2eac26f880125d83f75ba8641fde5d88226dd352d3cee95d45a9128758a8f1be
    https://brick.kernel.dk/snaps/liburing-2.3.tar.gz "" liburing_root)
  set(ZNIO_URING "${liburing_root}/lib/liburing.a")
  set(ZNIO_URING_INCLUDE "${liburing_root}/include")
else()
  find_library(ZNIO_URING NAMES liburing.a)
  find_path(ZNIO_URING_INCLUDE liburing.h)
endif()
if(NOT ZNIO_URING OR NOT ZNIO_URING_INCLUDE)
  message(FATAL_ERROR "liburing.a or liburing.h is missing. On Debian and Ubuntu: "
    "apt-get install liburing-dev")
endif()
# Which one, for the list of components; the headers of 2.3 do not tell.
set(ZNIO_URING_VERSION "" CACHE STRING "Version of liburing (default: what pkg-config says)")
if(NOT ZNIO_URING_VERSION)
  find_package(PkgConfig QUIET)
  pkg_check_modules(liburing QUIET liburing)
  set(ZNIO_URING_VERSION "${liburing_VERSION}")
endif()
