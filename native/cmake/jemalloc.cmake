# SPDX-License-Identifier: Apache-2.0
# znio_jemalloc: jemalloc 5.3.0 as a static, position-independent archive with symbols of our own.
#
# Debian's binary libjemalloc cannot be loaded into a running JVM ("cannot allocate memory in static
# TLS block", jemalloc#937), so it is built here, from the official release bytes, without
# initial-exec TLS: one to three minutes, once.
set(ZNIO_JEMALLOC_TARBALL "" CACHE FILEPATH "jemalloc-5.3.0.tar.bz2")
set(ZNIO_JEMALLOC_VERSION 5.3.0)
set(jemalloc_sha256 2db82d1e7119df3e71b7640219b6dfe84789bc0537983c3b7ac4f7189aecfeaa)
# lg_tcache_max 21: past the default of 32 KiB jemalloc is 4 to 7 times slower than glibc.
set(jemalloc_flags --disable-initial-exec-tls --with-jemalloc-prefix=je_
  --with-private-namespace=zn_ --disable-cxx --disable-doc --disable-shared --enable-static
  --disable-libdl --with-malloc-conf=lg_tcache_max:21)
# For another machine (zig.cmake): what configure would else have asked this one.
list(APPEND jemalloc_flags ${ZNIO_JEMALLOC_TARGET_FLAGS})

zn_dependency(jemalloc ${ZNIO_JEMALLOC_VERSION} ${jemalloc_sha256}
  https://github.com/jemalloc/jemalloc/releases/download/5.3.0/jemalloc-5.3.0.tar.bz2
  "${jemalloc_flags}" jemalloc_root)

add_library(znio_jemalloc STATIC IMPORTED GLOBAL)
set_target_properties(znio_jemalloc PROPERTIES
  IMPORTED_LOCATION "${jemalloc_root}/lib/libjemalloc_pic.a"
  INTERFACE_INCLUDE_DIRECTORIES "${jemalloc_root}/include")
