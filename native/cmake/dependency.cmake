# SPDX-License-Identifier: Apache-2.0
# zn_dependency(NAME VERSION SHA256 URL FLAGS... ROOT): builds a library from pinned sources by
# dependency.sh, once: the result is cached outside the build tree (ZNIO_CACHE, XDG_CACHE_HOME,
# ~/.cache/znio), keyed by source, flags, compiler and target. Sets the variable ROOT to its place.
# ZNIO_<NAME>_TARBALL, as a CMake variable or in the environment: the sources, if they are at hand.
if(DEFINED ENV{ZNIO_CACHE})
  set(zn_cache_root "$ENV{ZNIO_CACHE}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(zn_cache_root "$ENV{XDG_CACHE_HOME}/znio")
elseif(DEFINED ENV{HOME})
  set(zn_cache_root "$ENV{HOME}/.cache/znio")
else()
  set(zn_cache_root "${CMAKE_BINARY_DIR}/cache")
endif()

set(zn_dependency_script "${CMAKE_CURRENT_LIST_DIR}/dependency.sh")

function(zn_dependency name version sha256 url flags root)
  string(TOUPPER "ZNIO_${name}_TARBALL" given)
  set(tarball "${${given}}")
  if(NOT tarball)
    set(tarball "$ENV{${given}}")
  endif()
  set(compiler "${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION} ${CMAKE_SYSTEM_PROCESSOR}")
  if(ZNIO_TARGET)
    string(APPEND compiler " ${ZNIO_TARGET}")
  endif()
  string(SHA256 key "${sha256} ${flags} ${compiler}")
  string(SUBSTRING ${key} 0 16 key)
  set(made "${zn_cache_root}/${name}-${version}-${key}")
  set(${root} "${made}" PARENT_SCOPE)
  if(EXISTS "${made}")
    return()
  endif()
  message(STATUS "Building ${name} ${version} into ${made} (once)")
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -E env "CC=${CMAKE_C_COMPILER}" "AR=${CMAKE_AR}"
            "RANLIB=${CMAKE_RANLIB}" "SHA256=${sha256}" "URL=${url}" "TARBALL=${tarball}"
            "SOURCES=${zn_cache_root}/sources"
            bash "${zn_dependency_script}" ${name} ${version} "${made}" ${flags}
    RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${name} ${version} could not be built; the lines above say why.")
  endif()
endfunction()
