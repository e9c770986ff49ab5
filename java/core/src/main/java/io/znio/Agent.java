// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.nio.charset.Charset;
import java.util.Objects;

/**
 * The agent, for a program that installs it itself: what {@code -agentpath:libznio.so=OPTIONS} does
 * at the start of the JVM, and {@code jcmd PID JVMTI.agent_load} later.
 *
 * <p>It binds the JDK's natives of file channels and of off-heap memory to functions that count and
 * then call the JDK's own. That cannot be taken back; installing it once more sets other options,
 * and counts go on. Any thread.
 */
public final class Agent {
  private static final int MESSAGE_MAX = 8192;

  static {
    NativeLibrary.load();
  }

  private Agent() {}

  /**
   * Installs the agent.
   *
   * @param options as for {@code -agentpath}, with commas between them; may be empty
   * @throws IllegalArgumentException if an option is wrong or its file cannot be written; nothing
   *     is changed then
   * @throws UnsupportedOperationException if no native of this JDK can be bound
   */
  public static void install(String options) {
    Objects.requireNonNull(options, "options");
    byte[] message = new byte[MESSAGE_MAX];
    int result = Native.agentInstall(options.getBytes(names()), message);
    refuse(result, message);
    if (result == 0) {
      throw new UnsupportedOperationException(
          "No native of this JVM can be bound: Java "
              + Runtime.version()
              + "; the agent knows JDK 17, 21 and 25");
    }
  }

  /**
   * Says whether options are right, without installing anything. Whether a file can be written is
   * not looked at.
   *
   * @param options as for {@link #install}
   * @throws IllegalArgumentException if an option is wrong; the message names it
   */
  public static void check(String options) {
    Objects.requireNonNull(options, "options");
    byte[] message = new byte[MESSAGE_MAX];
    refuse(Native.agentCheck(options.getBytes(names()), message), message);
  }

  private static void refuse(int result, byte[] message) {
    if (result < 0) {
      String said = text(message);
      throw new IllegalArgumentException(
          said.isEmpty() ? "The options are too long: " + Errors.describe(result) : said);
    }
  }

  private static Charset names() {
    String name = System.getProperty("sun.jnu.encoding", "UTF-8");
    return Charset.isSupported(name) ? Charset.forName(name) : Charset.defaultCharset();
  }

  private static String text(byte[] message) {
    int length = 0;
    while (length < message.length && message[length] != 0) {
      length++;
    }
    return new String(message, 0, length, names());
  }
}
