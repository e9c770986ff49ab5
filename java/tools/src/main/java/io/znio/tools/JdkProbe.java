// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import io.znio.Agent;
import io.znio.Znio;
import java.util.Properties;

/**
 * A program of its own: says what znio finds in the JVM that runs it, as properties on the standard
 * output. What the JVM and the agent say on the standard error tells the rest.
 */
public final class JdkProbe {
  static final String VERSION = "version";
  static final String MISSING = "missing";
  static final String SAFETY = "safety";
  static final String CHECKED_REFUSAL = "checkedRefusal";
  static final String BUFFERS_REFUSAL = "buffersRefusal";
  static final String TRANSFERS_REFUSAL = "transfersRefusal";
  static final String AGENT_REFUSAL = "agentRefusal";

  private JdkProbe() {}

  /**
   * Looks, prints and ends.
   *
   * @param arguments none
   * @throws java.io.IOException if the output is closed
   */
  public static void main(String[] arguments) throws java.io.IOException {
    Properties found = new Properties();
    found.setProperty(VERSION, System.getProperty("java.vm.version"));
    try {
      Znio.Capabilities can = Znio.capabilities();
      found.setProperty(SAFETY, can.safety().toString());
      put(found, CHECKED_REFUSAL, can.checkedRefusal());
      put(found, BUFFERS_REFUSAL, can.buffersRefusal());
      put(found, TRANSFERS_REFUSAL, can.transfersRefusal());
      Agent.install("log=info");
    } catch (UnsatisfiedLinkError | IllegalCallerException e) {
      found.setProperty(MISSING, e.getMessage());
    } catch (UnsupportedOperationException e) {
      found.setProperty(AGENT_REFUSAL, e.getMessage());
    }
    found.store(System.out, null);
  }

  private static void put(Properties found, String key, String value) {
    if (value != null) {
      found.setProperty(key, value);
    }
  }
}
