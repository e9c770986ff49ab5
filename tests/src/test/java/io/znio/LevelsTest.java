// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** That the other classes with this tag run as they were asked to. */
@Tag(Levels.EVERY)
class LevelsTest {
  @Test
  void theLevelAskedForIsInForce() {
    String asked = System.getProperty("io.znio.safety", "checked");
    assumeTrue(!asked.equals("checked") || TokenSupport.isAvailable(), TokenSupport.REASON);
    assertThat(SafetyLevel.CURRENT.name().toLowerCase(Locale.ROOT)).isEqualTo(asked);
  }

  @Test
  void magazinesAreUsedUnlessSwitchedOff() {
    boolean off = "off".equals(System.getProperty("io.znio.magazines"));
    assertThat(Magazines.ENABLED).isEqualTo(!off);
    DirectBuffers.free(DirectBuffers.allocate(1));
    long magazines = Ledger.idle().magazines(); // this thread's at least, if there are any
    assertThat(magazines == 0).as("%s magazines", magazines).isEqualTo(off);
  }
}
