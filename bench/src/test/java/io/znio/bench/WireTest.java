// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WireTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"plain", "with blank", "100%", "line\nbreak", "tab\t", "größe", "a=b", "+"})
  void everyValueComesBackAsItWas(String value) {
    String line = new Wire("run").with("file", value).with("size", 4096).line();
    assertThat(line).doesNotContain("\n").doesNotContain("\t");
    assertThat(line.split(" ")).hasSize(3);
    Wire parsed = Wire.parse(line);
    assertThat(parsed.verb()).isEqualTo("run");
    assertThat(parsed.get("file")).isEqualTo(value);
    assertThat(parsed.needLong("size")).isEqualTo(4096);
  }

  @Test
  void anAbsentValueIsLeftOut() {
    assertThat(new Wire("run").with("mark", null).line()).isEqualTo("run");
  }

  @Test
  void aMissingWordIsNamed() {
    assertThatThrownBy(() -> Wire.parse("run size=x").need("file")).hasMessageContaining("file=");
    assertThatThrownBy(() -> Wire.parse("run size=x").needLong("size"))
        .hasMessageContaining("size=x");
  }

  @ParameterizedTest
  @ValueSource(strings = {"run word", "run =x", "run file=%2", "run file=%zz"})
  void aDamagedLineIsRefused(String line) {
    assertThatThrownBy(() -> Wire.parse(line)).isInstanceOf(IllegalArgumentException.class);
  }
}
