# SPDX-License-Identifier: Apache-2.0
# test_cmocka: the system's for a build for the system, of pinned sources for another.
if(ZNIO_TARGET)
  set(flags -DCMAKE_SYSTEM_NAME=Linux "-DCMAKE_SYSTEM_PROCESSOR=${CMAKE_SYSTEM_PROCESSOR}"
    -DCMAKE_POLICY_VERSION_MINIMUM=3.5)
  zn_dependency(cmocka 1.1.5 f0ccd8242d55e2fd74b16ba518359151f6f8383ff8aef4976e48393f77bba8b6
    https://cmocka.org/files/1.1/cmocka-1.1.5.tar.xz
    "${flags}" cmocka_root)
  add_library(test_cmocka STATIC IMPORTED)
  set_target_properties(test_cmocka PROPERTIES
    IMPORTED_LOCATION "${cmocka_root}/lib/libcmocka.a"
    INTERFACE_INCLUDE_DIRECTORIES "${cmocka_root}/include")
else()
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
  add_library(test_cmocka INTERFACE IMPORTED)
  target_link_libraries(test_cmocka INTERFACE PkgConfig::CMOCKA)
endif()
