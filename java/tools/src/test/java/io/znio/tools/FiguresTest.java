// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FiguresTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1.00 KiB",
    "-1536, -1.50 KiB",
    "1048575, 1.00 MiB",
    "10239, 10.0 KiB",
    "102399, 100 KiB",
    "9223372036854775807, 8.00 EiB",
    "-9223372036854775808, -8.00 EiB"
  })
  void bytesHaveThreeDigits(long bytes, String text) {
    assertThat(Figures.bytes(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"0, 0.00 s", "1500.5, 1.50 s", "59900, 59.9 s", "60000.1, 1 min 00 s"})
  void timesAreSecondsOrMinutes(double ms, String text) {
    assertThat(Figures.time(ms)).isEqualTo(text);
  }
}
