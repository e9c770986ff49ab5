# SPDX-License-Identifier: Apache-2.0
# znio_jemalloc: jemalloc 5.3.0 as a static, position-independent archive with symbols of our own.
#
# Debian's binary libjemalloc cannot be loaded into a running JVM ("cannot allocate memory in static
# TLS block", jemalloc#937), so it is built here, from the official release bytes, without
# initial-exec TLS. One to three minutes, once: the result is cached outside the build tree
# (ZNIO_CACHE, XDG_CACHE_HOME, ~/.cache/znio), keyed by source, flags and compiler.
set(ZNIO_JEMALLOC_TARBALL "" CACHE FILEPATH "jemalloc-5.3.0.tar.bz2")
set(jemalloc_tarball "${ZNIO_JEMALLOC_TARBALL}")
if(NOT jemalloc_tarball)
  set(jemalloc_tarball "$ENV{ZNIO_JEMALLOC_TARBALL}")
endif()
set(ZNIO_JEMALLOC_VERSION 5.3.0)
set(jemalloc_sha256 2db82d1e7119df3e71b7640219b6dfe84789bc0537983c3b7ac4f7189aecfeaa)
# lg_tcache_max 21: past the default of 32 KiB jemalloc is 4 to 7 times slower than glibc.
set(jemalloc_flags --disable-initial-exec-tls --with-jemalloc-prefix=je_
  --with-private-namespace=zn_ --disable-cxx --disable-doc --disable-shared --enable-static
  --disable-libdl --with-malloc-conf=lg_tcache_max:21)

if(DEFINED ENV{ZNIO_CACHE})
  set(cache_root "$ENV{ZNIO_CACHE}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(cache_root "$ENV{XDG_CACHE_HOME}/znio")
elseif(DEFINED ENV{HOME})
  set(cache_root "$ENV{HOME}/.cache/znio")
else()
  set(cache_root "${CMAKE_BINARY_DIR}/cache")
endif()
set(compiler "${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION} ${CMAKE_SYSTEM_PROCESSOR}")
string(SHA256 jemalloc_key "${jemalloc_sha256} ${jemalloc_flags} ${compiler}")
string(SUBSTRING ${jemalloc_key} 0 16 jemalloc_key)
set(jemalloc_root "${cache_root}/jemalloc-5.3.0-${jemalloc_key}")

if(NOT EXISTS "${jemalloc_root}/lib/libjemalloc_pic.a")
  message(STATUS "Building jemalloc 5.3.0 into ${jemalloc_root} (once, some minutes)")
  execute_process(
    COMMAND bash "${CMAKE_CURRENT_LIST_DIR}/jemalloc.sh" "${jemalloc_root}" "${jemalloc_sha256}"
            "${jemalloc_tarball}" "${CMAKE_C_COMPILER}" ${jemalloc_flags}
    RESULT_VARIABLE jemalloc_result)
  if(NOT jemalloc_result EQUAL 0)
    message(FATAL_ERROR "jemalloc 5.3.0 could not be built; the lines above say why.")
  endif()
endif()

add_library(znio_jemalloc STATIC IMPORTED GLOBAL)
set_target_properties(znio_jemalloc PROPERTIES
  IMPORTED_LOCATION "${jemalloc_root}/lib/libjemalloc_pic.a"
  INTERFACE_INCLUDE_DIRECTORIES "${jemalloc_root}/include")
