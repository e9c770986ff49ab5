# SPDX-License-Identifier: Apache-2.0
# agent_helper.inc: the bytes of sun.nio.ch.ZnioTransfer, which the agent defines into a JVM. It is
# compiled as a part of java.base, for JDK 17.
#
# As a script (cmake -P), with CLASS and OUT: writes the bytes of the one as C into the other.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${CLASS}" bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  file(WRITE "${OUT}" "${bytes}\n")
  return()
endif()

find_program(ZNIO_HELPER_JAVAC javac NO_DEFAULT_PATH
  HINTS "${ZNIO_JNI_INCLUDE}/../bin" "$ENV{JAVA_HOME}/bin" PATHS "${javac_home}/bin")
if(NOT ZNIO_HELPER_JAVAC)
  message(FATAL_ERROR "No javac beside ${ZNIO_JNI_INCLUDE}: set JAVA_HOME to a JDK.")
endif()

set(helper_sources "${PROJECT_SOURCE_DIR}/java/core/src/agent/java")
set(helper_source "${helper_sources}/sun/nio/ch/ZnioTransfer.java")
set(helper_directory "${CMAKE_CURRENT_BINARY_DIR}/helper")
set(helper_bytes "${helper_directory}/agent_helper.inc")
add_custom_command(OUTPUT "${helper_bytes}"
  COMMAND "${ZNIO_HELPER_JAVAC}" -encoding UTF-8 -source 17 -target 17
    -Xlint:-options -XDignore.symbol.file --patch-module "java.base=${helper_sources}"
    -d "${helper_directory}" "${helper_source}"
  COMMAND "${CMAKE_COMMAND}" "-DCLASS=${helper_directory}/sun/nio/ch/ZnioTransfer.class"
    "-DOUT=${helper_bytes}" -P "${CMAKE_CURRENT_LIST_FILE}"
  DEPENDS "${helper_source}" "${CMAKE_CURRENT_LIST_FILE}"
  COMMENT "Compiling ZnioTransfer" VERBATIM)
target_sources(znio PRIVATE "${helper_bytes}")
target_include_directories(znio PRIVATE "${helper_directory}")
