// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** {@link Stress} for a moment at each level; {@code tests/run --stage stress} runs it longer. */
@Tag(Levels.EVERY)
class StressTest {
  @Test
  void theLedgerIsExactAfterEverythingAtOnce() throws Exception {
    Child child =
        Child.run(
            List.of(
                "-Dio.znio.test.stressSeconds=3",
                "-Dio.znio.leaks=full",
                "-Dio.znio.maxBytes=2m",
                // Of all ways to start a child the one that copies the process, and its locks.
                "-Djdk.lang.Process.launchMechanism=FORK",
                "-cp",
                Child.classPath(Stress.class),
                Stress.class.getName()));
    assertThat(child.output()).contains("REGION: ").contains("MAPPING: ");
    assertThat(child.status()).as(child.output()).isZero();
  }
}
