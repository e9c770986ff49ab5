# SPDX-License-Identifier: Apache-2.0
# znio_jni: the headers of a JDK (jni.h, jvmti.h), if there is one: JAVA_HOME, or the javac on PATH.
#
# CMake's own FindJNI also wants libjawt, which a headless JDK does not have; nothing of ours links
# with the JVM.
find_program(ZNIO_JAVAC javac)
get_filename_component(javac_real "${ZNIO_JAVAC}" REALPATH)
get_filename_component(javac_home "${javac_real}/../.." ABSOLUTE)
find_path(ZNIO_JNI_INCLUDE jni.h NO_DEFAULT_PATH
  HINTS "$ENV{JAVA_HOME}/include" PATHS "${javac_home}/include" /usr/lib/jvm/default-java/include)

set(ZNIO_JNI_FOUND OFF)
if(ZNIO_JNI_INCLUDE)
  set(ZNIO_JNI_FOUND ON)
  add_library(znio_jni INTERFACE)
  target_include_directories(znio_jni SYSTEM INTERFACE
    "${ZNIO_JNI_INCLUDE}" "${ZNIO_JNI_INCLUDE}/linux")
elseif(ZNIO_REQUIRE_JNI)
  message(FATAL_ERROR "No JDK headers (jni.h). JAVA_HOME is \"$ENV{JAVA_HOME}\": set it to a JDK.")
else()
  message(STATUS "No JDK headers (set JAVA_HOME to a JDK): libznio.so is built for C alone.")
endif()
