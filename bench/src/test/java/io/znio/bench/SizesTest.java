// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizesTest {
  @ParameterizedTest
  @CsvSource({
    "4096, 4096",
    "4k, 4096",
    "4KiB, 4096",
    "4 kb, 4096",
    "64MiB, 67108864",
    "1g, 1073741824",
    "7B, 7"
  })
  void reads(String text, long bytes) {
    assertThat(Sizes.parse(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "k", "0", "-1", "1.5k", "4x", "9999999999999999999", "9000000000000g"})
  void refuses(String text) {
    assertThatThrownBy(() -> Sizes.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }

  @ParameterizedTest
  @CsvSource({
    "4096, 4 KiB",
    "67108864, 64 MiB",
    "5000, 5000 B",
    "5120, 5 KiB",
    "1073741824, 1 GiB"
  })
  void writes(long bytes, String text) {
    assertThat(Sizes.text(bytes)).isEqualTo(text);
  }
}
