// SPDX-License-Identifier: Apache-2.0
/**
 * Zero-copy I/O and off-heap memory for the JVM.
 *
 * <p>The module loads one native library, {@code libznio.so}. From JDK 24 on the JVM warns once
 * when a module does that without leave; an application gives it with {@code
 * --enable-native-access=io.znio} (on the class path: {@code ALL-UNNAMED}), or with {@code
 * Enable-Native-Access: ALL-UNNAMED} in the manifest of the jar that it starts with {@code java
 * -jar}.
 */
@SuppressWarnings("module")
module io.znio {
  requires static java.management; // for the bean; without it there is none
  requires static jdk.jfr; // for the events; without it there are none

  exports io.znio;

  opens io.znio to
      io.znio.segments; // not there when this is compiled, and perhaps not when it runs
}
