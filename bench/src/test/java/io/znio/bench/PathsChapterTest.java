// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathsChapterTest {
  @ParameterizedTest
  @CsvSource({
    // bytes tried, nanoseconds they took, nanoseconds wanted, batch, bytes to try next
    "4096, 1000, 10000, 4096, 40960",
    "4096, 1000, 10500, 4096, 49152", // 10.5 batches need three bits: 12
    "4096, 1000, 1, 4096, 4096", // never less than a transfer
    "4096, 0, 1000000000, 4096, 262144", // a clock that saw nothing: 64 times more at most
    "65536, 10000000, 5000000, 65536, 65536"
  })
  void bytesAreScaledToTheTimeWanted(
      long bytes, long nanos, long wanted, long batch, long expected) {
    assertThat(PathsChapter.scale(bytes, nanos, wanted, batch)).isEqualTo(expected);
  }
}
