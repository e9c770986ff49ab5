// SPDX-License-Identifier: Apache-2.0
package io.znio;

/** What znio can do in this process. */
public final class Znio {
  static {
    NativeLibrary.load();
  }

  private Znio() {}

  /**
   * What znio can do on this JVM and this machine.
   *
   * @param version of the native library
   * @param safety the level that is in force
   * @param checkedRefusal why {@link SafetyLevel#CHECKED} cannot be had here; null if it can
   * @param jdk this JVM as the table of verified builds names it
   * @param buffersRefusal why buffers cannot be made on this JDK; null if they can
   * @param transfersRefusal what of the JDK transfers lack; null if nothing
   * @param magazines whether allocation goes by magazines ({@code -Dio.znio.magazines})
   * @param guard whether the SIGBUS guard is installed, which the first mapping does
   * @param physicalBytes memory of the machine; {@link Long#MAX_VALUE}: not known
   * @param containerBytes the lowest limit of the control groups; {@link Long#MAX_VALUE}: none
   */
  public record Capabilities(
      String version,
      SafetyLevel safety,
      String checkedRefusal,
      String jdk,
      String buffersRefusal,
      String transfersRefusal,
      boolean magazines,
      boolean guard,
      long physicalBytes,
      long containerBytes) {}

  /**
   * {@return what znio can do here} The first call may take some milliseconds, for the self-test.
   * Any thread may ask.
   */
  public static Capabilities capabilities() {
    long[] machine = {Long.MAX_VALUE, Long.MAX_VALUE, 0, 0};
    if (Native.limitReadMachine(machine) < 0) {
      Settings.warn("There is no memory to read what memory there is");
    }
    return new Capabilities(
        Native.version(),
        SafetyLevel.CURRENT,
        TokenSupport.REASON,
        TokenSupport.build(),
        BufferFactory.missing(),
        transfers(),
        Magazines.ENABLED,
        Native.guardIsInstalled(),
        machine[0],
        machine[1]);
  }

  private static String transfers() {
    try {
      JdkChannels.require();
      return null;
    } catch (UnsupportedOperationException e) {
      return e.getMessage();
    }
  }
}
