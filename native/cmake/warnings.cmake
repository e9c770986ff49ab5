# SPDX-License-Identifier: Apache-2.0
# znio_flags: compiler flags of every target of ours. Hardening is on.
add_library(znio_flags INTERFACE)
target_compile_definitions(znio_flags INTERFACE _GNU_SOURCE)
target_compile_options(znio_flags INTERFACE
  -Wall -Wextra $<$<BOOL:${ZNIO_WERROR}>:-Werror> -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2 -Wno-unused-parameter
  -fstack-protector-strong -fno-strict-overflow
  # No folder of this machine in the library: the same sources give the same bytes anywhere.
  "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=." "-ffile-prefix-map=${CMAKE_BINARY_DIR}=build")
if(ZNIO_SANITIZE)
  target_compile_options(znio_flags INTERFACE -fsanitize=${ZNIO_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(znio_flags INTERFACE -fsanitize=${ZNIO_SANITIZE})
  if(ZNIO_FUZZ) # what is run of the code tells the fuzzer what to try next
    target_compile_options(znio_flags INTERFACE -fsanitize=fuzzer-no-link)
  endif()
else()
  target_compile_options(znio_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
endif()
target_link_options(znio_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
